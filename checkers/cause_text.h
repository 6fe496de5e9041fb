// SPDX-License-Identifier: Apache-2.0
// The one rendering of a cause in English: "replay from checkpoint 2 after the crash of taskmanager-1 at 17.3 s emitted
// window [10 s, 20 s) again". Sentence, ledger and report say it with these words.
#pragma once

#include <string>

#include "checkers/damage.h"

namespace onceproof::checkers {

// Of the group's first record; names no cause where the history shows none.
std::string why_text(const History& history, const Reference& reference, const Timeline& timeline,
                     const DamageGroup& group);

}  // namespace onceproof::checkers
