// SPDX-License-Identifier: Apache-2.0
// Names: the words in which reports speak of the checkers' enumerations, and the order of guarantees. One
// place, so that JSON, tables and HTML agree.
#pragma once

#include <string>
#include <vector>

#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::reports {

const char* outcome_name(checkers::TransactionOutcome outcome);  // "committed"
const char* outcome_name(checkers::CheckpointOutcome outcome);   // "completed"
const char* visibility_name(checkers::Visibility visibility);    // "committed", "non-transactional"

// "exactly-once", or "-" for a run whose input held nothing that could be observed.
std::string observed_text(const checkers::Verdict& verdict);

// The runs by claimed guarantee, weakest first; runs of one guarantee keep their order.
std::vector<const checkers::RunReport*> weakest_first(const std::vector<checkers::RunReport>& runs);

}  // namespace onceproof::reports
