// SPDX-License-Identifier: Apache-2.0
// Reads checker: what the read_committed reader was given, record by record and with its time, against what the log
// holds (isolation anomalies as in Jepsen's Kafka tests). It must see what is committed, when it is committed and all before
// it is decided and not earlier, once, in offset order; and at each instant only results that a checkpoint certifies which was
// durable then. So what it has seen of a partition is always a prefix of what durable checkpoints made visible there.
#pragma once

#include <string>
#include <vector>

#include "checkers/history.h"
#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

// Returns why the reads could not decide, or an empty string.
std::string check_reads(const History& history, const Timeline& timeline, std::vector<Finding>& out);

}  // namespace onceproof::checkers
