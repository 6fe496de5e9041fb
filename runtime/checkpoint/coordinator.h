// SPDX-License-Identifier: Apache-2.0
// Checkpoint coordinator (Flink: CheckpointCoordinator, PendingCheckpoint, CheckpointFailureManager): triggers,
// collects acknowledgements by execution attempt, writes the completed checkpoint durably, then (and only then) tells
// the tasks. The commit point of every sink is the moment the completed checkpoint is in the store. A part of the job
// manager's actor: it gets the job manager's mails and sends through its host.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/seeded_bugs.h"
#include "runtime/checkpoint/checkpoint_ids.h"
#include "runtime/checkpoint/completed_store.h"
#include "runtime/env/env.h"
#include "runtime/graph/job_config.h"

namespace onceproof::checkpoint {

// What the coordinator asks of the job manager.
class CoordinatorHost {
 public:
  virtual ~CoordinatorHost() = default;
  virtual void trigger_sources(uint64_t checkpoint, TimeUs timestamp_us, bool final_checkpoint) = 0;
  virtual void notify_complete(uint64_t checkpoint) = 0;
  virtual void notify_aborted(uint64_t checkpoint, uint64_t latest_completed) = 0;
  virtual void too_many_failures(const std::string& reason) = 0;  // more than the tolerable number: a global failover
};

struct RunningTask {
  uint64_t attempt = 0;
  graph::SubtaskId subtask;
};

class Coordinator {
 public:
  Coordinator(env::Env& env, const graph::CheckpointConfig& config, const SeededBugs& bugs,
              CompletedCheckpointStore& store, CoordinatorHost& host, CheckpointIds& ids);

  // Every task is running: checkpoints may be triggered. stop() aborts what is pending and triggers no more.
  void start(std::vector<RunningTask> tasks);
  void stop(const char* reason);
  // Every task has reached the end of its data: one more checkpoint at once; the tasks finish when it completes.
  void request_final();

  void acknowledge(const RunningTask& task, uint64_t checkpoint, Bytes state, std::string file);
  void decline(uint64_t attempt, uint64_t checkpoint, const std::string& reason);

  // Timers of the job manager's actor that are the coordinator's.
  void on_interval();
  void on_timeout(uint64_t checkpoint);
  void on_settle(uint64_t checkpoint);

 private:
  struct Pending {
    TimeUs triggered_us = 0;
    std::map<uint64_t, graph::SubtaskId> missing;  // attempts that have not acknowledged
    std::vector<TaskState> states;
    env::TimerId timeout = 0;
    bool storing = false;
  };
  void trigger();
  void schedule(DurationUs delay_us);
  void abort(uint64_t checkpoint, const std::string& reason);
  void completed(uint64_t checkpoint);
  void count_failure(uint64_t checkpoint, const std::string& reason);
  void store(uint64_t checkpoint);
  void on_stored(uint64_t checkpoint, Outcome outcome);

  env::Env& env_;
  const graph::CheckpointConfig config_;
  const SeededBugs bugs_;
  CompletedCheckpointStore& store_;
  CoordinatorHost& host_;
  CheckpointIds& ids_;
  RandomStream random_;
  std::vector<RunningTask> tasks_;
  bool running_ = false;
  bool final_requested_ = false;
  std::map<uint64_t, Pending> pending_;
  env::TimerId interval_timer_ = 0;
  TimeUs last_completion_us_ = kMinTimeUs;
  uint64_t last_completed_ = 0;
  int32_t consecutive_failures_ = 0;
};

}  // namespace onceproof::checkpoint
