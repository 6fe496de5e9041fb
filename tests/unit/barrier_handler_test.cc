// SPDX-License-Identifier: Apache-2.0
// Aligned barriers and the at-least-once tracker, after Flink's CheckpointBarrierTrackerTest and
// AlternatingCheckpointsTest.
#include "runtime/dataflow/barrier_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace onceproof::dataflow {
namespace {

using ::testing::ElementsAre;

class Recorder : public BarrierListener {
 public:
  std::vector<std::string> calls;
  void block_channel(uint32_t channel) override { calls.push_back("block " + std::to_string(channel)); }
  void unblock_channels() override { calls.push_back("unblock"); }
  void barrier_complete(const Barrier& barrier) override {
    calls.push_back("complete " + std::to_string(barrier.checkpoint));
  }
  void barrier_aborted(uint64_t checkpoint, graph::CheckpointFailureReason reason) override {
    calls.push_back("abort " + std::to_string(checkpoint) + " " + to_string(reason));
  }
};

TEST(AlignedBarriers, AChannelIsBlockedFromItsBarrierUntilTheLastOne) {
  Recorder task;
  AlignedBarrierHandler handler(task, 3);
  handler.on_barrier(1, {7});
  handler.on_barrier(0, {7});
  handler.on_barrier(2, {7});
  EXPECT_THAT(task.calls, ElementsAre("block 1", "block 0", "unblock", "complete 7"));
}

TEST(AlignedBarriers, ANewerBarrierAbortsTheOneBeingCollected) {
  Recorder task;
  AlignedBarrierHandler handler(task, 2);
  handler.on_barrier(0, {1});
  handler.on_barrier(1, {2});
  EXPECT_THAT(task.calls, ElementsAre("block 0", "unblock", "abort 1 CHECKPOINT_DECLINED_SUBSUMED", "block 1"));
}

TEST(AlignedBarriers, TrailingBarriersOfAnAbortedCheckpointAreStale) {
  Recorder task;
  AlignedBarrierHandler handler(task, 2);
  handler.on_cancel_barrier(0, 3);
  task.calls.clear();
  handler.on_barrier(1, {3});
  handler.on_barrier(0, {2});
  EXPECT_TRUE(task.calls.empty());
}

TEST(AlignedBarriers, ACancellationMarkerUnblocksAndDeclines) {
  Recorder task;
  AlignedBarrierHandler handler(task, 2);
  handler.on_barrier(0, {4});
  handler.on_cancel_barrier(1, 4);
  EXPECT_THAT(task.calls, ElementsAre("block 0", "unblock", "abort 4 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER"));
}

TEST(BarrierTracker, NeverBlocksAndCompletesOnTheLastBarrier) {
  Recorder task;
  BarrierTracker tracker(task, 2);
  tracker.on_barrier(0, {1});
  tracker.on_barrier(0, {2});
  tracker.on_barrier(1, {1});
  tracker.on_barrier(1, {2});
  EXPECT_THAT(task.calls, ElementsAre("complete 1", "complete 2"));
}

TEST(BarrierTracker, CompletingANewerCheckpointDropsOlderOnes) {
  Recorder task;
  BarrierTracker tracker(task, 2);
  tracker.on_barrier(0, {1});
  tracker.on_barrier(0, {2});
  tracker.on_barrier(1, {2});
  tracker.on_barrier(1, {1});
  EXPECT_THAT(task.calls, ElementsAre("complete 2"));
}

TEST(BarrierTracker, OneChannelCompletesAtOnce) {
  Recorder task;
  BarrierTracker tracker(task, 1);
  tracker.on_barrier(0, {1});
  EXPECT_THAT(task.calls, ElementsAre("complete 1"));
}

TEST(BarrierTracker, ACancellationMarkerAbortsEverythingOlder) {
  Recorder task;
  BarrierTracker tracker(task, 2);
  tracker.on_barrier(0, {1});
  tracker.on_cancel_barrier(0, 2);
  tracker.on_barrier(1, {1});
  tracker.on_barrier(1, {2});
  EXPECT_THAT(task.calls, ElementsAre("abort 2 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER"));
}

}  // namespace
}  // namespace onceproof::dataflow
