// SPDX-License-Identifier: Apache-2.0
// Stories: what was found, by cause. Damage with one cause is one story, and findings that follow from it stand under it;
// what a checker found wrong in itself (a lost commit, a stale restore) heads the story of the damage that it did. The
// complete list of findings stays with the verdict; this is how people read it. Called by the judge.
#pragma once

#include <vector>

#include "checkers/damage.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

// `complete`: what is missing now is lost, so that a claim can forbid it.
std::vector<Story> make_stories(const History& history, const Reference& reference, const Timeline& timeline,
                                const Damage& damage, const std::vector<Finding>& findings, bool complete);

// What is lost and came again, worst first by story; each story has its share of the room.
std::vector<LedgerEntry> make_ledger(const History& history, const Reference& reference, const Delivery& delivery,
                                     const Damage& damage, const std::vector<Story>& stories, uint64_t& total);

}  // namespace onceproof::checkers
