// SPDX-License-Identifier: Apache-2.0
// Aligned barriers and the at-least-once tracker, after Flink's CheckpointBarrierTrackerTest and
// AlternatingCheckpointsTest.
#include "runtime/dataflow/barrier_handler.h"

#include "runtime/dataflow/aborted_checkpoints.h"

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
  handler.on_cancel_barrier(3);
  task.calls.clear();
  handler.on_barrier(1, {3});
  handler.on_barrier(0, {2});
  EXPECT_TRUE(task.calls.empty());
}

TEST(AlignedBarriers, ACancellationMarkerUnblocksAndDeclines) {
  Recorder task;
  AlignedBarrierHandler handler(task, 2);
  handler.on_barrier(0, {4});
  handler.on_cancel_barrier(4);
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
  tracker.on_cancel_barrier(2);
  tracker.on_barrier(1, {1});
  tracker.on_barrier(1, {2});
  EXPECT_THAT(task.calls, ElementsAre("abort 1 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER",
                                      "abort 2 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER"));
}

TEST(AlignedBarriers, ACancellationMarkerOfANewerCheckpointAbortsBoth) {
  Recorder task;
  AlignedBarrierHandler handler(task, 2);
  handler.on_barrier(0, {4});
  handler.on_cancel_barrier(5);
  EXPECT_THAT(task.calls,
              ElementsAre("block 0", "unblock", "abort 4 CHECKPOINT_DECLINED_SUBSUMED", "unblock",
                          "abort 5 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER"));
}

TEST(AlignedBarriers, AnEndedChannelIsWaitedForNoMore) {
  Recorder task;
  AlignedBarrierHandler handler(task, 3);
  handler.on_barrier(0, {4});
  handler.on_barrier(1, {4});
  handler.on_end_of_partition(2);
  EXPECT_THAT(task.calls, ElementsAre("block 0", "block 1", "unblock", "complete 4"));
  task.calls.clear();
  handler.on_end_of_partition(0);  // nothing is pending: only later checkpoints need fewer
  EXPECT_TRUE(task.calls.empty());
  handler.on_barrier(1, {5});
  EXPECT_THAT(task.calls, ElementsAre("unblock", "complete 5"));
}

TEST(AlignedBarriers, ATriggerWhereTheProducersAreGoneCountsForEveryOpenChannel) {
  Recorder task;
  AlignedBarrierHandler handler(task, 2);
  handler.on_end_of_partition(0);
  handler.inject({6});
  EXPECT_THAT(task.calls, ElementsAre("unblock", "complete 6"));
  handler.on_end_of_partition(1);
  task.calls.clear();
  handler.inject({7});
  EXPECT_THAT(task.calls, ElementsAre("complete 7"));
}

TEST(BarrierTracker, AnEndedChannelMayCompleteSeveral) {
  Recorder task;
  BarrierTracker tracker(task, 2);
  tracker.on_barrier(0, {1});
  tracker.on_barrier(0, {2});
  tracker.on_end_of_partition(1);
  EXPECT_THAT(task.calls, ElementsAre("complete 1", "complete 2"));
}

TEST(BarrierTracker, TracksNoMoreThanFifty) {
  Recorder task;
  BarrierTracker tracker(task, 2);
  for (uint64_t id = 1; id <= 51; ++id) tracker.on_barrier(0, {id});
  tracker.on_barrier(1, {1});  // forgotten
  EXPECT_TRUE(task.calls.empty());
  tracker.on_barrier(1, {2});
  EXPECT_THAT(task.calls, ElementsAre("complete 2"));
}

TEST(AbortedCheckpoints, NoMoreAreRememberedThanMayBeUnderWay) {
  AbortedCheckpoints aborted(2);
  for (const uint64_t id : {5, 6, 7}) aborted.add(id);
  EXPECT_EQ(aborted.size(), 2u);
  EXPECT_TRUE(aborted.take(7));
  EXPECT_FALSE(aborted.take(7));
  EXPECT_FALSE(aborted.take(8));
  EXPECT_TRUE(aborted.take(4)) << "whatever lies further back was aborted too";
}

}  // namespace
}  // namespace onceproof::dataflow
