// SPDX-License-Identifier: Apache-2.0
// Evidence: one sentence in plain English that ties what was observed to the faults: the stories, the worst first, or how
// a run without damage came through. Claims only what the history shows. Called by the judge.
#pragma once

#include <string>

#include "checkers/delivery.h"
#include "checkers/timeline.h"

namespace onceproof::checkers {

// `verdict` must have its counts, findings and stories.
std::string make_evidence(const History& history, const Reference& reference, const Timeline& timeline,
                          const Delivery& delivery, const Verdict& verdict);

}  // namespace onceproof::checkers
