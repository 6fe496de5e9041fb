// SPDX-License-Identifier: Apache-2.0
// Task: one execution attempt of one subtask, an actor on the endpoint of its attempt id. Its mailbox is the whole
// concurrency model (Flink: StreamTask, MailboxProcessor): records, barriers, timers and notifications are mails, each
// run to completion, so a snapshot is atomic with respect to all of them.
//   INITIALIZING  state restored, sink recovers, partitions requested
//   FINISHING     at the end of its data, which was said downstream; waits for the checkpoint that covers it
// What it comes to it reports to its own task manager, which repeats it until the job manager has heard it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "runtime/base/state_machine.h"
#include "runtime/dataflow/aborted_checkpoints.h"
#include "runtime/dataflow/barrier_handler.h"
#include "runtime/dataflow/input_gate.h"
#include "runtime/dataflow/operator_chain.h"
#include "runtime/dataflow/watermark_valve.h"

namespace onceproof::dataflow {

inline constexpr Transition<TaskState> kTaskTransitions[] = {
    {TaskState::created, TaskState::initializing},    {TaskState::initializing, TaskState::running},
    {TaskState::running, TaskState::finishing},       {TaskState::finishing, TaskState::finished},
    {TaskState::created, TaskState::canceled},        {TaskState::initializing, TaskState::canceled},
    {TaskState::running, TaskState::canceled},        {TaskState::finishing, TaskState::canceled},
    {TaskState::initializing, TaskState::failed},     {TaskState::running, TaskState::failed},
    {TaskState::finishing, TaskState::failed},        {TaskState::created, TaskState::failed},
};

class Task : public env::Actor, private TaskContext, private BarrierListener {
 public:
  Task(env::Env& env, TaskDescriptor descriptor, std::shared_ptr<const Program> program);
  ~Task() override;
  void on_mail(env::Mail& mail) override;

 private:
  // TaskContext
  env::Env& env() override { return env_; }
  const TaskDescriptor& descriptor() const override { return descriptor_; }
  const graph::LogicalNode& node() const override { return program_->graph().head_of(descriptor_.subtask.vertex); }
  void fail(const std::string& reason, Failure failure = Failure::recoverable) override;
  void resume() override;
  void retry_after(DurationUs) override {}  // a sink's context knows which sink it is
  void fenced() override;
  // BarrierListener
  void block_channel(uint32_t channel) override;
  void unblock_channels() override;
  void barrier_complete(const Barrier& barrier) override;
  void barrier_aborted(uint64_t checkpoint, graph::CheckpointFailureReason reason) override;

  // life cycle (task.cc)
  void start();
  void restore_and_open();
  void open(ByteView state);
  void open(RestoredStates states, size_t bytes);
  void opened();
  void end(TaskState state, const std::string& reason, Failure failure = Failure::recoverable);
  void report(const std::string& reason, Failure failure = Failure::recoverable);
  bool active() const { return state_ == TaskState::running || state_ == TaskState::finishing; }
  void on_connection_lost(env::ProcessId peer);
  void on_producer_missing(env::Endpoint producer);

  // the default action (task.cc)
  void run_default_action();
  void process_one_buffer();
  void process_event(uint32_t channel, const BufferHeader& header);
  void advance_watermark(uint32_t channel, TimeUs watermark_us);
  void charge_for_work();
  void reached_end_of_data();
  void finish_when_drained();
  void arm_flush_timer();
  void on_flush_timer();

  // checkpoints (task_checkpoint.cc)
  struct Snapshot {
    Bytes state;
    bool flushed = false;  // the sink's outside has acknowledged
    bool written = false;  // the asynchronous part is done
    std::string file;
  };
  void on_trigger(const TriggerCheckpoint& trigger);
  void run_triggers();
  void cancel_downstream(uint64_t checkpoint);
  void perform_checkpoint(const Barrier& barrier);
  void take_snapshot(const Barrier& barrier);
  void write_snapshot(uint64_t checkpoint);
  void snapshot_written(uint64_t checkpoint, const std::string& file, const Status& status);
  void acknowledge_if_ready(uint64_t checkpoint);
  void on_complete(uint64_t checkpoint);
  void on_aborted(const NotifyCheckpoint& notification);
  void decline(uint64_t checkpoint, graph::CheckpointFailureReason reason);

  env::Env& env_;
  TaskDescriptor descriptor_;
  const std::shared_ptr<const Program> program_;
  LifeCycle<kTaskTransitions> state_{TaskState::created};

  std::unique_ptr<OperatorChain> chain_;
  std::unique_ptr<InputGate> gate_;  // null: the chain begins with a source
  std::unique_ptr<BarrierHandler> barriers_;
  std::unique_ptr<WatermarkValve> watermarks_;

  int pending_opens_ = 0;
  bool default_action_posted_ = false;
  bool flush_armed_ = false;
  uint32_t channels_at_end_ = 0;
  bool outside_done_ = false;  // without checkpoints: the sink's outside has acknowledged everything
  std::vector<DurationUs> request_backoff_us_;  // by channel

  std::deque<TriggerCheckpoint> triggers_;  // in order; they wait for a sink that is between two transactions
  uint64_t last_checkpoint_ = 0;  // the highest that was snapshotted here
  uint64_t latest_notified_ = 0;
  AbortedCheckpoints aborted_early_;
  std::map<uint64_t, Snapshot> snapshots_;  // not yet acknowledged
  uint64_t covering_checkpoint_ = 0;        // the first that was taken at the end of the data
};

}  // namespace onceproof::dataflow
