// SPDX-License-Identifier: Apache-2.0
// The job manager alone, before two task managers (processes 5 and 6): what it does when answers are late, lost or
// strange. The job is log source -> log sink, so every subtask is a region of its own.
#include "runtime/cluster/job_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/mail_to.h"
#include "tests/support/scripted_program.h"

namespace onceproof::tests {
namespace {

using cluster::DeployOutcome;
using dataflow::TaskState;
using env::MailKind;
using env::Point;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

graph::JobConfig job_of(int32_t parallelism) {
  graph::JobConfig job;
  job.plan = graph_of({source_node("source"), sink_node("sink", {{0}})}, parallelism);
  job.checkpoint.tolerable_failures = 0;
  return job;
}

class JobManagerTest : public ::testing::Test {
 protected:
  struct Deployed {
    uint64_t attempt;
    env::ProcessId on;
    uint64_t incarnation;
  };
  void start(const graph::JobConfig& config) {
    job_manager = std::make_unique<cluster::JobManager>(world, cluster::JobManagerOptions{config, std::make_shared<ScriptedProgram>(config.plan), 2});
    fire(*job_manager, MailKind::start);
    world.disk.run();
  }
  void start_with_both(const graph::JobConfig& config) {
    start(config);
    join(5, 55);
    join(6, 66);
  }
  void join(env::ProcessId from, uint64_t incarnation) {
    say(from, MailKind::register_task_manager, cluster::RegisterTaskManager{incarnation, 2});
  }
  template <class Message>
  void say(env::ProcessId from, MailKind kind, const Message& message) {
    deliver(*job_manager, kind, {from, env::kMainEndpoint}, encode(message));
    world.disk.run();
  }
  std::vector<Deployed> deployments() {
    std::vector<Deployed> found;
    for (const Sent& sent : world.sent) {
      cluster::DeployTask message;
      if (sent.kind != MailKind::deploy_task || !decode(sent.body, message)) continue;
      found.push_back({message.task.attempt, sent.to.process, message.incarnation});
    }
    world.sent.clear();
    return found;
  }
  void answer(const Deployed& task, DeployOutcome outcome) {
    say(task.on, MailKind::deploy_answer, cluster::DeployAnswer{1, task.attempt, outcome});
  }
  void report(const Deployed& task, TaskState state) {
    say(task.on, MailKind::task_state, dataflow::TaskStateReport{1, task.attempt, state, ""});
  }
  // The task manager's reply to the latest heartbeat.
  void reply(env::ProcessId from, uint64_t incarnation, uint64_t round, std::vector<uint64_t> running) {
    cluster::HeartbeatReply message{1, incarnation, round, {}};
    for (const uint64_t attempt : running) message.attempts.push_back({1, attempt, TaskState::running, ""});
    say(from, MailKind::heartbeat_reply, message);
  }
  std::string status() const {
    std::string last;
    for (const Hit& hit : world.hits) {
      if (hit.point == Point::job_status) last = hit.text;
    }
    return last;
  }

  FakeEnv world;
  std::unique_ptr<cluster::JobManager> job_manager;
};

TEST_F(JobManagerTest, ADeploymentNamesTheLifeOfTheTaskManagerThatItIsFor) {
  start_with_both(job_of(2));
  const auto tasks = deployments();
  ASSERT_EQ(tasks.size(), 2u);
  for (const Deployed& task : tasks) EXPECT_EQ(task.incarnation, task.on == 5 ? 55u : 66u);
}

TEST_F(JobManagerTest, AnUnansweredDeploymentIsSentAgainAndInTheEndFailsItsRegion) {
  start_with_both(job_of(1));
  const auto first = deployments();
  ASSERT_EQ(first.size(), 1u);
  fire_timer(world, *job_manager, MailKind::deploy_deadline);
  const auto second = deployments();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].attempt, first[0].attempt);
  fire_timer(world, *job_manager, MailKind::deploy_deadline);
  EXPECT_EQ(world.count(Point::job_restart), 0);
  fire_timer(world, *job_manager, MailKind::deploy_deadline);
  EXPECT_EQ(world.count(Point::job_restart), 1);
}

TEST_F(JobManagerTest, AnAcceptedDeploymentIsNotSentAgain) {
  start_with_both(job_of(1));
  answer(deployments()[0], DeployOutcome::accepted);
  fire_timer(world, *job_manager, MailKind::deploy_deadline);
  EXPECT_THAT(deployments(), IsEmpty());
}

TEST_F(JobManagerTest, ATaskManagerThatDoesNotKnowYetThatItIsRegisteredIsAskedAgain) {
  start_with_both(job_of(1));
  answer(deployments()[0], DeployOutcome::not_registered);
  EXPECT_EQ(world.count(Point::job_restart), 0);
  fire_timer(world, *job_manager, MailKind::deploy_deadline);
  EXPECT_EQ(deployments().size(), 1u);
}

TEST_F(JobManagerTest, ATaskManagerOfAnotherLifeIsGivenUpAndTold) {
  start_with_both(job_of(1));
  answer(deployments()[0], DeployOutcome::wrong_incarnation);
  EXPECT_EQ(world.count(Point::task_manager_lost), 1);
  EXPECT_EQ(world.count(MailKind::disconnect_task_manager), 1);
}

TEST_F(JobManagerTest, ARestartWaitsUntilTheTaskManagerSaysThatTheTaskHasStopped) {
  graph::JobConfig job = job_of(1);
  job.plan.nodes[1].inputs[0].exchange = graph::Exchange::hash;
  start_with_both(job);
  const auto tasks = deployments();
  ASSERT_EQ(tasks.size(), 2u);
  for (const Deployed& task : tasks) answer(task, DeployOutcome::accepted);
  report(tasks[0], TaskState::failed);
  EXPECT_EQ(world.count(MailKind::cancel_task), 1);
  EXPECT_EQ(world.sent.back().to.endpoint, env::kMainEndpoint);  // not to the task, which may not have begun
  env::Mail bounced;
  bounced.kind = MailKind::unknown_endpoint;
  bounced.a = tasks[1].attempt;
  job_manager->on_mail(bounced);  // says nothing about a deployment that lies in a mailbox
  fire_timer(world, *job_manager, MailKind::restart_delay);
  EXPECT_THAT(deployments(), IsEmpty());
  say(tasks[1].on, MailKind::cancel_done, cluster::AttemptOf{1, tasks[1].attempt});
  EXPECT_EQ(deployments().size(), 2u);
}

TEST_F(JobManagerTest, ACancellationIsSentAgainAndThenItsTaskManagerIsGivenUp) {
  graph::JobConfig job = job_of(1);
  job.cluster.cancel_tries = 2;
  job.cluster.deploy_tries = 1;
  start_with_both(job);
  deployments();
  fire_timer(world, *job_manager, MailKind::deploy_deadline);  // never answered: fails
  world.sent.clear();
  fire_timer(world, *job_manager, MailKind::cancel_deadline);
  EXPECT_EQ(world.count(MailKind::cancel_task), 1);
  fire_timer(world, *job_manager, MailKind::cancel_deadline);
  EXPECT_EQ(world.count(Point::task_manager_lost), 1);
}

TEST_F(JobManagerTest, AnAttemptThatNobodyWantsIsToldToStop) {
  start_with_both(job_of(1));
  deployments();
  fire_timer(world, *job_manager, MailKind::heartbeat_interval);
  world.sent.clear();
  reply(6, 66, 1, {4711});
  ASSERT_EQ(world.count(MailKind::cancel_task), 1);
  EXPECT_EQ(world.sent.back().to.process, 6);
}

TEST_F(JobManagerTest, AnAttemptThatItsTaskManagerHasLostFailsItsRegion) {
  start_with_both(job_of(1));
  const Deployed task = deployments()[0];
  answer(task, DeployOutcome::accepted);
  reply(task.on, task.incarnation, 0, {});  // asked before the deployment was accepted: says nothing
  EXPECT_EQ(world.count(Point::job_restart), 0);
  fire_timer(world, *job_manager, MailKind::heartbeat_interval);
  reply(task.on, task.incarnation, 1, {task.attempt});
  EXPECT_EQ(world.count(Point::job_restart), 0);
  reply(task.on, task.incarnation, 1, {});
  EXPECT_EQ(world.count(Point::job_restart), 1);
}

TEST_F(JobManagerTest, ALostRunningReportIsHealedByTheNextHeartbeat) {
  start_with_both(job_of(1));
  const Deployed task = deployments()[0];
  fire_timer(world, *job_manager, MailKind::heartbeat_interval);
  reply(task.on, task.incarnation, 1, {task.attempt});
  fire_timer(world, *job_manager, MailKind::checkpoint_interval);
  EXPECT_EQ(world.count(MailKind::trigger_checkpoint), 1);
}

TEST_F(JobManagerTest, EndOfDataCountsAlsoWhereRunningWasNeverSeen) {
  start_with_both(job_of(2));
  const auto tasks = deployments();
  report(tasks[0], TaskState::finishing);
  EXPECT_EQ(world.count(MailKind::trigger_checkpoint), 0);
  report(tasks[1], TaskState::finishing);
  EXPECT_EQ(world.count(MailKind::trigger_checkpoint), 2);  // at once, not at the next interval
  report(tasks[1], TaskState::running);                     // late: changes nothing
}

TEST_F(JobManagerTest, OneFailoverIsChargedOnceHoweverManyRegionsItHits) {
  graph::JobConfig job = job_of(3);
  job.restart.attempts = 1;
  start_with_both(job);
  const auto tasks = deployments();
  ASSERT_EQ(tasks.size(), 3u);
  for (const Deployed& task : tasks) report(task, TaskState::running);
  fire_timer(world, *job_manager, MailKind::checkpoint_interval);
  say(tasks[0].on, MailKind::decline_checkpoint,
      dataflow::Decline{1, tasks[0].attempt, 1, checkpoint::Reason::async_exception});
  EXPECT_EQ(world.count(Point::job_restart), 3);
  EXPECT_EQ(status(), "running");
}

TEST_F(JobManagerTest, TheStrategySaysHowLongARestartWaits) {
  graph::JobConfig job = job_of(1);
  job.restart.strategy = graph::RestartStrategyKind::exponential_delay;
  job.restart.initial_backoff_us = seconds(3);
  job.restart.jitter_percent = 0;
  start_with_both(job);
  report(deployments()[0], TaskState::failed);
  const auto timer = std::find_if(world.posted.rbegin(), world.posted.rend(),
                                  [](const auto& posted) { return posted.kind == MailKind::restart_delay; });
  ASSERT_NE(timer, world.posted.rend());
  EXPECT_EQ(timer->delay_us, seconds(3));
}

TEST_F(JobManagerTest, ALostTaskManagerIsOneFailoverToo) {
  graph::JobConfig job = job_of(4);
  job.restart.attempts = 1;
  start_with_both(job);
  for (const Deployed& task : deployments()) report(task, TaskState::running);
  fire(*job_manager, MailKind::connection_lost, 5);
  EXPECT_EQ(world.count(Point::job_restart), 2);
  EXPECT_EQ(status(), "running");
  fire(*job_manager, MailKind::connection_lost, 6);
  world.disk.run();
  EXPECT_THAT(status(), StartsWith("failed: restart attempts exhausted"));
}

TEST_F(JobManagerTest, WithTheSourceFinishedTheSinkIsTriggeredAndTheSourceRecorded) {
  graph::JobConfig job = job_of(1);
  job.plan.nodes[1].inputs[0].exchange = graph::Exchange::hash;
  start_with_both(job);
  const auto tasks = deployments();
  for (const Deployed& task : tasks) report(task, TaskState::running);
  report(tasks[0], TaskState::finished);
  world.sent.clear();
  fire_timer(world, *job_manager, MailKind::checkpoint_interval);
  ASSERT_EQ(world.count(MailKind::trigger_checkpoint), 1);
  EXPECT_EQ(world.sent.back().to.endpoint, tasks[1].attempt);
  say(tasks[1].on, MailKind::acknowledge_checkpoint,
      dataflow::Acknowledge{1, tasks[1].attempt, {1, 0}, 1, "state", ""});
  EXPECT_EQ(world.count(Point::checkpoint_complete), 1);

  report(tasks[1], TaskState::failed);  // the whole region begins anew
  fire_timer(world, *job_manager, MailKind::restart_delay);
  std::vector<int> finished;
  for (const Sent& sent : world.sent) {
    cluster::DeployTask message;
    if (sent.kind == MailKind::deploy_task && decode(sent.body, message))
      finished.push_back(message.task.finished_on_restore);
  }
  EXPECT_THAT(finished, ElementsAre(1, 0));
}

TEST_F(JobManagerTest, AFailureThatARestartWouldMeetAgainEndsTheJob) {
  start_with_both(job_of(1));
  const Deployed task = deployments()[0];
  say(task.on, MailKind::task_state,
      dataflow::TaskStateReport{1, task.attempt, TaskState::failed, "gone for good", dataflow::Failure::permanent});
  EXPECT_EQ(world.count(Point::job_restart), 0);
  EXPECT_EQ(status(), "failed: gone for good");
}

TEST_F(JobManagerTest, ALaterSinkNeedNotLookBehindWhatHasBeenFenced) {
  start_with_both(job_of(1));
  const Deployed task = deployments()[0];
  say(task.on, MailKind::sinks_fenced, dataflow::Fenced{1, task.attempt});
  report(task, TaskState::failed);
  world.sent.clear();
  fire_timer(world, *job_manager, MailKind::restart_delay);
  const auto again = take_sent<cluster::DeployTask>(world, MailKind::deploy_task);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].task.fenced_generation, 1u);
  EXPECT_EQ(again[0].task.generation, 2u);
}

TEST_F(JobManagerTest, ATaskThatWaitsToFinishIsToldAgainWithTheHeartbeat) {
  start_with_both(job_of(1));
  const Deployed task = deployments()[0];
  report(task, TaskState::finishing);
  say(task.on, MailKind::acknowledge_checkpoint, dataflow::Acknowledge{1, task.attempt, {0, 0}, 1, "state", ""});
  EXPECT_EQ(world.count(MailKind::notify_checkpoint_complete), 1);  // which is lost
  fire_timer(world, *job_manager, MailKind::heartbeat_interval);
  cluster::HeartbeatReply message{1, task.incarnation, 1, {}};
  message.attempts.push_back({1, task.attempt, TaskState::finishing, ""});
  say(task.on, MailKind::heartbeat_reply, message);
  EXPECT_EQ(world.count(MailKind::notify_checkpoint_complete), 2);
}

TEST_F(JobManagerTest, TheEndIsAnnouncedWhenItIsDurableAndALaterJobManagerStartsNothing) {
  graph::JobConfig job = job_of(1);
  job.checkpoint.enabled = false;
  start_with_both(job);
  const Deployed task = deployments()[0];
  world.disk.fail_next(MemoryStorage::Op::sync);
  report(task, TaskState::finished);
  EXPECT_EQ(status(), "running");
  fire_timer(world, *job_manager, MailKind::job_result);
  EXPECT_EQ(status(), "finished");
  EXPECT_EQ(world.count(MailKind::job_finished), 2);

  world.disk.crash();
  world.sent.clear();
  start(job);
  join(5, 56);
  EXPECT_EQ(status(), "finished");
  EXPECT_EQ(world.count(MailKind::job_finished), 1);
  EXPECT_EQ(world.count(MailKind::registered), 0);
}

}  // namespace
}  // namespace onceproof::tests
