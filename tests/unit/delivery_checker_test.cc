// SPDX-License-Identifier: Apache-2.0
// The delivery checker, on histories that break one thing each.
#include "checkers/delivery.h"

#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Counts;
using checkers::Delivery;
using checkers::Finding;
using checkers::Guarantee;
using checkers::Reference;

// Window [0 s, 10 s): the x2, cat; window [10 s, 20 s): the.
const Reference& small() {
  static const Reference reference(input_of({{{1, "the cat"}, {12, "the"}}, {{3, "the"}}}), word_count());
  return reference;
}

HistoryBuilder perfect() {
  HistoryBuilder run;
  run.count("the", 10, {at(0, 0, 0), at(1, 0)});
  run.count("cat", 10, {at(0, 0, 1)});
  run.count("the", 20, {at(0, 1)});
  return run;
}

Counts counts_of(const HistoryBuilder& run) { return check_delivery(run.build(), small()).counts; }

std::vector<Finding> findings_of(const HistoryBuilder& run) {
  const History history = run.build();
  std::vector<Finding> findings;
  tell_delivery(history, small(), check_delivery(history, small()), true, findings);
  return findings;
}

TEST(DeliveryChecker, FindsNothingWrongWithEveryResultOnce) {
  const Counts counts = counts_of(perfect());
  EXPECT_EQ(counts.expected, 4u);
  EXPECT_EQ(counts.delivered, 4u);
  EXPECT_EQ(counts.results, 3u);
  EXPECT_EQ(counts.lost + counts.duplicated + counts.phantom + counts.corrupted, 0u);
  EXPECT_TRUE(findings_of(perfect()).empty());
}

TEST(DeliveryChecker, CountsALostResultByTheRecordsThatItContains) {
  HistoryBuilder run = perfect();
  run.raw().outputs.erase(run.raw().outputs.begin());
  EXPECT_EQ(counts_of(run).lost, 2u);
  EXPECT_EQ(story_of(findings_of(run), "lost"),
            "\"the\" from partition 0, offset 0, word 1 is in no result that a read_committed reader gets");
}

TEST(DeliveryChecker, CountsExtraDeliveriesSoThreeTimesCountsTwice) {
  HistoryBuilder run = perfect();
  run.count("cat", 10, {at(0, 0, 1)});
  run.count("cat", 10, {at(0, 0, 1)});
  EXPECT_EQ(counts_of(run).duplicated, 2u);
  EXPECT_EQ(counts_of(run).delivered, 4u);
  EXPECT_EQ(count_of(findings_of(run), "duplicated"), 1u);
}

// The total is right, the count is right, the value agrees with its lineage: only lineage shows it.
TEST(DeliveryChecker, SeesADroppedRecordThatAnotherOneCountedTwiceMakesUpFor) {
  HistoryBuilder run = perfect();
  run.raw().outputs[0].lineage = {at(0, 0, 0), at(0, 0, 0)};
  const Counts counts = counts_of(run);
  EXPECT_EQ(counts.lost, 1u);
  EXPECT_EQ(counts.duplicated, 1u);
  EXPECT_EQ(counts.corrupted, 0u);
}

TEST(DeliveryChecker, SeesContributionsThatWereNeverInTheInput) {
  HistoryBuilder run = perfect();
  run.count("dog", 20, {at(1, 7)});
  EXPECT_EQ(counts_of(run).phantom, 1u);
  EXPECT_NE(story_of(findings_of(run), "phantom").find("never in the input"), std::string::npos);
}

TEST(DeliveryChecker, IgnoresWhatAReadCommittedReaderDoesNotGet) {
  for (const Visibility hidden : {Visibility::aborted, Visibility::open}) {
    HistoryBuilder run = perfect();
    run.count("cat", 10, {at(0, 0, 1)}).visibility = hidden;
    EXPECT_EQ(counts_of(run).duplicated, 0u);
    run.raw().outputs[1].visibility = hidden;
    EXPECT_EQ(counts_of(run).lost, 1u);
  }
}

TEST(DeliveryChecker, CallsAResultCorruptedThatDisagreesWithItsOwnLineage) {
  const std::vector<void (*)(OutputRecord&)> damages = {
      [](OutputRecord& result) { result.value = "3"; },
      [](OutputRecord& result) { result.value = "02"; },
      [](OutputRecord& result) { result.value = ""; },
      [](OutputRecord& result) { result.key = "cat"; },
      [](OutputRecord& result) { result.timestamp_us += 1; },
      [](OutputRecord& result) { result.lineage[1] = at(0, 0, 1); },  // another word
      [](OutputRecord& result) { result.lineage[1] = at(0, 1); },     // the same word of another window
      [](OutputRecord& result) { result.lineage.clear(); },
  };
  for (size_t i = 0; i < damages.size(); ++i) {
    HistoryBuilder run = perfect();
    damages[i](run.raw().outputs[0]);
    EXPECT_EQ(counts_of(run).corrupted, 1u) << i;
    EXPECT_EQ(count_of(findings_of(run), "corrupted"), 1u) << i;
  }
}

TEST(DeliveryChecker, ChecksValuesOfAPipelineWithoutAWindow) {
  const Reference reference(input_of({{{1, "x"}, {2, "y"}}}), transform());
  HistoryBuilder run;
  run.output("", "processed_x", seconds(1), {at(0, 0)});
  run.output("", "processed_y", seconds(2), {at(0, 1)});
  EXPECT_TRUE(check_delivery(run.build(), reference).clean());
  run.raw().outputs[1].value = "y";
  EXPECT_EQ(check_delivery(run.build(), reference).counts.corrupted, 1u);
  run.raw().outputs[1].value = "processed_y";
  run.raw().outputs[1].lineage = {at(0, 0), at(0, 1)};
  EXPECT_EQ(check_delivery(run.build(), reference).counts.corrupted, 1u);
}

TEST(DeliveryChecker, TellsOnlyWhatTheClaimForbids) {
  HistoryBuilder lossy(Guarantee::at_most_once);
  lossy.count("the", 10, {at(0, 0, 0), at(1, 0)});
  EXPECT_TRUE(findings_of(lossy).empty());
  lossy.raw().claimed = Guarantee::at_least_once;
  EXPECT_EQ(count_of(findings_of(lossy), "lost"), 2u);
  HistoryBuilder doubled = perfect();
  doubled.count("cat", 10, {at(0, 0, 1)});
  doubled.raw().claimed = Guarantee::at_least_once;
  EXPECT_TRUE(findings_of(doubled).empty());
  doubled.raw().claimed = Guarantee::at_most_once;
  EXPECT_EQ(count_of(findings_of(doubled), "duplicated"), 1u);
}

TEST(DeliveryChecker, KeepsALedgerOfLostAndDoubledContributionsWithTheirOutputs) {
  HistoryBuilder run = perfect();
  run.count("the", 20, {at(0, 1)});
  run.raw().outputs.erase(run.raw().outputs.begin() + 1);  // cat
  const History history = run.build();
  const checkers::Verdict verdict = judge(history, small());
  const auto& ledger = verdict.ledger;
  ASSERT_EQ(ledger.size(), 2u);
  EXPECT_EQ(verdict.ledger_total, 2u);
  EXPECT_EQ(ledger[0].word, "cat");
  EXPECT_EQ(ledger[0].delivered, 0u);
  EXPECT_TRUE(ledger[0].outputs.empty());
  EXPECT_EQ(ledger[1].position, at(0, 1));
  EXPECT_EQ(ledger[1].delivered, 2u);
  EXPECT_EQ(ledger[1].outputs, (std::vector<uint32_t>{1, 2}));
}

TEST(DeliveryChecker, KeepsTheLedgerAndTheFindingsShortButCountsAll) {
  std::vector<std::pair<TimeUs, std::string>> lines(1000, {1, "w"});
  const Reference reference(input_of({lines}), word_count());
  const History history = HistoryBuilder().build();
  const Delivery delivery = check_delivery(history, reference);
  const checkers::Verdict verdict = judge(history, reference);
  EXPECT_EQ(verdict.ledger.size(), checkers::kMaxLedger);
  EXPECT_EQ(verdict.ledger_total, 1000u);
  std::vector<Finding> findings;
  tell_delivery(history, reference, delivery, true, findings);
  ASSERT_EQ(findings.size(), checkers::kMaxFindings + 1);
  EXPECT_EQ(findings.back().story, "995 more of this kind");
}

}  // namespace
}  // namespace onceproof::tests
