// SPDX-License-Identifier: Apache-2.0
#include "runtime/dataflow/barrier_handler.h"

#include <algorithm>

namespace onceproof::dataflow {

using Reason = graph::CheckpointFailureReason;

namespace {
constexpr Reason kSubsumed = Reason::declined_subsumed;
constexpr Reason kCancelled = Reason::declined_on_cancellation_barrier;
}  // namespace

void BarrierHandler::inject(const Barrier& barrier) {
  if (open_channels() == 0) return listener_.barrier_complete(barrier);
  for (uint32_t channel = 0; channel < channels_; ++channel) {
    if (!ended_.contains(channel)) on_barrier(channel, barrier);
  }
}

// ---- aligned -------------------------------------------------------------------------------------------

void AlignedBarrierHandler::abort_current(Reason reason) {
  collecting_ = false;
  aligned_.clear();
  listener_.unblock_channels();
  listener_.barrier_aborted(current_.checkpoint, reason);
}

bool AlignedBarrierHandler::complete_if_aligned() {
  if (!collecting_ || aligned_.size() < open_channels()) return false;
  collecting_ = false;
  aligned_.clear();
  listener_.unblock_channels();
  listener_.barrier_complete(current_);
  return true;
}

void AlignedBarrierHandler::on_barrier(uint32_t channel, const Barrier& barrier) {
  if (barrier.checkpoint < current_.checkpoint || (barrier.checkpoint == current_.checkpoint && !collecting_)) return;
  if (barrier.checkpoint > current_.checkpoint) {
    if (collecting_) abort_current(kSubsumed);
    current_ = barrier;
    collecting_ = true;
  }
  aligned_.insert(channel);
  if (!complete_if_aligned()) listener_.block_channel(channel);
}

// A marker for a newer checkpoint aborts the one being collected too: its barriers on this channel will never come.
void AlignedBarrierHandler::on_cancel_barrier(uint64_t checkpoint) {
  if (checkpoint < current_.checkpoint || (checkpoint == current_.checkpoint && !collecting_)) return;
  if (collecting_ && checkpoint > current_.checkpoint) abort_current(kSubsumed);
  current_ = {checkpoint};  // trailing barriers of this id are stale from now on
  abort_current(kCancelled);
}

void AlignedBarrierHandler::on_end_of_partition(uint32_t channel) {
  ended_.insert(channel);
  complete_if_aligned();
}

// ---- at least once -------------------------------------------------------------------------------------

bool BarrierTracker::arrived_everywhere(const Count& count) const {
  size_t channels = count.arrived.size();
  for (const uint32_t channel : ended_) channels += count.arrived.contains(channel) ? 0 : 1;
  return channels >= channels_;
}

// Everything older is subsumed.
void BarrierTracker::complete(size_t index) {
  const Barrier barrier = pending_[index].barrier;
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(index) + 1);
  latest_ = barrier.checkpoint;
  listener_.barrier_complete(barrier);
}

// With one open channel this is exactly-once even here: the first barrier is the last.
void BarrierTracker::on_barrier(uint32_t channel, const Barrier& barrier) {
  if (barrier.checkpoint <= latest_) return;
  auto count = std::find_if(pending_.begin(), pending_.end(),
                            [&](const Count& c) { return c.barrier.checkpoint >= barrier.checkpoint; });
  if (count == pending_.end() || count->barrier.checkpoint != barrier.checkpoint) {
    count = pending_.insert(count, {barrier, {}});
  }
  count->arrived.insert(channel);
  if (arrived_everywhere(*count)) return complete(static_cast<size_t>(count - pending_.begin()));
  if (pending_.size() > kMaxTracked) pending_.pop_front();
}

// Cancels every older pending one too, each by name: whoever waits for it downstream must hear it.
void BarrierTracker::on_cancel_barrier(uint64_t checkpoint) {
  if (checkpoint <= latest_) return;
  latest_ = checkpoint;
  while (!pending_.empty() && pending_.front().barrier.checkpoint <= checkpoint) {
    const uint64_t id = pending_.front().barrier.checkpoint;
    pending_.pop_front();
    if (id < checkpoint) listener_.barrier_aborted(id, kCancelled);
  }
  listener_.barrier_aborted(checkpoint, kCancelled);
}

void BarrierTracker::on_end_of_partition(uint32_t channel) {
  ended_.insert(channel);
  for (size_t i = 0; i < pending_.size();) {
    if (!arrived_everywhere(pending_[i])) {
      ++i;
      continue;
    }
    complete(i);
    i = 0;
  }
}

std::unique_ptr<BarrierHandler> make_barrier_handler(graph::BarrierMode mode, BarrierListener& listener,
                                                     uint32_t channels) {
  if (mode == graph::BarrierMode::aligned) return std::make_unique<AlignedBarrierHandler>(listener, channels);
  return std::make_unique<BarrierTracker>(listener, channels);
}

}  // namespace onceproof::dataflow
