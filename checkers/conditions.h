// SPDX-License-Identifier: Apache-2.0
// Conditions: whether what the claim takes for granted held, by the log, the disk and the faults. A breach excuses what
// it alone explains, transaction by transaction and record by record, and nothing else: a transaction is excused only
// when one recovery, longer than the claim allows, was under way without a pause from the transaction's own time until
// the log gave it up. Called by the judge, before the checkers that it excuses from.
#pragma once

#include <vector>

#include "checkers/delivery.h"
#include "checkers/history.h"
#include "checkers/reference.h"
#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

struct Conditions {
  std::vector<Breach> breaches;
  std::vector<uint8_t> transactions;  // for each of the history's: lost through a breach alone; empty: none
};

// Marks the lost contributions that a breach explains in `delivery`.
Conditions check_conditions(const History& history, const Reference& reference, const Timeline& timeline,
                            Delivery& delivery);

}  // namespace onceproof::checkers
