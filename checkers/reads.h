// SPDX-License-Identifier: Apache-2.0
// Reads checker: what the read_committed reader was given, record by record and with its time, against what the log
// holds (isolation anomalies as in Jepsen's Kafka tests). It must see what is committed, when it is committed and not
// before, once, in offset order. Every sink's reads are checked.
#pragma once

#include <string>
#include <vector>

#include "checkers/history.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

// Returns why the reads could not decide, or an empty string.
std::string check_reads(const History& history, std::vector<Finding>& out);

}  // namespace onceproof::checkers
