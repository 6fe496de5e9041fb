// SPDX-License-Identifier: Apache-2.0
// Protocol checker: the log's own account of its transactions, in time. A transaction begins, is written, is decided, gets its
// markers and is complete, in this order; one id has one transaction at a time; and one marker in each partition decides all of
// its records there. The coordinator's log and the partitions' tell of it each for themselves: where the two disagree, records
// were decided by nobody. Only times that were recorded are compared.
#pragma once

#include <vector>

#include "checkers/history.h"
#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

void check_protocol(const History& history, const Timeline& timeline, std::vector<Finding>& out);

}  // namespace onceproof::checkers
