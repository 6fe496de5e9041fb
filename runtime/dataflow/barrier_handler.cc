// SPDX-License-Identifier: Apache-2.0
#include "runtime/dataflow/barrier_handler.h"

#include <algorithm>

namespace onceproof::dataflow {

using Reason = graph::CheckpointFailureReason;

namespace {
constexpr Reason kSubsumed = Reason::declined_subsumed;
constexpr Reason kCancelled = Reason::declined_on_cancellation_barrier;
}  // namespace

void AlignedBarrierHandler::abort_current(Reason reason) {
  collecting_ = false;
  aligned_.clear();
  listener_.unblock_channels();
  listener_.barrier_aborted(current_, reason);
}

void AlignedBarrierHandler::on_barrier(uint32_t channel, const Barrier& barrier) {
  if (barrier.checkpoint < current_ || (barrier.checkpoint == current_ && !collecting_)) return;  // stale
  if (barrier.checkpoint > current_) {
    if (collecting_) abort_current(kSubsumed);
    current_ = barrier.checkpoint;
    collecting_ = true;
  }
  aligned_.insert(channel);
  if (aligned_.size() < channels_) {
    listener_.block_channel(channel);
    return;
  }
  collecting_ = false;
  aligned_.clear();
  listener_.unblock_channels();
  listener_.barrier_complete(barrier);
}

void AlignedBarrierHandler::on_cancel_barrier(uint32_t, uint64_t checkpoint) {
  if (checkpoint < current_ || (checkpoint == current_ && !collecting_)) return;
  if (collecting_ && checkpoint > current_) abort_current(kSubsumed);
  current_ = checkpoint;  // trailing barriers of this id are stale from now on
  abort_current(kCancelled);
}

void BarrierTracker::on_barrier(uint32_t, const Barrier& barrier) {
  if (barrier.checkpoint <= latest_) return;
  if (channels_ == 1) {  // one channel is exactly-once even here
    latest_ = barrier.checkpoint;
    pending_.clear();
    listener_.barrier_complete(barrier);
    return;
  }
  auto count = std::find_if(pending_.begin(), pending_.end(),
                            [&](const Count& c) { return c.checkpoint >= barrier.checkpoint; });
  if (count == pending_.end() || count->checkpoint != barrier.checkpoint) {
    count = pending_.insert(count, {barrier.checkpoint, 0, false});
  }
  if (++count->arrived < channels_) {
    if (pending_.size() > kMaxTracked) pending_.pop_front();
    return;
  }
  const bool aborted = count->aborted;
  pending_.erase(pending_.begin(), count + 1);  // everything older is subsumed
  latest_ = barrier.checkpoint;
  if (!aborted) listener_.barrier_complete(barrier);
}

void BarrierTracker::on_cancel_barrier(uint32_t, uint64_t checkpoint) {
  if (checkpoint <= latest_) return;
  latest_ = checkpoint;  // cancels everything older too
  std::erase_if(pending_, [&](const Count& c) { return c.checkpoint <= checkpoint; });
  listener_.barrier_aborted(checkpoint, kCancelled);
}

std::unique_ptr<BarrierHandler> make_barrier_handler(graph::BarrierMode mode, BarrierListener& listener,
                                                     uint32_t channels) {
  if (mode == graph::BarrierMode::aligned) return std::make_unique<AlignedBarrierHandler>(listener, channels);
  return std::make_unique<BarrierTracker>(listener, channels);
}

}  // namespace onceproof::dataflow
