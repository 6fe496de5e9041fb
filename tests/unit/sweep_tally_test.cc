// SPDX-License-Identifier: Apache-2.0
// What a sweep counts: the same in whatever order seeds come, through a line of its state, and of bounded size.
#include "scenarios/search/sweep_tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/search/seed_outcome.h"

namespace onceproof::scenarios {
namespace {

using testing::ElementsAre;

SeedOutcome outcome_of(uint64_t seed, const std::string& verdict) {
  SeedOutcome outcome;
  outcome.seed = seed;
  StackOutcome& stack = outcome.stacks.emplace_back();
  stack.stack = "exactly-once";
  stack.verdict = verdict;
  stack.story = "what happened";
  stack.lost = 2;
  stack.duplicated = 3;
  if (verdict == "violated") stack.findings = {"duplicated", "lost"};
  stack.faults["crash"] = {3, 2, 1};
  return outcome;
}

TEST(SweepTally, CountsByGuaranteeByFindingAndByFault) {
  SweepTally tally;
  tally.add(outcome_of(1, "valid"));
  SeedOutcome measured = outcome_of(2, "violated");
  measured.effects_measured = true;
  tally.add(measured);
  tally.add(outcome_of(3, "inconclusive"));
  const StackTally& stack = tally.stacks.at("exactly-once");
  EXPECT_EQ(stack.runs, 3u);
  EXPECT_EQ(stack.valid, 1u);
  EXPECT_EQ(stack.violated, 1u);
  EXPECT_EQ(stack.inconclusive, 1u);
  EXPECT_EQ(stack.lost, 6u);
  EXPECT_EQ(stack.duplicated, 9u);
  EXPECT_EQ(stack.findings.at("lost"), 1u);
  const FaultTally& crash = tally.faults.at("crash");
  EXPECT_EQ(crash.armed, 9u);
  EXPECT_EQ(crash.fired, 6u);
  EXPECT_EQ(crash.measured, 2u) << "only of the seed whose faults were left out";
  EXPECT_EQ(crash.effective, 1u);
  EXPECT_EQ(tally.violating.total(), 1u);
  EXPECT_THAT(tally.violating.runs().begin()->second.findings, ElementsAre("duplicated", "lost"));
}

TEST(SweepTally, ListsTheLowestSeedsInWhateverOrderTheyCome) {
  SweepTally upwards, downwards;
  const uint64_t seeds = RunList::kMost + 100;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    upwards.add(outcome_of(seed, "violated"));
    downwards.add(outcome_of(seeds - 1 - seed, "violated"));
  }
  for (const SweepTally* tally : {&upwards, &downwards}) {
    EXPECT_EQ(tally->violating.total(), seeds);
    ASSERT_EQ(tally->violating.runs().size(), RunList::kMost);
    EXPECT_EQ(tally->violating.runs().begin()->first.first, 0u);
    EXPECT_EQ(tally->violating.runs().rbegin()->first.first, RunList::kMost - 1);
  }
}

TEST(SeedOutcome, ComesBackFromItsLineWhole) {
  SeedOutcome outcome = outcome_of(UINT64_MAX, "violated");
  outcome.nondeterminism = "a \"word\"\n";
  const Result<SeedOutcome> again = outcome_from_line(to_line(outcome));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(to_line(again.value()), to_line(outcome));
  EXPECT_EQ(again.value().stacks[0].faults.at("crash").fired, 2u);
  EXPECT_FALSE(outcome_from_line(to_line(outcome).substr(0, 100)).ok());
}

}  // namespace
}  // namespace onceproof::scenarios
