// SPDX-License-Identifier: Apache-2.0
// Damage by cause: the producer of the second delivery decides which replay wrote it, the transaction, the discarded state
// and the offset that was committed ahead decide a loss; what follows from a cause stands below it.
#include "checkers/stories.h"

#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::CauseKind;
using checkers::Guarantee;
using checkers::Outcome;
using checkers::Reference;
using checkers::Story;
using checkers::Verdict;

// One record a window: 0 to 10 s, 10 to 20 s, 20 to 30 s.
const Reference& three() {
  static const Reference reference(input_of({{{1, "a"}, {11, "b"}, {21, "c"}}}), word_count());
  return reference;
}

HistoryBuilder two_restarts(Guarantee claimed) {
  HistoryBuilder run(claimed);
  run.deployed(0).completed(1, 9).crash(2, 15).recovered(2, 1, 17).crash(1, 25).recovered(1, 1, 27);
  return run;
}

void wrote(HistoryBuilder& run, uint64_t producer, TimeUs at_s, const std::string& word, TimeUs end_s, uint64_t offset) {
  run.producer(producer);
  run.count(word, end_s, {at(0, offset)}).at_us = seconds(at_s);
}

TEST(Stories, TheProducerOfTheSecondDeliveryDecidesWhichReplayWroteIt) {
  HistoryBuilder run = two_restarts(Guarantee::at_least_once);
  wrote(run, 101, 10, "a", 10, 0);
  wrote(run, 102, 20, "b", 20, 1);
  wrote(run, 103, 28, "b", 20, 1);  // by the second
  wrote(run, 103, 30, "c", 30, 2);
  const Verdict verdict = judge(run.build(), three());
  ASSERT_EQ(verdict.stories.size(), 1u);
  EXPECT_EQ(verdict.stories[0].cause.kind, CauseKind::replayed);
  EXPECT_EQ(verdict.stories[0].cause.restart, 2u);
  EXPECT_EQ(verdict.stories[0].cause.producer_id, 103u);
  EXPECT_FALSE(verdict.stories[0].forbidden);
  EXPECT_EQ(verdict.stories[0].why,
            "replay from checkpoint 1 after the crash of taskmanager-0 at 25 s emitted window [10 s, 20 s) again");
}

TEST(Stories, WhatTwoReplaysRepeatedIsTwoStories) {
  HistoryBuilder run = two_restarts(Guarantee::at_least_once);
  wrote(run, 101, 10, "a", 10, 0);
  wrote(run, 102, 18, "a", 10, 0);
  wrote(run, 102, 20, "b", 20, 1);
  wrote(run, 103, 28, "b", 20, 1);
  wrote(run, 103, 30, "c", 30, 2);
  const Verdict verdict = judge(run.build(), three());
  ASSERT_EQ(verdict.stories.size(), 2u);
  EXPECT_EQ(verdict.stories[0].cause.restart, 1u);
  EXPECT_EQ(verdict.stories[1].cause.restart, 2u);
  ASSERT_EQ(verdict.ledger.size(), 2u);
  EXPECT_EQ(verdict.ledger[1].story, 1u);
}

TEST(Stories, AProducerThatOutlivedItsAttemptIsAZombieAndNoReplay) {
  HistoryBuilder run = two_restarts(Guarantee::at_least_once);
  wrote(run, 101, 10, "a", 10, 0);
  wrote(run, 102, 20, "b", 20, 1);
  wrote(run, 101, 21, "b", 20, 1);
  wrote(run, 103, 30, "c", 30, 2);
  const Verdict verdict = judge(run.build(), three());
  ASSERT_EQ(verdict.stories.size(), 1u);
  EXPECT_EQ(verdict.stories[0].cause.kind, CauseKind::zombie);
  EXPECT_EQ(verdict.stories[0].cause.restart, 1u) << "the one that it outlived";
}

// Asked for is the offset behind what was read; the restart lies between the first question and the second.
HistoryBuilder lossy(TimeUs asked_behind_b_s, TimeUs b_visible_s, std::shared_ptr<const Reference>& reference) {
  auto input = std::make_shared<checkers::Input>(three().input());
  for (size_t i = 0; i < 3; ++i) input->partitions[0][i].visible_us = seconds(std::vector<TimeUs>{1, b_visible_s, 21}[i]);
  reference = std::make_shared<const Reference>(input, word_count());
  HistoryBuilder run(Guarantee::at_most_once);
  run.deployed(0).crash(2, 15).recovered(2, 0, 17);
  run.raw().asked = {{{seconds(2), 1}, {seconds(asked_behind_b_s), 2}, {seconds(29), 3}}};
  wrote(run, 101, 10, "a", 10, 0);
  wrote(run, 102, 30, "c", 30, 2);
  return run;
}

TEST(Stories, TellsAnOffsetThatWasCommittedAheadFromStateThatWasDiscarded) {
  std::shared_ptr<const Reference> reference;
  const HistoryBuilder ahead = lossy(18, 11, reference);
  const Verdict skipped = judge(ahead.build(), *reference);
  ASSERT_EQ(skipped.stories.size(), 1u);
  EXPECT_EQ(skipped.stories[0].cause.kind, CauseKind::offset_ahead);
  EXPECT_EQ(skipped.stories[0].cause.restart, 1u);
  const HistoryBuilder read = lossy(12, 11, reference);
  const Verdict discarded = judge(read.build(), *reference);
  ASSERT_EQ(discarded.stories.size(), 1u);
  EXPECT_EQ(discarded.stories[0].cause.kind, CauseKind::state_discarded);
  const HistoryBuilder later = lossy(18, 16, reference);  // it was not there yet when the crash struck
  const Verdict vanished = judge(later.build(), *reference);
  ASSERT_EQ(vanished.stories.size(), 1u);
  EXPECT_EQ(vanished.stories[0].cause.kind, CauseKind::vanished);
}

// One lost commit: lost words and missing results are what follows from it.
TEST(Stories, ALostCommitHeadsTheStoryOfWhatItLost) {
  HistoryBuilder run;
  run.transaction("sink-0-1", 1, 2);
  run.everything(three()).completed(1, 5).abort(9);
  const Verdict verdict = judge(run.build(), three());
  ASSERT_EQ(verdict.outcome, Outcome::violated);
  ASSERT_EQ(verdict.stories.size(), 1u);
  const Story& story = verdict.stories[0];
  EXPECT_EQ(story.cause.kind, CauseKind::transaction_lost);
  EXPECT_EQ(story.cause.transaction, 0u);
  EXPECT_EQ(story.cause.checkpoint, 1u);
  ASSERT_EQ(story.findings.size(), 1u);
  EXPECT_EQ(verdict.findings[story.findings[0]].kind, "lost-commit");
  EXPECT_EQ(story.consequences.size() + story.findings.size(), verdict.findings.size());
  EXPECT_EQ(verdict.evidence.find("lost-commit: transaction"), 0u) << verdict.evidence;
  EXPECT_EQ(story.windows.size(), 3u);
}

// An earlier attempt's aborted copy did not lose what a later transaction, pre-committed by a durable checkpoint, held.
TEST(Stories, BlamesTheTransactionThatShouldHaveBecomeVisible) {
  HistoryBuilder run;
  run.deployed(0);
  run.transaction("sink-0-0", 0, 1);
  run.everything(three()).abort(3);
  run.crash(2, 2).recovered(2, 0, 3);
  run.transaction("sink-0-1", 1, 4);
  run.everything(three()).completed(1, 5);
  run.raw().quiescent = false;
  run.raw().ended_us = seconds(400);
  const Verdict verdict = judge(run.build(), three());
  const auto story = std::find_if(verdict.stories.begin(), verdict.stories.end(), [](const Story& s) { return s.lost > 0; });
  ASSERT_NE(story, verdict.stories.end());
  EXPECT_EQ(story->cause.kind, CauseKind::transaction_lost);
  EXPECT_EQ(story->cause.transaction, 1u);
  std::vector<std::string> kinds;
  for (const uint32_t number : story->findings) kinds.push_back(verdict.findings[number].kind);
  EXPECT_EQ(kinds, (std::vector<std::string>{"lost-commit", "hanging"}));
}

TEST(Stories, FollowsOneRecordFromItsSourceToItsLoss) {
  HistoryBuilder run;
  run.transaction("sink-0-1", 1, 2);
  run.everything(three()).pre_commit(2, 4).completed(1, 5).abort(9);
  for (OutputRecord& output : run.raw().outputs) output.at_us = seconds(3);
  const Verdict verdict = judge(run.build(), three());
  std::vector<std::string> steps;
  for (const checkers::StoryStep& step : verdict.stories.at(0).steps) steps.push_back(step.text);
  EXPECT_EQ(steps, (std::vector<std::string>{
                       "\"a\" from partition 0, offset 0, word 1 can be read",
                       "producer 101 (epoch 0 on taskmanager-1) writes \"a\"=\"1\" at sink partition 0, offset 0, in "
                       "transaction \"sink-0-1\"",
                       "checkpoint 1 pre-commits the transaction", "checkpoint 1 is in the store",
                       "the transaction is aborted"}));
}

TEST(Stories, PutsWhatTheClaimForbidsFirst) {
  HistoryBuilder run = two_restarts(Guarantee::at_least_once);
  wrote(run, 101, 10, "a", 10, 0);
  wrote(run, 102, 18, "a", 10, 0);
  wrote(run, 103, 30, "c", 30, 2);
  const Verdict verdict = judge(run.build(), three());
  ASSERT_EQ(verdict.stories.size(), 2u);
  EXPECT_TRUE(verdict.stories[0].forbidden);
  EXPECT_EQ(verdict.stories[0].lost, 1u);
  EXPECT_FALSE(verdict.stories[1].forbidden);
  EXPECT_EQ(verdict.ledger.at(0).word, "b");
}

// Whatever is found stands in exactly one story.
TEST(Stories, EveryFindingStandsInOneStory) {
  HistoryBuilder run;
  run.everything(three());
  run.raw().outputs[0].value = "2";
  run.raw().outputs[1].partition = 1;
  run.count("c", 30, {at(0, 2)});
  run.event(20, "job.restart").text = "by itself";
  run.raw().bounds.detection_us = seconds(1);
  const Verdict verdict = judge(run.build(), three());
  std::vector<int> told(verdict.findings.size(), 0);
  for (const Story& story : verdict.stories) {
    for (const uint32_t number : story.findings) ++told.at(number);
    for (const uint32_t number : story.consequences) ++told.at(number);
  }
  EXPECT_GE(told.size(), 3u);
  EXPECT_EQ(told, std::vector<int>(told.size(), 1));
}

}  // namespace
}  // namespace onceproof::tests
