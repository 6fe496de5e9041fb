// SPDX-License-Identifier: Apache-2.0
// The verdict and its one sentence, on histories that tell a whole run.
#include "checkers/judge.h"

#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Counts;
using checkers::Guarantee;
using checkers::JobStatus;
using checkers::Outcome;
using checkers::Reference;
using checkers::Verdict;

// Window [0 s, 10 s): the x2, cat; window [10 s, 20 s): the.
const Reference& small() {
  static const Reference reference(input_of({{{1, "the cat"}, {12, "the"}}, {{3, "the"}}}), word_count());
  return reference;
}

TEST(Judge, CallsACleanRunValidAndSaysThatNoFaultFired) {
  const Verdict verdict = judge(HistoryBuilder().everything(small()).build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::valid);
  EXPECT_EQ(verdict.observed, Guarantee::exactly_once);
  EXPECT_EQ(verdict.evidence, "no word was lost or doubled; no fault fired");
  EXPECT_TRUE(verdict.findings.empty());
}

TEST(Judge, NamesTheFaultsThatDidNoHarm) {
  HistoryBuilder run;
  run.everything(small()).crash(2, 17);
  run.raw().faults.push_back({"partition", "", false, false, -1, -1});  // never fired
  EXPECT_EQ(judge(run.build(), small()).evidence, "no word was lost or doubled although 1 fault (crash) fired");
}

TEST(Judge, TellsHowATransactionSurvivedACrash) {
  HistoryBuilder run;
  run.deployed(0);
  run.transaction("sink-1-3", 3, 12);
  run.everything(small()).pre_commit(2, 16).completed(3, 17).crash(2, 17).recovered(2, 3, 19).commit(20);
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::valid);
  EXPECT_EQ(verdict.evidence,
            "neither: the transaction of checkpoint 3, pre-committed before the crash of taskmanager-1 "
            "at 17 s, was committed on recovery at 20 s, with 1 restart");
}

TEST(Judge, DoesNotCreditACommitToACrashBeforeThePreCommit) {
  HistoryBuilder run;
  run.deployed(0).crash(2, 15);
  run.transaction("sink-1-3", 3, 12);
  run.everything(small()).pre_commit(2, 16).completed(3, 17).commit(20);
  EXPECT_EQ(judge(run.build(), small()).evidence, "no word was lost or doubled although 1 fault (crash) fired");
}

TEST(Judge, TellsThatAnOpenTransactionWasAbortedAndReplayed) {
  HistoryBuilder run;
  run.deployed(0).completed(2, 10);
  run.transaction("sink-1-3", 0, 12);
  run.count("cat", 10, {at(0, 0, 1)});
  run.abort(19);
  run.crash(2, 17).recovered(2, 2, 19);
  run.transaction("sink-1-4", 4, 21);
  run.everything(small()).completed(4, 25).commit(26);
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::valid);
  EXPECT_EQ(verdict.evidence,
            "neither: the transaction that was open at the crash of taskmanager-1 at 17 s was aborted, "
            "and replay from checkpoint 2 delivered its records once, with 1 restart");
}

TEST(Judge, FindsALossThatAtMostOnceAllowsAndTellsItsCause) {
  HistoryBuilder run(Guarantee::at_most_once);
  run.deployed(0).crash(2, 17).recovered(2, 0, 19);
  run.count("the", 10, {at(1, 0)});  // too small
  run.count("the", 20, {at(0, 1)});
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::valid);
  EXPECT_EQ(verdict.observed, Guarantee::at_most_once);
  EXPECT_EQ(verdict.counts.lost, 2u);
  EXPECT_EQ(
      verdict.evidence,
      "lost 2 words, 1 from windows that came out too small and 1 with results that never came out (first: \"the\" "
      "from partition 0, offset 0, word 1): after the crash of taskmanager-1 at 17 s the job went on without restoring a "
      "checkpoint, and what was in flight and in window state did not come again");
}

TEST(Judge, FindsDuplicatesThatAtLeastOnceAllowsAndTellsTheirCause) {
  HistoryBuilder run(Guarantee::at_least_once);
  run.deployed(0).completed(2, 10).crash(2, 17).recovered(2, 2, 19);
  run.everything(small()).producer(101);
  run.count("the", 10, {at(0, 0, 0), at(1, 0)}, 1);
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::valid);
  EXPECT_EQ(verdict.observed, Guarantee::at_least_once);
  EXPECT_EQ(verdict.evidence,
            "doubled 2 words (first: \"the\" from partition 0, offset 0, word 1): replay from checkpoint 2 after "
            "the crash of taskmanager-1 at 17 s emitted window [0 s, 10 s) again");
}

TEST(Judge, BlamesTheProducerWhenTheSameOneWroteTwice) {
  HistoryBuilder run;
  run.everything(small());
  run.count("cat", 10, {at(0, 0, 1)});
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::violated);
  EXPECT_EQ(verdict.evidence,
            "doubled 1 word (first: \"cat\" from partition 0, offset 0, word 2): producer 100 wrote "
            "window [0 s, 10 s) twice within epoch 0");
}

TEST(Judge, FindsALostResultInTheTransactionThatWasAborted) {
  HistoryBuilder run;
  run.transaction("sink-0-1", 1, 2);
  run.everything(small()).completed(1, 5).abort(9);
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::violated);
  EXPECT_NE(verdict.evidence.find("its result was pre-committed by checkpoint 1 but its transaction was aborted"),
            std::string::npos);
  EXPECT_EQ(count_of(verdict.findings, "lost-commit"), 1u);
  EXPECT_EQ(count_of(verdict.findings, "missing"), 3u);
}

TEST(Judge, SeesHiddenCompensationThatTotalsCannotShow) {
  HistoryBuilder run;
  run.everything(small());
  for (OutputRecord& output : run.raw().outputs) {
    if (output.lineage.size() == 2) output.lineage[1] = output.lineage[0];
  }
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::violated);
  EXPECT_EQ(verdict.observed, Guarantee::none);
  EXPECT_EQ(verdict.counts.lost, 1u);
  EXPECT_EQ(verdict.counts.duplicated, 1u);
  EXPECT_EQ(count_of(verdict.findings, "compensated"), 1u);
}

TEST(Judge, ForbidsUnderEachClaimWhatItForbids) {
  struct Case {
    Guarantee claimed;
    bool lossy, doubled;
    Outcome outcome;
  };
  const std::vector<Case> cases = {
      {Guarantee::exactly_once, true, false, Outcome::violated},
      {Guarantee::exactly_once, false, true, Outcome::violated},
      {Guarantee::at_least_once, true, false, Outcome::violated},
      {Guarantee::at_least_once, false, true, Outcome::valid},
      {Guarantee::at_most_once, true, false, Outcome::valid},
      {Guarantee::at_most_once, false, true, Outcome::violated},
      {Guarantee::none, true, true, Outcome::valid},
  };
  for (const Case& c : cases) {
    HistoryBuilder run(c.claimed);
    run.everything(small());
    if (c.lossy) run.raw().outputs.erase(run.raw().outputs.begin() + 1);
    if (c.doubled) run.count("cat", 10, {at(0, 0, 1)});
    EXPECT_EQ(judge(run.build(), small()).outcome, c.outcome) << to_string(c.claimed) << c.lossy << c.doubled;
  }
}

TEST(Judge, NeverForgivesCorruptionOrDisorder) {
  HistoryBuilder corrupted(Guarantee::none);
  corrupted.everything(small()).raw().outputs[0].value = "9";
  EXPECT_EQ(judge(corrupted.build(), small()).outcome, Outcome::violated);
  HistoryBuilder swapped(Guarantee::at_least_once);
  swapped.count("the", 20, {at(0, 1)});
  swapped.count("the", 10, {at(0, 0, 0), at(1, 0)});
  swapped.count("cat", 10, {at(0, 0, 1)});
  const Verdict verdict = judge(swapped.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::violated);
  EXPECT_EQ(verdict.evidence.rfind("out-of-order: ", 0), 0u);
}

TEST(Judge, IsInconclusiveOverAFailedJobEvenWhenRecordsAreMissing) {
  HistoryBuilder run;
  run.raw().job = JobStatus::failed;
  run.raw().job_reason = "restart attempts exhausted";
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::inconclusive);
  EXPECT_EQ(verdict.why, "the job failed: restart attempts exhausted");
  EXPECT_EQ(verdict.evidence.rfind("undecided (the job failed: restart attempts exhausted)", 0), 0u);
}

TEST(Judge, StillSeesDuplicatesOfAFailedJob) {
  HistoryBuilder run;
  run.raw().job = JobStatus::failed;
  run.everything(small()).count("cat", 10, {at(0, 0, 1)});
  EXPECT_EQ(judge(run.build(), small()).outcome, Outcome::violated);
}

TEST(Judge, CallsAStuckJobAViolationOfEveryClaim) {
  for (const Guarantee claimed : {Guarantee::none, Guarantee::at_most_once, Guarantee::exactly_once}) {
    HistoryBuilder run(claimed);
    run.everything(small()).raw().job = JobStatus::running;
    run.raw().ended_us = seconds(500);
    const Verdict verdict = judge(run.build(), small());
    EXPECT_EQ(verdict.outcome, Outcome::violated);
    EXPECT_EQ(verdict.evidence.rfind("stuck: the job had not finished at 500 s", 0), 0u) << verdict.evidence;
  }
}

TEST(Judge, IsNeverGreenBySilence) {
  const Reference nothing(input_of({{}}), word_count());
  EXPECT_EQ(judge(HistoryBuilder().build(), nothing).outcome, Outcome::inconclusive);
  HistoryBuilder unread;
  unread.transaction("sink-0-1", 1, 2);
  unread.everything(small()).completed(1, 5).commit(6).read_nothing();
  EXPECT_EQ(judge(unread.build(), small()).outcome, Outcome::inconclusive);
}

TEST(Judge, DerivesTheObservedGuaranteeFromTheCounts) {
  Counts counts;
  EXPECT_EQ(observed_guarantee(counts), Guarantee::exactly_once);
  counts.duplicated = 1;
  EXPECT_EQ(observed_guarantee(counts), Guarantee::at_least_once);
  counts.lost = 1;
  EXPECT_EQ(observed_guarantee(counts), Guarantee::none);
  counts.duplicated = 0;
  EXPECT_EQ(observed_guarantee(counts), Guarantee::at_most_once);
  counts.lost = 0;
  counts.phantom = 1;
  EXPECT_EQ(observed_guarantee(counts), Guarantee::none);
}

}  // namespace
}  // namespace onceproof::tests
