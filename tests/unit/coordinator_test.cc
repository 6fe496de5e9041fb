// SPDX-License-Identifier: Apache-2.0
// The checkpoint coordinator alone: the rules of Flink's CheckpointCoordinatorTest, CheckpointRequestDeciderTest and
// CheckpointFailureManagerTest that exactly-once stands on.
#include "runtime/checkpoint/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/coordinator_under_test.h"

namespace onceproof::tests {
namespace {

using checkpoint::AckResult;
using checkpoint::Reason;
using env::MailKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ---- acknowledgements ----------------------------------------------------------------------------------

TEST_F(CoordinatorTest, TellsTheTasksOnlyAfterTheCheckpointIsInTheStore) {
  start();
  acknowledge_all(1);
  EXPECT_THAT(said(), ElementsAre("trigger 1"));
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("complete 1"));
  ASSERT_NE(store.latest(), nullptr);
  EXPECT_EQ(store.latest()->id, 1u);
}

TEST_F(CoordinatorTest, AcknowledgementsOfOtherAttemptsDoNotCount) {
  start();
  acknowledge(101, 1);
  EXPECT_EQ(coordinator->acknowledge({999, {1, 0}}, 1, "state", ""), AckResult::unknown);
  storage_answers();
  EXPECT_EQ(store.latest(), nullptr);
}

TEST_F(CoordinatorTest, ARepeatedAcknowledgementCountsOnce) {
  start();
  EXPECT_EQ(acknowledge(101, 1), AckResult::success);
  EXPECT_EQ(acknowledge(101, 1), AckResult::duplicate);
  storage_answers();
  EXPECT_EQ(store.latest(), nullptr);
}

TEST_F(CoordinatorTest, OneDeclineAbortsAndAnUntoleratedFailureFailsTheJob) {
  start();
  coordinator->decline(102, 1, Reason::async_exception);
  EXPECT_THAT(said(), ElementsAre("trigger 1", "abort 1 latest 0", "fail job"));
}

TEST_F(CoordinatorTest, ADeclineOfAnAttemptThatIsNotInThePlanIsIgnored) {
  start();
  coordinator->decline(999, 1, Reason::async_exception);
  coordinator->decline(102, 7, Reason::async_exception);
  EXPECT_THAT(said(), ElementsAre("trigger 1"));
}

TEST_F(CoordinatorTest, StoppingAbortsWhatIsPendingAndTriggersNoMore) {
  start();
  coordinator->stop(Reason::job_failover_region);
  coordinator->on_interval();
  EXPECT_THAT(said(), ElementsAre("trigger 1", "abort 1 latest 0"));
}

// ---- state files ---------------------------------------------------------------------------------------

TEST_F(CoordinatorTest, StateFilesOfAnAbortedCheckpointAreRemoved) {
  start(every_five_seconds());
  acknowledge(101, 1, "checkpoints/chk-1/task-101");
  coordinator->decline(102, 1, Reason::async_exception);
  storage_answers();
  EXPECT_THAT(world.disk.paths("checkpoints/chk-"), IsEmpty());
}

TEST_F(CoordinatorTest, StateFilesOfLateAndForeignAcknowledgementsAreRemoved) {
  start(every_five_seconds());
  EXPECT_EQ(acknowledge(999, 1, "checkpoints/chk-1/task-999"), AckResult::unknown);
  coordinator->on_timeout(1);
  EXPECT_EQ(acknowledge(102, 1, "checkpoints/chk-1/task-102"), AckResult::expired);
  storage_answers();
  EXPECT_THAT(world.disk.paths("checkpoints/chk-"), IsEmpty());
  EXPECT_EQ(store.latest(), nullptr);
}

TEST_F(CoordinatorTest, ARepeatedAcknowledgementDoesNotTakeTheStateAway) {
  start();
  const std::string file = "checkpoints/chk-1/task-101";
  acknowledge(101, 1, file);
  EXPECT_EQ(acknowledge(101, 1, file), AckResult::duplicate);
  acknowledge(102, 1);
  EXPECT_EQ(acknowledge(101, 1, file), AckResult::duplicate) << "while it is being stored";
  storage_answers();
  EXPECT_EQ(acknowledge(101, 1, file), AckResult::late) << "and when it is complete";
  storage_answers();
  EXPECT_TRUE(world.disk.exists(file));
}

TEST_F(CoordinatorTest, WhatTasksLeftBehindForAnAbortedCheckpointGoesWithTheNextCompletion) {
  start(every_five_seconds());
  world.disk.put("checkpoints/chk-1/task-102", "tor");  // its task died while it wrote
  coordinator->on_timeout(1);
  coordinator->on_interval();
  acknowledge(101, 2, "checkpoints/chk-2/task-101");
  acknowledge(102, 2);
  storage_answers();
  EXPECT_THAT(world.disk.paths("checkpoints/chk-"), ElementsAre("checkpoints/chk-2/task-101"));
}

// ---- when checkpoints are triggered --------------------------------------------------------------------

TEST_F(CoordinatorTest, TheFirstOneComesAtARandomMomentBetweenThePauseAndTheInterval) {
  graph::CheckpointConfig config;
  config.min_pause_us = seconds(3);
  coordinator = std::make_unique<checkpoint::Coordinator>(world, config, bugs, store, *this, ids);
  std::set<DurationUs> delays;
  for (int i = 0; i < 50; ++i) {
    coordinator->start(plan());
    EXPECT_GE(next_interval_us(), seconds(3));
    EXPECT_LE(next_interval_us(), seconds(5));
    delays.insert(next_interval_us());
    coordinator->stop(Reason::coordinator_suspend);
  }
  EXPECT_GT(delays.size(), 40u);
}

TEST_F(CoordinatorTest, TheIntervalIsNeverShorterThanThePause) {
  graph::CheckpointConfig config;
  config.interval_us = seconds(1);
  config.min_pause_us = seconds(4);
  coordinator = std::make_unique<checkpoint::Coordinator>(world, config, bugs, store, *this, ids);
  coordinator->start(plan());
  EXPECT_EQ(next_interval_us(), seconds(4));
}

TEST_F(CoordinatorTest, TheRateIsFixedAndWhatWasMissedIsMadeUpForOnce) {
  coordinator = std::make_unique<checkpoint::Coordinator>(world, every_five_seconds(10), bugs, store, *this, ids);
  coordinator->start(plan());
  const TimeUs first = next_interval_us();
  const auto delay_after_firing_at = [&](TimeUs now_us) {
    world.now_us = now_us;
    const size_t before = world.posted.size();
    coordinator->on_interval();
    EXPECT_EQ(world.posted[before].kind, MailKind::checkpoint_interval);
    return world.posted[before].delay_us;
  };
  EXPECT_EQ(delay_after_firing_at(first + seconds(1)), seconds(4)) << "planned from when it was to fire";
  EXPECT_EQ(delay_after_firing_at(first + seconds(40)), 0);
  EXPECT_EQ(delay_after_firing_at(first + seconds(40)), seconds(5));
  EXPECT_THAT(said(), ElementsAre("trigger 1", "trigger 2", "trigger 3"));
}

TEST_F(CoordinatorTest, MinPauseCountsFromTheLastCompletion) {
  graph::CheckpointConfig config;
  config.min_pause_us = seconds(3);
  start(config);
  acknowledge_all(1);
  world.now_us = seconds(10);
  storage_answers();
  said();
  world.now_us = seconds(12);
  coordinator->on_interval();
  EXPECT_THAT(said(), IsEmpty());
  EXPECT_EQ(next_interval_us(), seconds(1));
  world.now_us = seconds(13);
  coordinator->on_interval();
  EXPECT_THAT(said(), ElementsAre("trigger 2"));
}

TEST_F(CoordinatorTest, ARequestThatMeetsAFullSetRunsWhenOneIsOver) {
  start(every_five_seconds());
  coordinator->on_interval();
  coordinator->on_interval();  // one with the first
  EXPECT_THAT(said(), ElementsAre("trigger 1"));
  acknowledge_all(1);
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("complete 1", "trigger 2"));
  coordinator->on_interval();
  coordinator->decline(101, 2, Reason::declined);
  EXPECT_THAT(said(), ElementsAre("abort 2 latest 1", "trigger 3"));
  acknowledge_all(3);
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("complete 3")) << "nobody asked for another";
}

TEST_F(CoordinatorTest, WithoutIdsARequestWaitsForTheStorage) {
  checkpoint::CheckpointIds few(world.disk, "checkpoints/few", 1);
  few.reserve([](const Status&) {});
  storage_answers();
  world.disk.hang("checkpoints/few");
  coordinator = std::make_unique<checkpoint::Coordinator>(world, every_five_seconds(10), bugs, store, *this, few);
  coordinator->start(plan());
  coordinator->on_interval();
  coordinator->on_interval();
  EXPECT_THAT(said(), ElementsAre("trigger 1"));
  EXPECT_EQ(next_interval_us(), every_five_seconds().storage_retry_us);
  world.disk.release();
  storage_answers();
  coordinator->on_interval();
  EXPECT_THAT(said(), ElementsAre("trigger 2"));
}

// ---- the final checkpoint ------------------------------------------------------------------------------

TEST_F(CoordinatorTest, TheFinalCheckpointIsTriggeredAtOnceOrAsSoonAsThePendingOneIsOver) {
  start();
  coordinator->request_final();
  EXPECT_THAT(said(), ElementsAre("trigger 1"));
  acknowledge_all(1);
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("complete 1", "trigger final 2"));
}

TEST_F(CoordinatorTest, NothingIsTriggeredBesideOrBehindTheFinalCheckpoint) {
  start(every_five_seconds(4));
  coordinator->request_final();
  coordinator->request_final();
  coordinator->on_interval();
  EXPECT_THAT(said(), ElementsAre("trigger 1", "trigger final 2"));
  acknowledge_all(2);
  storage_answers();
  coordinator->on_interval();
  coordinator->request_final();
  EXPECT_THAT(said(), ElementsAre("abort 1 latest 2", "complete 2"));
}

TEST_F(CoordinatorTest, AFinalCheckpointThatFailsIsTriedAgainWithTheNextPeriodicRequest) {
  start(every_five_seconds());
  coordinator->decline(101, 1, Reason::declined);
  coordinator->request_final();
  coordinator->decline(102, 2, Reason::declined_task_not_ready);
  EXPECT_THAT(said(), ElementsAre("trigger 1", "abort 1 latest 0", "trigger final 2", "abort 2 latest 0"));
  coordinator->on_interval();
  EXPECT_THAT(said(), ElementsAre("trigger final 3"));
}

}  // namespace
}  // namespace onceproof::tests
