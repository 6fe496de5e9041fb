// SPDX-License-Identifier: Apache-2.0
// The task's part of a checkpoint (Flink: SubtaskCheckpointCoordinatorImpl): barrier out first, then the
// synchronous snapshot, both inside one mail; then the asynchronous part; then the acknowledgement.
#include <fmt/format.h>

#include "runtime/dataflow/task.h"

namespace onceproof::dataflow {

using env::MailKind;
using env::Phase;
using env::Point;
using Reason = graph::CheckpointFailureReason;

void Task::block_channel(uint32_t channel) { gate_->block(channel); }
void Task::unblock_channels() { gate_->unblock_all(); }

// From the coordinator: at sources, and where every producer has finished. A task that cannot take part says so
// downstream as well, where channels may be waiting already.
void Task::on_trigger(const TriggerCheckpoint& trigger) {
  if (!active()) return barrier_aborted(trigger.checkpoint, Reason::declined_task_not_ready);
  triggers_.push_back(trigger);
  run_triggers();
}

// A sink between two transactions cannot pre-commit: triggers wait for it, all of them and in order.
void Task::run_triggers() {
  while (active() && !triggers_.empty() && chain_->sinks_available()) {
    const Barrier barrier{triggers_.front().checkpoint, triggers_.front().timestamp_us};
    triggers_.pop_front();
    hit(Point::barrier_inject, {.checkpoint = barrier.checkpoint});
    if (barriers_) {
      barriers_->inject(barrier);
    } else {
      perform_checkpoint(barrier);
    }
  }
}

// From the barrier handler, elsewhere.
void Task::barrier_complete(const Barrier& barrier) {
  hit(Point::barrier_align, {.checkpoint = barrier.checkpoint});
  perform_checkpoint(barrier);
}

void Task::barrier_aborted(uint64_t checkpoint, Reason reason) {
  cancel_downstream(checkpoint);
  decline(checkpoint, reason);
}

void Task::cancel_downstream(uint64_t checkpoint) {
  if (chain_) chain_->broadcast_event(BufferKind::cancel_barrier, checkpoint);
}

void Task::decline(uint64_t checkpoint, Reason reason) {
  const Decline message{descriptor_.session, descriptor_.attempt, checkpoint, reason};
  env_.network().send(descriptor_.job_manager, MailKind::decline_checkpoint, encode(message));
}

// One checkpoint, in this order and inside one mail: is it stale, was it aborted; the barrier out; the state.
void Task::perform_checkpoint(const Barrier& barrier) {
  if (barrier.checkpoint <= last_checkpoint_) return;  // out of order
  last_checkpoint_ = barrier.checkpoint;
  const bool aborted = aborted_early_.take(barrier.checkpoint);
  aborted_early_.forget_up_to(barrier.checkpoint);
  if (aborted) return cancel_downstream(barrier.checkpoint);
  if (state_ == TaskState::finishing && covering_checkpoint_ == 0) covering_checkpoint_ = barrier.checkpoint;
  if (chain_->has_partitions()) {
    chain_->flush_partitions();
    chain_->broadcast_event(BufferKind::barrier, barrier.checkpoint, barrier.timestamp_us);
    hit(Point::barrier_forward, {.checkpoint = barrier.checkpoint});
    // The bug: records behind the barrier, before the offset is read.
    SourceOperator* const source = chain_->source();
    if (source != nullptr && descriptor_.bugs.has(SeededBug::snapshot_offset_late)) source->poll();
  }
  take_snapshot(barrier);
}

void Task::take_snapshot(const Barrier& barrier) {
  const uint64_t id = barrier.checkpoint;
  Bytes state;
  hit(Point::snapshot_sync, {.checkpoint = id});
  snapshots_[id];
  chain_->snapshot(id, state, [this, id] {
    const auto found = snapshots_.find(id);
    if (found == snapshots_.end()) return;  // aborted meanwhile: the transaction waits for the next completion
    found->second.flushed = true;
    acknowledge_if_ready(id);
  });
  if (chain_->has_sinks() && descriptor_.bugs.has(SeededBug::skip_flush)) snapshots_[id].flushed = true;
  const bool is_inline = state.size() <= descriptor_.checkpoint.inline_threshold_bytes;
  snapshots_[id].state = std::move(state);
  if (is_inline) return write_snapshot(id);  // nothing to write: the asynchronous part is over at once
  env_.scheduler().post(MailKind::snapshot_async, id);
}

void Task::write_snapshot(uint64_t checkpoint) {
  const auto found = snapshots_.find(checkpoint);
  if (found == snapshots_.end()) return;  // aborted meanwhile
  hit(Point::snapshot_async, Phase::before, {.checkpoint = checkpoint});
  const Bytes& state = found->second.state;
  if (state.size() <= descriptor_.checkpoint.inline_threshold_bytes) return snapshot_written(checkpoint, "", {});
  const std::string file = fmt::format("checkpoints/chk-{}/task-{}", checkpoint, descriptor_.attempt);
  const auto written = [this, checkpoint, file](const Status& status) { snapshot_written(checkpoint, file, status); };
  env_.storage().append(file, state, [this, file, written](const Status& appended) {
    if (!appended.ok()) return written(appended);
    env_.storage().sync(file, written);
  });
}

// A file that nobody will ask for is removed: the snapshot failed, or was aborted while it was written.
void Task::snapshot_written(uint64_t checkpoint, const std::string& file, const Status& status) {
  if (state_ >= TaskState::finished) return;
  const auto found = snapshots_.find(checkpoint);
  const bool wanted = found != snapshots_.end() && status.ok();
  if (!wanted && !file.empty()) env_.storage().remove(file, [](const Status&) {});
  if (found == snapshots_.end()) return;
  if (!status.ok()) {
    snapshots_.erase(found);
    return decline(checkpoint, Reason::async_exception);
  }
  Snapshot& snapshot = found->second;
  snapshot.file = file;
  if (!file.empty()) snapshot.state.clear();
  snapshot.written = true;
  hit(Point::snapshot_async, Phase::after, {.checkpoint = checkpoint});
  acknowledge_if_ready(checkpoint);
}

void Task::acknowledge_if_ready(uint64_t checkpoint) {
  const auto found = snapshots_.find(checkpoint);
  if (found == snapshots_.end() || !found->second.flushed || !found->second.written) return;
  Snapshot snapshot = std::move(found->second);
  snapshots_.erase(found);
  const Acknowledge message{descriptor_.session, descriptor_.attempt,       descriptor_.subtask,
                            checkpoint,          std::move(snapshot.state), std::move(snapshot.file)};
  env_.network().send(descriptor_.job_manager, MailKind::acknowledge_checkpoint, encode(message));
  if (descriptor_.bugs.has(SeededBug::commit_on_ack)) chain_->checkpoint_complete(checkpoint, [] {});
}

// Completion of n implies that everything pending at or below n is to be committed; ids only ascend.
void Task::on_complete(uint64_t checkpoint) {
  if (!active() || checkpoint <= latest_notified_) return;
  latest_notified_ = checkpoint;
  hit(Point::checkpoint_notify, {.checkpoint = checkpoint});
  chain_->checkpoint_complete(checkpoint, [this, checkpoint] {
    if (covering_checkpoint_ != 0 && checkpoint >= covering_checkpoint_) end(TaskState::finished, "");
  });
}

// An abort drops nothing: the transaction that was pre-committed for it waits for the next completed checkpoint.
void Task::on_aborted(const NotifyCheckpoint& notification) {
  on_complete(notification.latest_completed);  // repairs a lost completion
  if (!active()) return;
  if (notification.checkpoint > last_checkpoint_) aborted_early_.add(notification.checkpoint);
  snapshots_.erase(notification.checkpoint);
}

}  // namespace onceproof::dataflow
