// SPDX-License-Identifier: Apache-2.0
// Checkpoint coordinator (Flink: CheckpointCoordinator, CheckpointRequestDecider, PendingCheckpoint,
// CheckpointFailureManager): triggers, collects acknowledgements by execution attempt, has the completed checkpoint
// stored durably, then (and only then) tells the tasks. The commit point of every sink is the moment the completed
// checkpoint is in the store. A part of the job manager's actor: it gets the job manager's mails and sends through its
// host. A pending checkpoint:
//
//   TRIGGERED -> ACKNOWLEDGED (all tasks) -> STORING -> COMPLETED
//                                            STORING -> SETTLING (outcome unknown, asked again) -> COMPLETED
//   and from each of them -> ABORTED. What was STORING or SETTLING may be stored all the same: the store knows, and the
//   job manager asks it before it restores anything.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/seeded_bugs.h"
#include "runtime/checkpoint/checkpoint_ids.h"
#include "runtime/checkpoint/completed_store.h"
#include "runtime/env/env.h"
#include "runtime/graph/checkpoint_failure.h"
#include "runtime/graph/job_config.h"

namespace onceproof::checkpoint {

using Reason = graph::CheckpointFailureReason;

struct TaskAttempt {
  uint64_t attempt = 0;
  graph::SubtaskId subtask;
};

// Who takes part in a checkpoint (Flink: CheckpointPlan).
struct CheckpointPlan {
  std::vector<TaskAttempt> trigger;        // are told to inject the barrier: those without a running predecessor
  std::vector<TaskAttempt> wait_for;       // must acknowledge
  std::vector<TaskAttempt> commit_to;      // are told what became of it
  std::vector<graph::SubtaskId> finished;  // are stored as finished: they have nothing more to say
};

// What the coordinator asks of the job manager.
class CoordinatorHost {
 public:
  virtual ~CoordinatorHost() = default;
  virtual void trigger(const CheckpointPlan& plan, uint64_t checkpoint, TimeUs timestamp_us,
                       bool final_checkpoint) = 0;
  virtual void notify_complete(const CheckpointPlan& plan, uint64_t checkpoint) = 0;
  virtual void notify_aborted(const CheckpointPlan& plan, uint64_t checkpoint, uint64_t latest_completed) = 0;
  virtual void too_many_failures(const std::string& reason) = 0;  // more than the tolerable number: a global failover
};

enum class AckResult : uint8_t {
  success,
  duplicate,  // this attempt has acknowledged already
  unknown,    // an attempt that is not in the plan; its state is discarded
  expired,    // the checkpoint took too long; its state is discarded
  late,       // the checkpoint is not pending any more (aborted, completed); its state is discarded
};

class Coordinator {
 public:
  Coordinator(env::Env& env, const graph::CheckpointConfig& config, const SeededBugs& bugs,
              CompletedCheckpointStore& store, CoordinatorHost& host, CheckpointIds& ids);

  // Every task runs or has finished: checkpoints may be triggered. While it runs a new plan holds for the checkpoints
  // that are triggered from now on. stop() aborts what is pending and triggers no more.
  void start(CheckpointPlan plan);
  void stop(Reason reason);
  bool running() const { return running_; }
  // Every task has reached the end of its data: one more checkpoint as soon as there is room for it, and none after it;
  // the tasks finish when it completes.
  void request_final();

  // It took part in a checkpoint that covers its end. One that was triggered meanwhile, and waits for it, never completes.
  void task_finished(uint64_t attempt);

  AckResult acknowledge(const TaskAttempt& task, uint64_t checkpoint, Bytes state, std::string file);
  void decline(uint64_t attempt, uint64_t checkpoint, Reason reason);

  // Timers of the job manager's actor that are the coordinator's.
  void on_interval();
  void on_timeout(uint64_t checkpoint);
  void on_settle(uint64_t checkpoint);

 private:
  enum class State : uint8_t { triggered, acknowledged, storing, settling, completed, aborted };
  struct Pending {
    State state = State::triggered;
    std::shared_ptr<const CheckpointPlan> plan;
    TimeUs triggered_us = 0;
    bool final_checkpoint = false;
    std::map<uint64_t, graph::SubtaskId> missing;  // attempts that have not acknowledged
    std::vector<TaskState> states;
    env::TimerId timeout = 0;
  };
  enum class Final : uint8_t { not_requested, requested, pending, completed };

  static void move(Pending& pending, State to);
  void schedule_at(TimeUs at_us);
  void run_queued();
  void trigger(uint64_t id);
  void store(uint64_t checkpoint);
  void stored(uint64_t checkpoint, Outcome outcome);
  void complete(uint64_t checkpoint);
  void abort(uint64_t checkpoint, Reason reason);
  void abort_alone(uint64_t checkpoint, Reason reason);
  void count_failure(Reason reason);
  void discard(const std::string& file);

  env::Env& env_;
  const graph::CheckpointConfig config_;
  const DurationUs base_interval_us_;  // max(interval, min pause)
  const SeededBugs bugs_;
  CompletedCheckpointStore& store_;
  CoordinatorHost& host_;
  CheckpointIds& ids_;
  RandomStream random_;
  std::shared_ptr<const CheckpointPlan> plan_;
  bool running_ = false;
  Final final_ = Final::not_requested;
  bool periodic_queued_ = false;  // a periodic request that waits for room; further ones are one with it
  std::map<uint64_t, Pending> pending_;
  env::TimerId interval_timer_ = 0;
  TimeUs planned_us_ = 0;  // when the interval timer was to fire
  TimeUs last_completion_us_ = kMinTimeUs;
  uint64_t last_completed_ = 0;
  int32_t consecutive_failures_ = 0;
  std::vector<uint64_t> to_tidy_;  // aborted: whatever their tasks still wrote is removed after a completion
  std::deque<uint64_t> recent_expired_;
};

}  // namespace onceproof::checkpoint
