// SPDX-License-Identifier: Apache-2.0
// Barrier handling: when has a checkpoint's barrier arrived from every channel, and which channels wait until
// then. Two answers, as in Flink: aligned (SingleCheckpointBarrierHandler; channels whose barrier arrived are
// blocked) and the at-least-once tracker (CheckpointBarrierTracker; never blocks, counts). Pure logic.
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
  bool final_checkpoint = false;
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
  virtual ~BarrierHandler() = default;
  virtual void on_barrier(uint32_t channel, const Barrier& barrier) = 0;
  virtual void on_cancel_barrier(uint32_t channel, uint64_t checkpoint) = 0;
};

class AlignedBarrierHandler : public BarrierHandler {
 public:
  AlignedBarrierHandler(BarrierListener& listener, uint32_t channels) : listener_(listener), channels_(channels) {}
  void on_barrier(uint32_t channel, const Barrier& barrier) override;
  void on_cancel_barrier(uint32_t channel, uint64_t checkpoint) override;

 private:
  void abort_current(graph::CheckpointFailureReason reason);
  BarrierListener& listener_;
  const uint32_t channels_;
  uint64_t current_ = 0;  // the highest checkpoint seen; older barriers are stale
  bool collecting_ = false;
  std::set<uint32_t> aligned_;
};

class BarrierTracker : public BarrierHandler {
 public:
  BarrierTracker(BarrierListener& listener, uint32_t channels) : listener_(listener), channels_(channels) {}
  void on_barrier(uint32_t channel, const Barrier& barrier) override;
  void on_cancel_barrier(uint32_t channel, uint64_t checkpoint) override;

 private:
  struct Count {
    uint64_t checkpoint;
    uint32_t arrived;
    bool aborted;
  };
  static constexpr size_t kMaxTracked = 50;
  BarrierListener& listener_;
  const uint32_t channels_;
  std::deque<Count> pending_;  // ascending ids
  uint64_t latest_ = 0;        // completed or aborted: nothing at or below counts any more
};

std::unique_ptr<BarrierHandler> make_barrier_handler(graph::BarrierMode mode, BarrierListener& listener,
                                                     uint32_t channels);

}  // namespace onceproof::dataflow
