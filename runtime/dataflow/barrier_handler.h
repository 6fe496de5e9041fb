// SPDX-License-Identifier: Apache-2.0
// Barrier handling: when has a checkpoint's barrier arrived from every channel, and which channels wait until
// then. Two answers, as in Flink: aligned (SingleCheckpointBarrierHandler; channels whose barrier arrived are
// blocked) and the at-least-once tracker (CheckpointBarrierTracker; never blocks, counts). A channel that has ended
// (end of partition) is waited for no more; that may complete what is pending. Pure logic.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>

#include "runtime/base/time.h"
#include "runtime/graph/checkpoint_failure.h"
#include "runtime/graph/job_config.h"

namespace onceproof::dataflow {

struct Barrier {
  uint64_t checkpoint = 0;
  TimeUs timestamp_us = 0;
};

// What a barrier handler asks of its task.
class BarrierListener {
 public:
  virtual ~BarrierListener() = default;
  virtual void block_channel(uint32_t channel) = 0;
  virtual void unblock_channels() = 0;
  virtual void barrier_complete(const Barrier& barrier) = 0;                  // snapshot now
  // Decline, tell downstream.
  virtual void barrier_aborted(uint64_t checkpoint, graph::CheckpointFailureReason reason) = 0;
};

class BarrierHandler {
 public:
  BarrierHandler(BarrierListener& listener, uint32_t channels) : listener_(listener), channels_(channels) {}
  virtual ~BarrierHandler() = default;
  virtual void on_barrier(uint32_t channel, const Barrier& barrier) = 0;
  virtual void on_cancel_barrier(uint64_t checkpoint) = 0;
  virtual void on_end_of_partition(uint32_t channel) = 0;

  bool ended(uint32_t channel) const { return ended_.contains(channel); }
  // From the coordinator, where every producer has finished or is about to: as if the barrier had come on every
  // channel that is still open (Flink: triggerUnfinishedChannelsCheckpoint).
  void inject(const Barrier& barrier);

 protected:
  size_t open_channels() const { return channels_ - ended_.size(); }
  BarrierListener& listener_;
  const uint32_t channels_;
  std::set<uint32_t> ended_;
};

class AlignedBarrierHandler : public BarrierHandler {
 public:
  using BarrierHandler::BarrierHandler;
  void on_barrier(uint32_t channel, const Barrier& barrier) override;
  void on_cancel_barrier(uint64_t checkpoint) override;
  void on_end_of_partition(uint32_t channel) override;

 private:
  void abort_current(graph::CheckpointFailureReason reason);
  bool complete_if_aligned();
  Barrier current_;  // the highest checkpoint seen; older barriers are stale
  bool collecting_ = false;
  std::set<uint32_t> aligned_;  // blocked; an ended channel is never among them
};

class BarrierTracker : public BarrierHandler {
 public:
  using BarrierHandler::BarrierHandler;
  void on_barrier(uint32_t channel, const Barrier& barrier) override;
  void on_cancel_barrier(uint64_t checkpoint) override;
  void on_end_of_partition(uint32_t channel) override;

 private:
  struct Count {
    Barrier barrier;
    std::set<uint32_t> arrived;
  };
  static constexpr size_t kMaxTracked = 50;
  bool arrived_everywhere(const Count& count) const;
  void complete(size_t index);
  std::deque<Count> pending_;  // ascending ids
  uint64_t latest_ = 0;        // completed or aborted: nothing at or below counts any more
};

std::unique_ptr<BarrierHandler> make_barrier_handler(graph::BarrierMode mode, BarrierListener& listener,
                                                     uint32_t channels);

}  // namespace onceproof::dataflow
