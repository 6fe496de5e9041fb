// SPDX-License-Identifier: Apache-2.0
// The checkpoint coordinator alone: the rules of Flink's CheckpointCoordinatorTest that exactly-once stands on.
#include "runtime/checkpoint/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_env.h"

namespace onceproof::tests {
namespace {

using env::MailKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CoordinatorTest : public ::testing::Test, public checkpoint::CoordinatorHost {
 protected:
  CoordinatorTest() : store(world.disk, "checkpoints", 1), ids(world.disk, "checkpoints/ids", 1000) {
    ids.reserve([](const Status&) {});
    world.disk.run();
  }
  void start(graph::CheckpointConfig config = {}) {
    coordinator = std::make_unique<checkpoint::Coordinator>(world, config, bugs, store, *this, ids);
    coordinator->start({{101, {0, 0}}, {102, {1, 0}}});
    coordinator->on_interval();
  }
  void acknowledge(uint64_t attempt, uint64_t id) {
    coordinator->acknowledge({attempt, {static_cast<int32_t>(attempt - 101), 0}}, id, "state", "");
  }
  void trigger_sources(uint64_t id, TimeUs, bool) override { calls.push_back("trigger " + std::to_string(id)); }
  void notify_complete(uint64_t id) override { calls.push_back("complete " + std::to_string(id)); }
  void notify_aborted(uint64_t id, uint64_t latest) override {
    calls.push_back("abort " + std::to_string(id) + " latest " + std::to_string(latest));
  }
  void too_many_failures(const std::string&) override { calls.push_back("fail job"); }

  FakeEnv world;
  SeededBugs bugs;
  checkpoint::CompletedCheckpointStore store;
  checkpoint::CheckpointIds ids;
  std::unique_ptr<checkpoint::Coordinator> coordinator;
  std::vector<std::string> calls;
};

TEST_F(CoordinatorTest, TellsTheTasksOnlyAfterTheCheckpointIsInTheStore) {
  start();
  acknowledge(101, 1);
  acknowledge(102, 1);
  EXPECT_THAT(calls, ElementsAre("trigger 1"));
  world.disk.run();
  EXPECT_THAT(calls, ElementsAre("trigger 1", "complete 1"));
  ASSERT_NE(store.latest(), nullptr);
  EXPECT_EQ(store.latest()->id, 1u);
}

TEST_F(CoordinatorTest, AcknowledgementsOfOtherAttemptsDoNotCount) {
  start();
  acknowledge(101, 1);
  coordinator->acknowledge({999, {1, 0}}, 1, "state", "");
  world.disk.run();
  EXPECT_EQ(store.latest(), nullptr);
}

TEST_F(CoordinatorTest, TheSeededBugAcceptsThem) {
  bugs.add(SeededBug::accept_stale_ack);
  start();
  acknowledge(101, 1);
  coordinator->acknowledge({999, {1, 0}}, 1, "state", "");
  world.disk.run();
  EXPECT_NE(store.latest(), nullptr);
}

TEST_F(CoordinatorTest, ARepeatedAcknowledgementCountsOnce) {
  start();
  acknowledge(101, 1);
  acknowledge(101, 1);
  world.disk.run();
  EXPECT_EQ(store.latest(), nullptr);
}

TEST_F(CoordinatorTest, OneDeclineAbortsAndAnUntoleratedFailureFailsTheJob) {
  start();
  coordinator->decline(102, 1, "CHECKPOINT_ASYNC_EXCEPTION");
  EXPECT_THAT(calls, ElementsAre("trigger 1", "abort 1 latest 0", "fail job"));
}

TEST_F(CoordinatorTest, DeclinesThatAreNoFailuresDoNotFailTheJob) {
  start();
  coordinator->decline(102, 1, "CHECKPOINT_DECLINED_TASK_NOT_READY");
  EXPECT_THAT(calls, ElementsAre("trigger 1", "abort 1 latest 0"));
}

TEST_F(CoordinatorTest, LateAcknowledgementsOfAnExpiredCheckpointAreIgnored) {
  graph::CheckpointConfig config;
  config.tolerable_failures = 1;
  start(config);
  acknowledge(101, 1);
  coordinator->on_timeout(1);
  acknowledge(102, 1);
  world.disk.run();
  EXPECT_THAT(calls, ElementsAre("trigger 1", "abort 1 latest 0"));
  EXPECT_EQ(store.latest(), nullptr);
}

TEST_F(CoordinatorTest, StoppingAbortsWhatIsPendingAndTriggersNoMore) {
  start();
  coordinator->stop("JOB_FAILOVER_REGION");
  coordinator->on_interval();
  EXPECT_THAT(calls, ElementsAre("trigger 1", "abort 1 latest 0"));
}

TEST_F(CoordinatorTest, MinPauseCountsFromTheLastCompletion) {
  graph::CheckpointConfig config;
  config.min_pause_us = seconds(3);
  start(config);
  acknowledge(101, 1);
  acknowledge(102, 1);
  world.now_us = seconds(10);
  world.disk.run();
  calls.clear();
  world.now_us = seconds(12);
  coordinator->on_interval();
  EXPECT_THAT(calls, IsEmpty());
  EXPECT_EQ(world.posted.back().kind, MailKind::checkpoint_interval);
  EXPECT_EQ(world.posted.back().delay_us, seconds(1));
}

TEST_F(CoordinatorTest, TheFinalCheckpointIsTriggeredAtOnceOrAsSoonAsThePendingOneIsOver) {
  start();
  coordinator->request_final();
  EXPECT_THAT(calls, ElementsAre("trigger 1"));
  acknowledge(101, 1);
  acknowledge(102, 1);
  world.disk.run();
  EXPECT_EQ(world.posted.back().kind, MailKind::checkpoint_interval);
  EXPECT_EQ(world.posted.back().delay_us, 0);
}

}  // namespace
}  // namespace onceproof::tests
