// SPDX-License-Identifier: Apache-2.0
// Task manager: registers with the job manager, runs the tasks it is given, answers heartbeats. When it loses the
// job manager (no heartbeat within the timeout, or the connection broke) it cancels its tasks and registers again;
// until it notices, its tasks are zombies that only the log's fencing keeps from doing harm.
#pragma once

#include <set>

#include "runtime/cluster/messages.h"
#include "runtime/env/env.h"

namespace onceproof::cluster {

struct TaskManagerOptions {
  env::ProcessId job_manager = 0;
  int32_t slots = 2;
};

class TaskManager : public env::Actor {
 public:
  TaskManager(env::Env& env, TaskManagerOptions options) : env_(env), options_(options) {}
  void on_mail(env::Mail& mail) override;

 private:
  enum class State : uint8_t { registering, registered };
  void next_incarnation();
  void register_again();
  void on_registered(const Registered& message);
  void on_heartbeat(const Heartbeat& request);
  void on_heartbeat_check();
  void deploy(Bytes body);
  void lose_job_manager();
  void cancel_tasks();

  env::Env& env_;
  const TaskManagerOptions options_;
  State state_ = State::registering;
  uint64_t incarnation_ = 0;
  uint64_t session_ = 0;
  graph::HeartbeatConfig heartbeat_;
  TimeUs last_heartbeat_us_ = 0;
  bool check_armed_ = false;
  std::set<uint64_t> attempts_;  // deployed and not known to be over
};

env::ActorFactory task_manager_main(TaskManagerOptions options);

}  // namespace onceproof::cluster
