// SPDX-License-Identifier: Apache-2.0
// The task manager alone: what it accepts, what it refuses, and what it says until it is heard.
#include "runtime/cluster/task_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/mail_to.h"

namespace onceproof::tests {
namespace {

using cluster::DeployOutcome;
using dataflow::TaskState;
using env::MailKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const env::Address kJobManager{0, env::kMainEndpoint};

class TaskManagerTest : public ::testing::Test {
 protected:
  TaskManagerTest() : task_manager(world, {0, 2}) { fire(task_manager, MailKind::start); }

  uint64_t asked_incarnation() {
    const auto asked = take_sent<cluster::RegisterTaskManager>(world, MailKind::register_task_manager);
    return asked.empty() ? 0 : asked.back().incarnation;
  }
  void registered(uint64_t session, uint64_t by_incarnation) {
    deliver(task_manager, MailKind::registered, kJobManager,
            encode(cluster::Registered{session, by_incarnation, {}}));
  }
  void join(uint64_t session = 1) { registered(session, incarnation = asked_incarnation()); }
  DeployOutcome deploy(uint64_t attempt, uint64_t session, uint64_t to_incarnation, int32_t subtask = 0) {
    cluster::DeployTask message;
    message.incarnation = to_incarnation;
    message.task.session = session;
    message.task.attempt = attempt;
    message.task.subtask.subtask = subtask;
    world.sent.clear();
    deliver(task_manager, MailKind::deploy_task, kJobManager, encode(message));
    const auto answers = take_sent<cluster::DeployAnswer>(world, MailKind::deploy_answer);
    EXPECT_EQ(answers.size(), 1u) << "every deployment is answered";
    return answers.empty() ? DeployOutcome::no_slot : answers.front().outcome;
  }
  void cancel(uint64_t attempt) {
    deliver(task_manager, MailKind::cancel_task, kJobManager, encode(cluster::AttemptOf{1, attempt}));
  }
  void task_says(uint64_t attempt, TaskState state) {
    deliver(task_manager, MailKind::task_update, {1, attempt}, encode(dataflow::TaskStateReport{1, attempt, state, ""}));
  }
  std::vector<uint64_t> listed_at_heartbeat() {
    world.sent.clear();
    deliver(task_manager, MailKind::heartbeat_request, kJobManager,
            encode(cluster::HeartbeatRequest{1, incarnation, 7}));
    std::vector<uint64_t> attempts;
    for (const auto& reply : take_sent<cluster::HeartbeatReply>(world, MailKind::heartbeat_reply)) {
      for (const auto& report : reply.attempts) attempts.push_back(report.attempt);
    }
    return attempts;
  }

  FakeEnv world;
  cluster::TaskManager task_manager;
  uint64_t incarnation = 0;
};

TEST_F(TaskManagerTest, AsksForItsRegistrationAgainAfterEverLongerWaits) {
  fire_timer(world, task_manager, MailKind::registration_retry);
  const DurationUs first_us = world.posted.back().delay_us;
  fire_timer(world, task_manager, MailKind::registration_retry);
  EXPECT_EQ(world.posted.back().delay_us, 2 * first_us);
  EXPECT_EQ(world.count(MailKind::register_task_manager), 3);
}

TEST_F(TaskManagerTest, ALostConnectionBringsTheNextRequestForward) {
  const DurationUs first_us = world.posted.back().delay_us;
  for (int i = 0; i < 5; ++i) fire_timer(world, task_manager, MailKind::registration_retry);
  EXPECT_GT(world.posted.back().delay_us, first_us);
  fire(task_manager, MailKind::connection_lost, 0);
  EXPECT_EQ(world.posted.back().delay_us, first_us);
  EXPECT_EQ(world.count(MailKind::register_task_manager), 6);  // and not at once: nobody may be there yet
  fire_timer(world, task_manager, MailKind::registration_retry);
  EXPECT_EQ(world.posted.back().delay_us, first_us) << "whoever is asked next may be on its way up: it is asked soon again";
}

TEST_F(TaskManagerTest, ADeploymentBeforeTheRegistrationIsRefusedNotDropped) {
  EXPECT_EQ(deploy(100, 1, asked_incarnation()), DeployOutcome::not_registered);
  EXPECT_THAT(world.spawned, IsEmpty());
}

TEST_F(TaskManagerTest, ADeploymentForAnotherSessionOrLifeIsRefused) {
  join();
  EXPECT_EQ(deploy(100, 2, incarnation), DeployOutcome::wrong_session);
  EXPECT_EQ(deploy(100, 1, incarnation + 1), DeployOutcome::wrong_incarnation);
  EXPECT_THAT(world.spawned, IsEmpty());
}

TEST_F(TaskManagerTest, ALifeIsNotTheClock) {
  FakeEnv other;
  other.now_us = seconds(9);
  cluster::TaskManager later(other, {0, 2});
  fire(later, MailKind::start);
  const auto asked = take_sent<cluster::RegisterTaskManager>(other, MailKind::register_task_manager);
  join();
  EXPECT_EQ(asked.front().incarnation, incarnation);  // the same stream, whatever the time
  const uint64_t before = incarnation;
  fire(task_manager, MailKind::connection_lost, 0);
  EXPECT_NE(asked_incarnation(), before);
}

TEST_F(TaskManagerTest, ADeploymentThatIsSentTwiceStartsOnce) {
  join();
  EXPECT_EQ(deploy(100, 1, incarnation), DeployOutcome::accepted);
  EXPECT_EQ(deploy(100, 1, incarnation), DeployOutcome::accepted);
  EXPECT_THAT(world.spawned, ElementsAre(100u));
}

TEST_F(TaskManagerTest, AnAttemptThatWasCancelledBeforeItCameNeverStarts) {
  join();
  cancel(100);
  EXPECT_EQ(world.count(MailKind::cancel_done), 1);
  EXPECT_EQ(deploy(100, 1, incarnation), DeployOutcome::attempt_over);
  EXPECT_THAT(world.spawned, IsEmpty());
}

TEST_F(TaskManagerTest, CancellationIsAcknowledgedWhenTheTaskHasStopped) {
  join();
  deploy(100, 1, incarnation);
  cancel(100);
  EXPECT_EQ(world.count(MailKind::cancel_task), 1);  // to the task, which may not have begun
  EXPECT_EQ(world.count(MailKind::cancel_done), 0);
  task_says(100, TaskState::canceled);
  EXPECT_EQ(world.count(MailKind::cancel_done), 1);
  EXPECT_EQ(deploy(100, 1, incarnation), DeployOutcome::attempt_over);
}

TEST_F(TaskManagerTest, WhatATaskCameToIsRepeatedUntilTheJobManagerHasHeardIt) {
  join();
  deploy(100, 1, incarnation);
  EXPECT_THAT(listed_at_heartbeat(), ElementsAre(100u));
  task_says(100, TaskState::failed);
  EXPECT_THAT(listed_at_heartbeat(), ElementsAre(100u));
  deliver(task_manager, MailKind::forget_task, kJobManager, encode(cluster::AttemptOf{1, 100}));
  EXPECT_THAT(listed_at_heartbeat(), IsEmpty());
}

TEST_F(TaskManagerTest, WhyATaskFailedReachesTheJobManagerWhole) {
  join();
  deploy(100, 1, incarnation);
  const dataflow::TaskStateReport said{1, 100, TaskState::failed, "the log has lost it", dataflow::Failure::permanent};
  deliver(task_manager, MailKind::task_update, {1, 100}, encode(said));
  const auto heard = take_sent<dataflow::TaskStateReport>(world, MailKind::task_state);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].reason, said.reason);
  EXPECT_EQ(heard[0].failure, said.failure);
}

TEST_F(TaskManagerTest, HasNoRoomForMoreSubtasksThanSlots) {
  join();
  EXPECT_EQ(deploy(100, 1, incarnation, 0), DeployOutcome::accepted);
  EXPECT_EQ(deploy(101, 1, incarnation, 1), DeployOutcome::accepted);
  EXPECT_EQ(deploy(102, 1, incarnation, 1), DeployOutcome::accepted);  // slot sharing
  EXPECT_EQ(deploy(103, 1, incarnation, 2), DeployOutcome::no_slot);
}

TEST_F(TaskManagerTest, ANewerJobManagersAnswerWinsOverAnOlderOne) {
  join(1);
  deploy(100, 1, incarnation);
  registered(2, incarnation);
  EXPECT_EQ(world.count(MailKind::cancel_task), 1);  // the older one's task
  registered(1, incarnation);                        // late
  EXPECT_EQ(deploy(200, 2, incarnation), DeployOutcome::accepted);
  EXPECT_EQ(deploy(101, 1, incarnation), DeployOutcome::wrong_session);
}

TEST_F(TaskManagerTest, RegistersAgainWhenTheJobManagerBelievesInAnotherLife) {
  join();
  deploy(100, 1, incarnation);
  world.sent.clear();
  deliver(task_manager, MailKind::heartbeat_request, kJobManager,
          encode(cluster::HeartbeatRequest{1, incarnation + 1, 1}));
  EXPECT_EQ(world.count(MailKind::cancel_task), 1);
  EXPECT_NE(asked_incarnation(), incarnation);
}

TEST_F(TaskManagerTest, IsQuietOnceTheJobIsOver) {
  join();
  deploy(100, 1, incarnation);
  world.sent.clear();
  deliver(task_manager, MailKind::job_finished, kJobManager, encode(cluster::AttemptOf{1, 0}));
  EXPECT_EQ(world.count(MailKind::cancel_task), 1);
  world.sent.clear();
  fire(task_manager, MailKind::connection_lost, 0);
  fire(task_manager, MailKind::registration_retry);
  EXPECT_THAT(world.sent, IsEmpty());
}

}  // namespace
}  // namespace onceproof::tests
