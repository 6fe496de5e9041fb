// SPDX-License-Identifier: Apache-2.0
// Task manager: registers with the job manager, runs the tasks it is given, reports what they come to and answers
// heartbeats with everything that it runs. When it loses the job manager (no heartbeat within the timeout, the
// connection broke, or it was told so) it cancels its tasks and registers again under a new incarnation; until it
// notices, its tasks are zombies that only the log's fencing keeps from doing harm.
// Invariant: an attempt that was cancelled, or has ended, never starts here again in the same registration.
#pragma once

#include <map>
#include <set>

#include "runtime/base/state_machine.h"
#include "runtime/cluster/messages.h"
#include "runtime/dataflow/program.h"
#include "runtime/env/env.h"

namespace onceproof::cluster {

enum class TaskManagerState : uint8_t {
  registering,
  registered,
  retired,  // the job is over: nothing more is asked or answered
};
const char* to_string(TaskManagerState state);
inline constexpr Transition<TaskManagerState> kTaskManagerTransitions[] = {
    {TaskManagerState::registering, TaskManagerState::registered},
    {TaskManagerState::registered, TaskManagerState::registering},
    {TaskManagerState::registering, TaskManagerState::retired},
    {TaskManagerState::registered, TaskManagerState::retired},
};

struct TaskManagerOptions {
  env::ProcessId job_manager = 0;
  int32_t slots = 2;
  graph::ClusterConfig cluster = {};
  std::shared_ptr<const dataflow::Program> program = {};
};

class TaskManager : public env::Actor {
 public:
  TaskManager(env::Env& env, TaskManagerOptions options);
  void on_mail(env::Mail& mail) override;

 private:
  struct Attempt {
    dataflow::TaskState state = dataflow::TaskState::created;
    std::string reason;
    dataflow::Failure failure = dataflow::Failure::recoverable;  // of FAILED
    int32_t slot = 0;  // the subtask's index: slot sharing
    uint64_t session = 0;
    bool cancelled = false;
    bool answer_cancel = false;  // the job manager waits for cancel-done
  };

  // registration and heartbeats
  void register_again();
  void on_registered(const Registered& message);
  void on_heartbeat(const HeartbeatRequest& request);
  void on_heartbeat_check();
  void lose_connection();
  void lose_job_manager();
  void retire();

  // tasks
  void on_deploy(DeployTask message);
  DeployOutcome judge(const DeployTask& message) const;
  bool slot_free(int32_t slot) const;
  void on_cancel(const AttemptOf& message);
  void on_task_update(const dataflow::TaskStateReport& report);
  void cancel(uint64_t attempt);
  void cancel_all();
  dataflow::TaskStateReport report_of(uint64_t attempt, const Attempt& info) const;
  template <class Message>
  void tell(env::MailKind kind, const Message& message) {
    env_.network().send({options_.job_manager, env::kMainEndpoint}, kind, encode(message));
  }

  env::Env& env_;
  const TaskManagerOptions options_;
  LifeCycle<kTaskManagerTransitions> state_{TaskManagerState::registering};
  RandomStream incarnations_;
  uint64_t incarnation_ = 0;
  uint64_t session_ = 0;  // the highest that ever registered us
  graph::HeartbeatConfig heartbeat_;
  TimeUs last_heartbeat_us_ = 0;
  DurationUs retry_us_ = 0;
  env::TimerId retry_timer_ = 0;
  env::TimerId check_timer_ = 0;
  std::map<uint64_t, Attempt> attempts_;  // running, or ended and not yet forgotten by the job manager
  std::set<uint64_t> over_;               // of this registration: never to start (again)
};

env::ActorFactory task_manager_main(TaskManagerOptions options);

}  // namespace onceproof::cluster
