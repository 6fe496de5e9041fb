// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/guarantee.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scripted_program.h"

namespace onceproof::scenarios {
namespace {

using graph::BarrierMode;
using graph::JobConfig;
using graph::OffsetCommit;
using graph::SinkMode;
using testing::HasSubstr;

JobConfig job_with(const Stack& stack) {
  JobConfig job;
  apply(stack, job);
  return job;
}

JobConfig windowed_job_with(const Stack& stack) {
  JobConfig job = job_with(stack);
  graph::LogicalNode window = tests::map_node("window", {{0, graph::Exchange::hash}});
  window.keyed = true;
  job.plan.nodes = {tests::source_node("source"), window, tests::sink_node("sink", {{1}})};
  return job;
}

checkers::Condition condition_of(const JobConfig& job, const std::string& kind) {
  for (const checkers::Condition& condition : derive(job).conditions) {
    if (condition.kind == kind) return condition;
  }
  return {};
}

TEST(Guarantee, EachConsistentStackGuaranteesWhatItsNameSays) {
  for (const Guarantee guarantee : all_guarantees()) {
    const JobConfig job = job_with(stack_for(guarantee));
    EXPECT_EQ(derive(job).guarantee, guarantee) << checkers::to_string(guarantee);
    EXPECT_TRUE(check_consistent(job).ok());
    EXPECT_EQ(stack_of(job), stack_for(guarantee));
    EXPECT_EQ(guarantee_named(checkers::to_string(guarantee)), guarantee);
  }
  EXPECT_EQ(guarantee_named("twice"), std::nullopt);
}

TEST(Guarantee, TheWeakestLinkDecides) {
  Stack stack = stack_for(Guarantee::exactly_once);
  stack.barriers = BarrierMode::at_least_once;
  EXPECT_EQ(derive(windowed_job_with(stack)).guarantee, Guarantee::at_least_once);
  EXPECT_EQ(derive(windowed_job_with(stack)).weakest, "state");

  stack = stack_for(Guarantee::exactly_once);
  stack.sink = SinkMode::flush;
  EXPECT_EQ(derive(job_with(stack)).guarantee, Guarantee::at_least_once);
  EXPECT_EQ(derive(job_with(stack)).weakest, "sink");

  stack = stack_for(Guarantee::exactly_once);
  stack.offsets = OffsetCommit::before_processing;
  EXPECT_EQ(derive(job_with(stack)).guarantee, Guarantee::at_most_once);
  EXPECT_EQ(derive(job_with(stack)).weakest, "source offsets");
}

TEST(Guarantee, LosingAndReplayingTogetherGuaranteeNothing) {
  Stack stack = stack_for(Guarantee::at_least_once);
  stack.sink = SinkMode::fire_and_forget;
  EXPECT_EQ(derive(job_with(stack)).guarantee, Guarantee::none);
}

// Offsets that are never replayed, and state that is: the windows in it fire again.
TEST(Guarantee, RestoredStateRepeatsResultsThatAPlainSinkHasWrittenAlready) {
  for (const SinkMode sink : {SinkMode::flush, SinkMode::fire_and_forget}) {
    for (const BarrierMode barriers : {BarrierMode::aligned, BarrierMode::at_least_once}) {
      const Stack early{OffsetCommit::before_processing, true, barriers, sink};
      EXPECT_EQ(derive(windowed_job_with(early)).guarantee, Guarantee::none);
      EXPECT_EQ(derive(job_with(early)).guarantee, Guarantee::at_most_once) << "nothing is kept that could repeat";
      Stack stateless = early;
      stateless.checkpoints = false;
      EXPECT_EQ(derive(windowed_job_with(stateless)).guarantee, Guarantee::at_most_once);
    }
  }
  const Stack taken_back{OffsetCommit::before_processing, true, BarrierMode::aligned, SinkMode::transactional};
  EXPECT_EQ(derive(windowed_job_with(taken_back)).guarantee, Guarantee::at_most_once);
}

// A barrier can be overtaken only where a task has several channels.
TEST(Guarantee, BarriersThatNothingCanOvertakeAreAsGoodAsAlignedOnes) {
  Stack stack = stack_for(Guarantee::exactly_once);
  stack.barriers = BarrierMode::at_least_once;
  EXPECT_EQ(derive(job_with(stack)).guarantee, Guarantee::exactly_once) << "one chain: no channel at all";
  JobConfig one = windowed_job_with(stack);
  one.plan.parallelism = 1;
  EXPECT_EQ(derive(one).guarantee, Guarantee::exactly_once) << "one channel for each task";
  one.plan.parallelism = 2;
  EXPECT_EQ(derive(one).guarantee, Guarantee::at_least_once);
}

// What a zombie still writes comes behind its successor's records: unless it is fenced, or they were read again.
TEST(Guarantee, OrderHoldsBetweenAttemptsWhereTheyAreFencedOrReplayed) {
  for (const OffsetCommit offsets : {OffsetCommit::with_checkpoint, OffsetCommit::before_processing}) {
    const auto order = [&](SinkMode sink) {
      return derive(job_with({offsets, true, BarrierMode::aligned, sink})).order;
    };
    EXPECT_EQ(order(SinkMode::transactional), Order::by_key);
    EXPECT_EQ(order(SinkMode::fire_and_forget), Order::within_attempt);
    EXPECT_EQ(order(SinkMode::flush),
              offsets == OffsetCommit::with_checkpoint ? Order::by_key : Order::within_attempt);
  }
}

TEST(Guarantee, AClaimWithoutLossSaysHowOftenTheJobMayRestart) {
  JobConfig job = job_with(stack_for(Guarantee::at_least_once));
  EXPECT_TRUE(condition_of(job, "restarts").kind.empty()) << "without a limit there is no condition";
  job.restart.attempts = 3;
  EXPECT_EQ(condition_of(job, "restarts").text, "the job restarts 3 times at most");
  EXPECT_EQ(condition_of(job, "restarts").setting, "restart.attempts");
  job.restart.strategy = graph::RestartStrategyKind::none;
  EXPECT_EQ(condition_of(job, "restarts").limit, 0);
  EXPECT_EQ(condition_of(job, "restarts").setting, "restart.strategy");
  apply(stack_for(Guarantee::at_most_once), job);
  EXPECT_TRUE(condition_of(job, "restarts").kind.empty()) << "what may be lost needs no restart";
}

TEST(Guarantee, ALongPauseBetweenCheckpointsMakesATransactionOlder) {
  JobConfig job = job_with(stack_for(Guarantee::exactly_once));
  const DurationUs before_us = condition_of(job, "epoch").limit_us;
  job.checkpoint.min_pause_us = job.checkpoint.interval_us + seconds(7);
  EXPECT_EQ(condition_of(job, "epoch").limit_us, before_us + seconds(7));
}

TEST(Guarantee, EveryReasonSaysWhy) {
  for (const Guarantee guarantee : all_guarantees()) {
    for (const Reason& reason : derive(job_with(stack_for(guarantee))).reasons) {
      EXPECT_FALSE(reason.part.empty());
      EXPECT_FALSE(reason.setting.empty());
      EXPECT_GT(reason.why.size(), 20u) << reason.part;
    }
  }
}

TEST(Guarantee, ATransactionTimeoutAboveTheBrokersMaximumIsRefused) {
  JobConfig job = job_with(stack_for(Guarantee::exactly_once));
  job.sink.transaction_timeout_us = seconds(900) + 1000;
  const Status status = check_consistent(job);
  EXPECT_EQ(status.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(status.error().message, HasSubstr("above the broker's maximum of 900000"));
  job.sink.transaction_timeout_us = seconds(900);
  EXPECT_TRUE(check_consistent(job).ok());
}

TEST(Guarantee, ATransactionTimeoutBelowTheCheckpointIntervalIsRefused) {
  JobConfig job = job_with(stack_for(Guarantee::exactly_once));
  job.sink.transaction_timeout_us = job.checkpoint.interval_us - 1000;
  EXPECT_THAT(check_consistent(job).error().message, HasSubstr("below the checkpoint interval of 5000 ms"));
  apply(stack_for(Guarantee::at_least_once), job);
  EXPECT_TRUE(check_consistent(job).ok()) << "only transactional sinks have the timeout";
}

TEST(Guarantee, ATransactionalSinkWithoutCheckpointsIsRefused) {
  Stack stack = stack_for(Guarantee::exactly_once);
  stack.checkpoints = false;
  EXPECT_THAT(check_consistent(job_with(stack)).error().message, HasSubstr("checkpoints are off"));
}

// interval + checkpoint timeout, once for each failure that is tolerated, then detection and the restart's delay.
TEST(Guarantee, ATransactionTimeoutThatTheLongestEpochAndARecoveryOutlastLoses) {
  JobConfig job = job_with(stack_for(Guarantee::exactly_once));
  job.checkpoint.interval_us = seconds(5);
  job.checkpoint.timeout_us = seconds(60);
  job.checkpoint.tolerable_failures = 2;
  job.heartbeat.timeout_us = seconds(5);
  job.restart.delay_us = seconds(1);
  job.sink.transaction_timeout_us = seconds(201);
  EXPECT_EQ(derive(job).guarantee, Guarantee::exactly_once);
  EXPECT_TRUE(derive(job).warnings.empty());
  EXPECT_EQ(condition_of(job, "recovery").limit_us, seconds(6));
  EXPECT_EQ(condition_of(job, "recovery").text, "every recovery takes less than 6000 ms");
  EXPECT_EQ(condition_of(job, "epoch").limit_us, seconds(195));

  job.sink.transaction_timeout_us = seconds(201) - 1;
  EXPECT_EQ(derive(job).guarantee, Guarantee::at_most_once);
  EXPECT_EQ(derive(job).weakest, "sink");
  EXPECT_FALSE(derive(job).warnings.empty());
  EXPECT_TRUE(condition_of(job, "recovery").kind.empty());

  job.restart.strategy = graph::RestartStrategyKind::exponential_delay;
  job.restart.max_backoff_us = seconds(20);
  job.sink.transaction_timeout_us = seconds(201);
  EXPECT_EQ(derive(job).guarantee, Guarantee::at_most_once) << "a restart may wait 20 s";
  job.sink.transaction_timeout_us = seconds(220);
  EXPECT_EQ(derive(job).guarantee, Guarantee::exactly_once);
  job.restart.strategy = graph::RestartStrategyKind::fixed_delay;

  job.checkpoint.tolerable_failures = 3;
  job.sink.transaction_timeout_us = seconds(201);
  EXPECT_EQ(derive(job).guarantee, Guarantee::at_most_once) << "one more failed checkpoint keeps it open longer";
}

}  // namespace
}  // namespace onceproof::scenarios
