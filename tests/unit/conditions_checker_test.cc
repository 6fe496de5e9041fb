// SPDX-License-Identifier: Apache-2.0
// A broken condition excuses what it alone explains: these transactions, these records, and nothing else.
#include "checkers/conditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkers/judge.h"
#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Guarantee;
using checkers::Outcome;
using checkers::Reference;
using checkers::Verdict;
using testing::HasSubstr;

// Window [0 s, 10 s): the x2, cat; window [10 s, 20 s): the.
const Reference& small() {
  static const Reference reference(input_of({{{1, "the cat"}, {12, "the"}}, {{3, "the"}}}), word_count());
  return reference;
}

// A recovery may take 24 s, a checkpoint 20 s: the transaction timeout is 44 s. What checkpoint 3 pre-committed from 12 s
// on times out at 60 s, because taskmanager-1 dies at 17 s and is back at `back_s`.
HistoryBuilder slow_recovery(TimeUs back_s, TimeUs begun_s = 12, TimeUs gone_s = 60) {
  HistoryBuilder run;
  run.raw().conditions = {{"recovery", seconds(24), 0, "every recovery takes less than 24000 ms", "transaction_timeout_ms"},
                          {"epoch", seconds(20), 0, "a checkpoint completes every 20000 ms at least", ""}};
  run.raw().bounds.recovery_us = seconds(2);
  run.raw().ended_us = seconds(100);
  run.deployed(0);
  run.transaction("sink-1-3", 3, begun_s);
  run.everything(small()).completed(3, 16).abort(gone_s);
  run.raw().transactions.back().timed_out = true;
  run.crash(2, 17);
  run.raw().faults.back().healed_us = seconds(back_s);
  return run;
}

// The restored sink asks for the commit.
void asks(HistoryBuilder& run, TimeUs at_s) {
  checkers::Event& event = run.event(at_s, "sink.commit", 2, 3);
  event.before = true;
  event.value = run.raw().transactions.front().producer_id;
}

TEST(Conditions, ATransactionThatASlowRecoveryOutlastedIsInconclusiveWithWhatItCost) {
  HistoryBuilder run = slow_recovery(58);
  asks(run, 62);
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::inconclusive);
  EXPECT_TRUE(verdict.findings.empty()) << verdict.findings.front().story;
  EXPECT_EQ(verdict.why,
            "exactly-once is claimed while every recovery takes less than 24000 ms; the one after the crash of "
            "taskmanager-1 at 17 s took 45 s: transaction \"sink-1-3\" (epoch 0) of checkpoint 3 timed out at 60 s, 4 "
            "words lost");
  ASSERT_EQ(verdict.breaches.size(), 1u);
  EXPECT_EQ(verdict.breaches[0].condition, "recovery");
  EXPECT_EQ(verdict.breaches[0].took_us, seconds(45));
  EXPECT_EQ(verdict.breaches[0].lost, 4u);
}

TEST(Conditions, WithoutTheConditionTheSameRunIsViolated) {
  HistoryBuilder run = slow_recovery(58);
  run.raw().conditions.clear();
  EXPECT_EQ(judge(run.build(), small()).outcome, Outcome::violated);
}

// Back at 20 s: from then on nothing kept anybody from committing it.
TEST(Conditions, AShortRecoveryIsNoExcuseForATransactionThatWasForgotten) {
  HistoryBuilder run = slow_recovery(20);
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::violated);
  EXPECT_EQ(count_of(verdict.findings, "lost-commit"), 1u);
  EXPECT_TRUE(verdict.breaches.empty());
}

TEST(Conditions, ATransactionThatALaterCheckpointsOneOvertookWasForgotten) {
  HistoryBuilder run = slow_recovery(58);
  run.transaction("sink-0-9", 5, 30);
  run.completed(5, 40).commit(41);
  EXPECT_EQ(judge(run.build(), small()).outcome, Outcome::violated);
}

TEST(Conditions, ATransactionThatWasTooOldBeforeTheFailureIsNotTheFailures) {
  HistoryBuilder run = slow_recovery(58);
  run.raw().conditions[1].limit_us = seconds(4);
  EXPECT_EQ(judge(run.build(), small()).outcome, Outcome::violated);
}

TEST(Conditions, ALogThatGivesATransactionUpTooEarlyIsNotExcused) {
  EXPECT_EQ(judge(slow_recovery(58, 18).build(), small()).outcome, Outcome::violated);
  HistoryBuilder fenced = slow_recovery(58);
  fenced.raw().transactions.back().timed_out = false;
  EXPECT_EQ(judge(fenced.build(), small()).outcome, Outcome::violated) << "somebody aborted it";
}

// The same breach, and a word that is missing beside it.
TEST(Conditions, ABreachExcusesItsOwnRecordsOnly) {
  HistoryBuilder run = slow_recovery(58);
  run.raw().outputs.erase(run.raw().outputs.begin());
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::violated);
  EXPECT_EQ(count_of(verdict.findings, "lost"), verdict.counts.lost - verdict.breaches[0].lost);
  EXPECT_EQ(count_of(verdict.findings, "missing"), 1u);
  EXPECT_EQ(count_of(verdict.findings, "lost-commit"), 0u);
}

TEST(Conditions, ABreachIsNoExcuseForDuplicates) {
  HistoryBuilder run = slow_recovery(58);
  run.transaction("sink-1-4", 4, 70);
  run.everything(small()).count("cat", 10, {at(0, 0, 1)});
  run.completed(4, 75).commit(76);
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::violated);
  EXPECT_EQ(count_of(verdict.findings, "duplicated"), 1u);
}

TEST(Conditions, ABreachWithoutDamageIsStatedAndTheRunStaysValid) {
  HistoryBuilder run;
  run.raw().conditions = slow_recovery(58).raw().conditions;
  run.deployed(0);
  run.transaction("sink-1-3", 3, 12);
  run.everything(small()).completed(3, 13).commit(40);
  run.crash(2, 17);
  run.raw().faults.back().healed_us = seconds(38);
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::valid);
  EXPECT_THAT(verdict.evidence,
              HasSubstr("exactly-once is claimed while every recovery takes less than 24000 ms; the one after the crash of "
                        "taskmanager-1 at 17 s kept transaction \"sink-1-3\" of checkpoint 3 waiting for 27 s, and it was "
                        "committed all the same"));
}

TEST(Conditions, AJobThatMayNotRestartAgainSaysSo) {
  HistoryBuilder run(Guarantee::at_least_once);
  run.raw().conditions = {{"restarts", 0, 2, "the job restarts 2 times at most", "restart.attempts"}};
  run.raw().job = checkers::JobStatus::failed;
  run.raw().job_reason = "failed: no more restarts";
  run.raw().restarts = 2;
  run.event(50, "job.status").text = "failed";
  const Verdict verdict = judge(run.build(), small());
  EXPECT_EQ(verdict.outcome, Outcome::inconclusive);
  EXPECT_THAT(verdict.why, HasSubstr("at-least-once is claimed while the job restarts 2 times at most; one more was "
                                     "needed, and the job was given up at 50 s"));
}

}  // namespace
}  // namespace onceproof::tests
