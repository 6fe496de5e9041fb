// SPDX-License-Identifier: Apache-2.0
// Evidence: one sentence in plain English that ties what was observed to the faults. Claims only what the
// history shows: which crash preceded a restart, which checkpoint was restored, in which transaction a lost
// result lies; where the history shows no cause, the sentence names none. Called by the judge.
#pragma once

#include <string>

#include "checkers/delivery.h"
#include "checkers/timeline.h"

namespace onceproof::checkers {

// `verdict` must have its counts, findings and ledger.
std::string make_evidence(const History& history, const Reference& reference, const Timeline& timeline,
                          const Delivery& delivery, const Verdict& verdict);

}  // namespace onceproof::checkers
