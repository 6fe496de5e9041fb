// SPDX-License-Identifier: Apache-2.0
// Trail: one damaged record followed from its source through window, producer, transaction and checkpoint to its loss or
// its second delivery: the steps that the history shows, in time order. Called for the first record of a story.
#pragma once

#include <vector>

#include "checkers/damage.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

std::vector<StoryStep> follow(const History& history, const Reference& reference, const Timeline& timeline,
                         const DamageGroup& group);

}  // namespace onceproof::checkers
