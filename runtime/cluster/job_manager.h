// SPDX-License-Identifier: Apache-2.0
// Job manager: gives the job's tasks to task managers, watches both, restarts pipelined regions from the latest
// completed checkpoint, and hosts the checkpoint coordinator. A new one (after a crash) takes a higher session and
// starts from the durable store. The life cycles of job, region and execution are in life_cycles.h.
// Whatever it asks of a task manager has a deadline, and with every heartbeat what runs is held against what should:
// a lost or late mail delays the job, it never hangs it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/checkpoint/coordinator.h"
#include "runtime/cluster/life_cycles.h"
#include "runtime/cluster/messages.h"
#include "runtime/cluster/restart_strategy.h"
#include "runtime/dataflow/program.h"

namespace onceproof::cluster {

struct JobManagerOptions {
  graph::JobConfig job;
  std::shared_ptr<const dataflow::Program> program = {};
  int32_t expected_task_managers = 2;  // the first deployment waits for them (a while), to spread the job
};

class JobManager : public env::Actor, private checkpoint::CoordinatorHost {
 public:
  JobManager(env::Env& env, JobManagerOptions options);
  void on_mail(env::Mail& mail) override;

 private:
  struct Task {  // an execution: one subtask's current attempt
    graph::SubtaskId id;
    uint64_t attempt = 0;
    ExecutionLife state{ExecutionState::idle};
    env::ProcessId task_manager = 0;
    Bytes deployment;          // while deploying: what is sent again
    bool accepted = false;     // the task manager has said that it has this attempt
    bool restored_finished = false;  // it had finished in the restored checkpoint: it has no state
    bool fenced = false;       // its sink has fenced every earlier generation
    uint64_t known_round = 0;  // accepted: the latest heartbeat that was asked before; later replies must list it
  };
  struct Region {
    std::vector<Task*> tasks;
    RegionLife state{RegionState::waiting};
    uint64_t version = 0;  // of the deployment or restart: an older timer means nothing
    uint64_t generation = 0;         // of the latest deployment
    uint64_t fenced_generation = 0;  // the latest whose sinks have all fenced what was before it
    bool delay_over = false;
    int32_t tries = 0;  // of what is being asked: deployments, or cancellations
  };
  struct TaskManagerInfo {
    uint64_t incarnation = 0;
    int32_t slots = 0;
    TimeUs last_reply_us = 0;
  };
  struct JobResult {  // durable; whoever finds it starts nothing
    uint8_t finished = 0;
    std::string reason;
    template <class Archive>
    void fields(Archive& archive) {
      archive(finished, reason);
    }
  };

  // the job's life, registrations, heartbeats (job_manager.cc)
  void start();
  bool on_own_timer(const env::Mail& mail);
  void take_session();
  void retry_start();
  void started(uint64_t latest_checkpoint);
  void on_register(const RegisterTaskManager& message, env::ProcessId from);
  void on_heartbeat_interval();
  void lose_task_manager(env::ProcessId task_manager, const char* reason, bool tell);
  void end_job(JobState outcome, const std::string& reason);
  void store_result();
  void conclude();

  // what task managers say of tasks (job_manager_tasks.cc)
  void on_deploy_answer(const DeployAnswer& answer, env::ProcessId from);
  void on_cancel_done(uint64_t attempt, env::ProcessId from);
  void on_heartbeat_reply(const HeartbeatReply& reply, env::ProcessId from);
  void on_task_state(const dataflow::TaskStateReport& report, env::ProcessId from);
  void on_progress(Task& task, dataflow::TaskState reported);
  void on_sink_fenced(uint64_t attempt, env::ProcessId from);
  void gone(Task& task, const std::string& reason);
  void accepted(Task& task);
  void start_checkpoints_if_all_run();
  void request_checkpoint_if_all_at_end();
  Task* find_attempt(uint64_t attempt, env::ProcessId on);
  Region& region_of(const Task& task);
  const Task& task_of(graph::SubtaskId id) const;
  bool all_tasks(bool (*holds)(ExecutionState)) const;
  void go(Task& task, ExecutionState state);

  // scheduling and failover (job_manager_scheduling.cc)
  void schedule();
  void prepare_deployment();
  void deploy_waiting();
  bool assign_slots();
  void deploy(Region& region);
  dataflow::TaskDescriptor describe(const Task& task, const checkpoint::CompletedCheckpoint* restored) const;
  void on_deploy_deadline(size_t region, uint64_t version);
  void fail_region(Region& region, const std::string& reason) { fail_regions({&region}, reason); }
  void fail_regions(const std::vector<Region*>& regions, const std::string& reason);
  void on_restart_delay(size_t region, uint64_t version);
  void on_cancel_deadline(size_t region, uint64_t version);
  void restart_if_ready(Region& region);
  void cancel(Task& task);
  size_t index_of(const Region& region) const { return static_cast<size_t>(&region - regions_.data()); }

  // CoordinatorHost (job_manager_checkpoints.cc)
  void trigger(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint, TimeUs timestamp_us,
               bool final_checkpoint) override;
  void notify_complete(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint) override;
  void notify_aborted(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint, uint64_t latest_completed) override;
  void too_many_failures(const std::string& reason) override;
  void notify(const checkpoint::CheckpointPlan& plan, env::MailKind kind, uint64_t checkpoint,
              uint64_t latest_completed);
  checkpoint::CheckpointPlan plan_checkpoint() const;
  void notify_again(const Task& task);

  template <class Message>
  void tell(env::ProcessId task_manager, env::MailKind kind, const Message& message) {
    env_.network().send({task_manager, env::kMainEndpoint}, kind, encode(message));
  }

  env::Env& env_;
  const JobManagerOptions options_;
  const graph::JobConfig& job_;
  const graph::ExecutionGraph& graph_;
  checkpoint::CompletedCheckpointStore store_;
  checkpoint::CheckpointIds checkpoint_ids_;
  std::unique_ptr<checkpoint::Coordinator> coordinator_;
  JobLife state_{JobState::starting};
  JobResult result_;  // once ending
  uint64_t session_ = 0;
  uint64_t generation_ = 0;  // of the latest deployment; durable before it is used
  uint64_t next_attempt_ = 0;
  uint64_t heartbeat_round_ = 0;
  TimeUs started_us_ = 0;
  RestartStrategy restarts_;
  bool deployed_once_ = false;
  bool preparing_ = false;  // a deployment: the storage has been asked and has not answered
  std::vector<Task> tasks_;  // never resized after start: regions point into it
  std::vector<Region> regions_;
  std::map<env::ProcessId, TaskManagerInfo> task_managers_;
  std::map<int32_t, env::ProcessId> slots_;  // slot sharing: subtask index -> task manager
};

env::ActorFactory job_manager_main(JobManagerOptions options);

}  // namespace onceproof::cluster
