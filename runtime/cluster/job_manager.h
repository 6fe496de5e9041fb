// SPDX-License-Identifier: Apache-2.0
// Job manager: gives the job's tasks to task managers, watches both, restarts pipelined regions from the latest
// completed checkpoint, and hosts the checkpoint coordinator. A new one (after a crash) takes a higher session and
// starts from the durable store.
//   region: WAITING (for slots) -> DEPLOYED -> RESTARTING (cancelling, delay) -> WAITING ...
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/checkpoint/coordinator.h"
#include "runtime/cluster/messages.h"

namespace onceproof::cluster {

struct JobManagerOptions {
  graph::JobConfig job;
  int32_t expected_task_managers = 2;  // the first deployment waits for them (a while), to spread the job
};

class JobManager : public env::Actor, private checkpoint::CoordinatorHost {
 public:
  JobManager(env::Env& env, JobManagerOptions options);
  void on_mail(env::Mail& mail) override;

 private:
  enum class JobStatus : uint8_t { starting, running, finished, failed };
  enum class TaskStatus : uint8_t { none, deploying, running, cancelling, finished };
  enum class RegionStatus : uint8_t { waiting, deployed, restarting };
  struct Task {
    graph::SubtaskId id;
    uint64_t attempt = 0;
    TaskStatus status = TaskStatus::none;
    env::ProcessId task_manager = 0;
    bool end_of_data = false;
  };
  struct Region {
    std::vector<Task*> tasks;
    RegionStatus status = RegionStatus::waiting;
    uint64_t version = 0;  // of the restart: an older delay timer means nothing
    bool delay_over = false;
  };
  struct TaskManagerInfo {
    uint64_t incarnation = 0;
    int32_t slots = 0;
    TimeUs last_reply_us = 0;
  };

  // life cycle and messages (job_manager.cc)
  void start();
  void retry_start();
  void started(uint64_t latest_checkpoint);
  void on_register(const RegisterTaskManager& message, env::ProcessId from);
  void on_heartbeat_interval();
  void lose_task_manager(env::ProcessId task_manager, const char* reason);
  void on_task_state(const dataflow::TaskStateReport& report);
  void on_end_of_data(uint64_t attempt);
  void set_status(JobStatus status, const std::string& reason);
  Task* find_attempt(uint64_t attempt);
  Region& region_of(const Task& task);

  // scheduling and failover (job_manager_scheduling.cc)
  void schedule();
  void prepare_deployment();
  void deploy_waiting();
  bool assign_slots();
  void deploy(Region& region);
  dataflow::TaskDescriptor describe(const Task& task, const checkpoint::CompletedCheckpoint* restored) const;
  void fail_region(Region& region, const std::string& reason);
  void fail_job(const std::string& reason);
  void on_restart_delay(size_t region, uint64_t version);
  void restart_if_ready(Region& region);
  void cancel(Task& task);
  void start_checkpoints_if_all_run();

  // CoordinatorHost
  void trigger(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint, TimeUs timestamp_us,
               bool final_checkpoint) override;
  void notify_complete(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint) override;
  void notify_aborted(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint, uint64_t latest_completed) override;
  void too_many_failures(const std::string& reason) override;
  void notify(const checkpoint::CheckpointPlan& plan, env::MailKind kind, uint64_t checkpoint,
              uint64_t latest_completed);
  checkpoint::CheckpointPlan plan_of(const std::vector<const Task*>& running) const;

  env::Env& env_;
  const JobManagerOptions options_;
  const graph::JobConfig& job_;
  graph::ExecutionGraph graph_;
  checkpoint::CompletedCheckpointStore store_;
  checkpoint::CheckpointIds checkpoint_ids_;
  std::unique_ptr<checkpoint::Coordinator> coordinator_;
  JobStatus status_ = JobStatus::starting;
  uint64_t session_ = 0;
  uint64_t generation_ = 0;  // of the latest deployment; durable before it is used
  uint64_t next_attempt_ = 0;
  TimeUs started_us_ = 0;
  int32_t restarts_ = 0;
  bool deployed_once_ = false;
  bool preparing_ = false;  // a deployment: the storage has been asked and has not answered
  std::vector<Task> tasks_;  // never resized after start: regions point into it
  std::vector<Region> regions_;
  std::map<env::ProcessId, TaskManagerInfo> task_managers_;
  std::map<int32_t, env::ProcessId> slots_;  // slot sharing: subtask index -> task manager
};

env::ActorFactory job_manager_main(JobManagerOptions options);

}  // namespace onceproof::cluster
