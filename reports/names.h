// SPDX-License-Identifier: Apache-2.0
// Names: the words in which reports speak of the checkers' enumerations, and the order of guarantees. One
// place, so that JSON, tables and HTML agree.
#pragma once

#include <string>
#include <vector>

#include "checkers/verdict.h"

namespace onceproof::reports {

const char* outcome_name(checkers::TransactionOutcome outcome);  // "committed"
const char* outcome_name(checkers::CheckpointOutcome outcome);   // "completed"
const char* visibility_name(checkers::Visibility visibility);    // "committed", "non-transactional"

// "partition 2, offset 17, word 3" (words counted from 0, as ordinals are).
std::string position_text(Position position);

// "taskmanager-1", or "process 7" when the history does not name it.
std::string process_name(const checkers::History& history, uint16_t process);

// The runs by claimed guarantee, weakest first; runs of one guarantee keep their order.
std::vector<const checkers::RunReport*> weakest_first(const std::vector<checkers::RunReport>& runs);

}  // namespace onceproof::reports
