// SPDX-License-Identifier: Apache-2.0
#include "checkers/liveness.h"

#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Finding;
using checkers::JobStatus;
using checkers::Liveness;

struct Answer {
  Liveness liveness;
  std::vector<Finding> findings;
};
Answer ask(const HistoryBuilder& run) {
  Answer answer;
  const History history = run.build();
  answer.liveness = check_liveness(history, read_timeline(history), answer.findings);
  return answer;
}

TEST(LivenessChecker, AcceptsAFinishedQuiescentJob) {
  const Answer answer = ask(HistoryBuilder());
  EXPECT_TRUE(answer.liveness.complete);
  EXPECT_TRUE(answer.findings.empty());
  EXPECT_EQ(answer.liveness.why, "");
}

TEST(LivenessChecker, CallsAJobStuckThatRunsPastTheBound) {
  HistoryBuilder run;
  run.raw().job = JobStatus::running;
  run.raw().healed_us = seconds(30);
  run.raw().ended_us = seconds(150);
  const Answer answer = ask(run);
  EXPECT_TRUE(answer.liveness.settled);
  EXPECT_FALSE(answer.liveness.complete);
  EXPECT_EQ(story_of(answer.findings, "stuck"),
            "the job had not finished at 150 s: the last fault was over at 30 s and the bound is 120 s");
}

TEST(LivenessChecker, DoesNotDecideBeforeTheBoundIsOver) {
  HistoryBuilder run;
  run.raw().job = JobStatus::running;
  run.raw().healed_us = seconds(30);
  run.raw().ended_us = seconds(149);
  const Answer answer = ask(run);
  EXPECT_TRUE(answer.findings.empty());
  EXPECT_NE(answer.liveness.why, "");
  EXPECT_FALSE(answer.liveness.settled);
}

TEST(LivenessChecker, DoesNotDecideOverAJobThatFailed) {
  HistoryBuilder run;
  run.raw().job = JobStatus::failed;
  run.raw().job_reason = "restart attempts exhausted";
  EXPECT_EQ(ask(run).liveness.why, "the job failed: restart attempts exhausted");
  EXPECT_FALSE(ask(run).liveness.complete);
}

TEST(LivenessChecker, SeesALogThatDoesNotSettle) {
  HistoryBuilder run;
  run.raw().quiescent = false;
  run.raw().ended_us = seconds(140);
  EXPECT_EQ(count_of(ask(run).findings, "not-quiescent"), 1u);
  run.raw().ended_us = seconds(139);
  EXPECT_TRUE(ask(run).findings.empty());
  EXPECT_NE(ask(run).liveness.why, "");
}

TEST(LivenessChecker, SeesAJobThatFinishedTooLate) {
  HistoryBuilder run;
  run.raw().ended_us = seconds(200);
  run.event(141, "job.status");
  EXPECT_EQ(count_of(ask(run).findings, "stuck"), 1u);
}

TEST(LivenessChecker, SeesCheckpointsThatNeverCompleteAfterHealing) {
  HistoryBuilder run;
  run.raw().healed_us = seconds(30);
  run.completed(1, 20).aborted(2, 35).aborted(3, 40);
  EXPECT_EQ(count_of(ask(run).findings, "no-checkpoint"), 1u);
  run.completed(4, 45);
  EXPECT_TRUE(ask(run).findings.empty());
}

TEST(LivenessChecker, ForgivesACheckpointThatTheEndOfTheJobCutOff) {
  HistoryBuilder run;
  run.raw().healed_us = seconds(30);
  run.completed(1, 29).aborted(2, 35);
  EXPECT_TRUE(ask(run).findings.empty());
}

// Tasks finish one by one: several checkpoints may meet a task that has just closed.
TEST(LivenessChecker, ForgivesCheckpointsThatMetClosingTasksOfAJobThatFinished) {
  for (const char* reason : {"CHECKPOINT_DECLINED_TASK_CLOSING", "CHECKPOINT_COORDINATOR_SUSPEND"}) {
    HistoryBuilder run;
    run.raw().healed_us = seconds(30);
    run.completed(1, 29).aborted(2, 35).aborted(3, 36).aborted(4, 37);
    EXPECT_EQ(count_of(ask(run).findings, "no-checkpoint"), 1u);
    for (checkers::CheckpointRecord& checkpoint : run.raw().checkpoints) {
      if (checkpoint.id > 1) checkpoint.reason = reason;
    }
    EXPECT_TRUE(ask(run).findings.empty()) << reason;
  }
}

// Transactions that time out before a recovery is over can keep a job from its end for ever.
TEST(LivenessChecker, OwesNoProgressWhereTheConfigurationDoesNot) {
  HistoryBuilder run;
  run.raw().job = JobStatus::running;
  run.raw().healed_us = seconds(30);
  run.raw().ended_us = seconds(150);
  run.raw().no_progress_owed = "transactions time out after 12 s";
  const Answer answer = ask(run);
  EXPECT_TRUE(answer.findings.empty());
  EXPECT_FALSE(answer.liveness.settled);
  EXPECT_EQ(answer.liveness.why,
            "the job came to no end, which this configuration allows: transactions time out after 12 s");
  run.raw().job = JobStatus::finished;
  EXPECT_TRUE(ask(run).liveness.complete);
}

// An overloaded machine stands still for whoever only looks at the clock; half of the time is what tells the two apart.
TEST(LivenessChecker, DoesNotTakeAnOverloadedWorldForAJobThatStandsStill) {
  HistoryBuilder run;
  run.raw().job = JobStatus::running;
  run.raw().healed_us = seconds(30);
  run.raw().ended_us = seconds(230);
  run.completed(1, 29).aborted(2, 35).aborted(3, 36);
  run.raw().slow = {{seconds(80), seconds(120)}, {seconds(20), seconds(90)}};  // 90 s of the 200
  EXPECT_EQ(count_of(ask(run).findings, "stuck"), 1u);
  EXPECT_EQ(count_of(ask(run).findings, "no-checkpoint"), 1u);
  run.raw().slow.push_back({seconds(200), seconds(210)});
  const Answer answer = ask(run);
  EXPECT_TRUE(answer.findings.empty());
  EXPECT_FALSE(answer.liveness.settled);
  EXPECT_THAT(answer.liveness.why, ::testing::HasSubstr("slow for 100 s of the 200 s since"));
}

// One step that takes longer than a timeout bears costs a recovery, and the next one comes before that is over.
TEST(LivenessChecker, DoesNotTakeAJobWhoseTimeoutsStrikeAgainAndAgainForOneThatStandsStill) {
  HistoryBuilder run;
  run.raw().job = JobStatus::running;
  run.raw().healed_us = seconds(30);
  run.raw().ended_us = seconds(230);
  run.raw().bounds.recovery_us = seconds(20);
  for (TimeUs at_s = 30; at_s < 230; at_s += 30)
    run.raw().slow.push_back({seconds(at_s), seconds(at_s) + milliseconds(31)});
  EXPECT_EQ(count_of(ask(run).findings, "stuck"), 1u);
  run.raw().bounds.strike_us = milliseconds(40);
  EXPECT_EQ(count_of(ask(run).findings, "stuck"), 1u) << "no timeout is that short";
  run.raw().bounds.strike_us = milliseconds(30);
  EXPECT_EQ(count_of(ask(run).findings, "stuck"), 0u);
}

// A slow job that still goes on is not stuck, however long it takes.
TEST(LivenessChecker, CountsFromTheLastProgress) {
  HistoryBuilder run;
  run.raw().job = JobStatus::running;
  run.raw().ended_us = seconds(1000);
  run.raw().progress_us = seconds(950);
  EXPECT_FALSE(ask(run).liveness.settled);
  EXPECT_TRUE(ask(run).findings.empty());
  run.raw().progress_us = seconds(850);
  EXPECT_EQ(story_of(ask(run).findings, "stuck"),
            "the job had not finished at 1000 s: nothing has gone further since 850 s and the bound is 120 s");
}

}  // namespace
}  // namespace onceproof::tests
