// SPDX-License-Identifier: Apache-2.0
// The checkpoint coordinator and its store: checkpoints that overlap, storage that fails, hangs or leaves its outcome
// open, and which failures count.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/checkpoint/coordinator.h"
#include "tests/support/coordinator_under_test.h"

namespace onceproof::tests {
namespace {

using checkpoint::Reason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Op = MemoryStorage::Op;
using Effect = MemoryStorage::Effect;

// ---- several at once -----------------------------------------------------------------------------------

TEST_F(CoordinatorTest, ACompletedCheckpointSubsumesTheOlderOnesThatArePending) {
  start(every_five_seconds(3));
  coordinator->on_interval();
  coordinator->on_interval();
  said();
  acknowledge(101, 1, "checkpoints/chk-1/task-101");
  acknowledge_all(2);
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("abort 1 latest 2", "complete 2"));
  EXPECT_THAT(reasons, ElementsAre("CHECKPOINT_SUBSUMED"));
  EXPECT_THAT(world.disk.paths("checkpoints/chk-"), IsEmpty());
  acknowledge_all(3);
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("complete 3"));
}

TEST_F(CoordinatorTest, AnOlderCheckpointIsStoredAlthoughANewerOneFailed) {
  start(every_five_seconds(2));
  coordinator->on_interval();
  said();
  world.disk.fail_next(Op::sync);
  acknowledge_all(2);
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("abort 2 latest 0"));
  acknowledge_all(1);
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("complete 1"));
  EXPECT_EQ(store.latest()->id, 1u);
}

TEST_F(CoordinatorTest, AnOlderOneThatIsBeingStoredIsSubsumedAndLeavesNothing) {
  start(every_five_seconds(2));
  coordinator->on_interval();
  said();
  world.disk.hang("checkpoints/completed/chk-1");
  acknowledge(101, 1, "checkpoints/chk-1/task-101");
  acknowledge(102, 1);
  acknowledge_all(2);
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("abort 1 latest 2", "complete 2"));
  EXPECT_TRUE(world.disk.exists("checkpoints/chk-1/task-101")) << "it may yet be stored";
  world.disk.release();
  storage_answers();
  EXPECT_THAT(said(), IsEmpty()) << "nobody is told twice";
  EXPECT_EQ(store.latest()->id, 2u);
  EXPECT_THAT(world.disk.paths("checkpoints/chk-"), IsEmpty());
}

// Two unknown outcomes: each is settled for itself.
TEST_F(CoordinatorTest, TheUnknownOutcomeOfOneCheckpointSaysNothingOfTheOther) {
  start(every_five_seconds(2));
  coordinator->on_interval();
  said();
  world.disk.fail_next(Op::rename, Effect::happens);
  acknowledge(101, 1, "checkpoints/chk-1/task-101");
  acknowledge(102, 1);
  storage_answers();
  acknowledge(101, 2, "checkpoints/chk-2/task-101");
  acknowledge(102, 2);
  world.disk.fail_next(Op::rename, Effect::happens);
  storage_answers();
  EXPECT_THAT(said(), IsEmpty()) << "neither complete nor aborted until that is known";
  settle(1);
  EXPECT_THAT(said(), ElementsAre("complete 1"));
  EXPECT_TRUE(world.disk.exists("checkpoints/chk-2/task-101"));
  coordinator->on_settle(2);
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("complete 2"));
  EXPECT_THAT(world.disk.paths("checkpoints/chk-"), ElementsAre("checkpoints/chk-2/task-101"));
}

// ---- the storage fails, hangs, or does not say ---------------------------------------------------------

TEST_F(CoordinatorTest, AStoreThatHangsStallsNothingAndNoTimeoutAbortsWhatAllHaveAcknowledged) {
  start(every_five_seconds(2));
  said();
  world.disk.hang("checkpoints/completed");
  acknowledge_all(1);
  storage_answers();
  coordinator->on_timeout(1);
  coordinator->on_settle(1);
  coordinator->on_interval();
  EXPECT_THAT(said(), ElementsAre("trigger 2"));
  world.disk.release();
  storage_answers();
  EXPECT_THAT(said(), ElementsAre("complete 1"));
}

TEST_F(CoordinatorTest, AnUnknownOutcomeIsAskedForUntilItIsKnown) {
  for (const Effect effect : {Effect::happens, Effect::none}) {
    world.disk.fail_next(Op::rename, effect);
    if (!coordinator) {
      start(every_five_seconds());
    } else {
      coordinator->on_interval();
    }
    const uint64_t id = effect == Effect::happens ? 1 : 2;
    said();
    acknowledge_all(id);
    storage_answers();
    world.disk.fail_next(Op::read);
    settle(id);
    coordinator->on_timeout(id);
    EXPECT_THAT(said(), IsEmpty());
    settle(id);
    if (effect == Effect::happens) {
      EXPECT_THAT(said(), ElementsAre("complete 1"));
    } else {
      EXPECT_THAT(said(), ElementsAre("abort 2 latest 1"));
      EXPECT_THAT(reasons, ElementsAre("FINALIZE_CHECKPOINT_FAILURE"));
    }
  }
}

TEST_F(CoordinatorTest, WhatWasBeingStoredWhenTheJobFailedMayBeTheOneToRestore) {
  start();
  said();
  world.disk.hang("checkpoints/completed");
  acknowledge_all(1);
  coordinator->stop(Reason::job_failover_region);
  EXPECT_THAT(said(), ElementsAre("abort 1 latest 0"));
  std::string known = "no answer";
  store.settle_all([&](bool all) { known = all ? "known" : "unknown"; });
  storage_answers();
  EXPECT_EQ(known, "no answer") << "nothing may be restored yet";
  world.disk.release();
  storage_answers();
  EXPECT_EQ(known, "known");
  EXPECT_EQ(store.latest()->id, 1u);
  EXPECT_EQ(world.count(env::Point::checkpoint_store), 2) << "before and after: everybody may see that it is durable";
  EXPECT_THAT(said(), IsEmpty());
  coordinator->start(plan());
  coordinator->on_interval();
  coordinator->decline(101, 2, Reason::declined);
  EXPECT_THAT(said(), ElementsAre("trigger 2", "abort 2 latest 1", "fail job")) << "tasks learn of it by any abort";
}

// ---- failures that count -------------------------------------------------------------------------------

TEST_F(CoordinatorTest, OnlySomeReasonsCount) {
  int counting = 0;
  for (int number = 0; number < 30; ++number) {
    const auto reason = static_cast<Reason>(number);
    coordinator.reset();
    start();
    said();
    coordinator->decline(102, ids.next() - 1, reason);
    const auto now = said();
    const bool counts = now.back() == "fail job";
    EXPECT_EQ(counts, graph::info(reason).counts) << to_string(reason);
    counting += counts ? 1 : 0;
  }
  EXPECT_EQ(counting, 5) << "async, expired, declined, finalize, input/output";
}

TEST_F(CoordinatorTest, TheJobFailsWhenMoreThanTheTolerableNumberFailInARow) {
  auto config = every_five_seconds();
  config.tolerable_failures = 1;
  start(config);
  coordinator->decline(101, 1, Reason::declined);
  coordinator->on_interval();
  acknowledge_all(2);
  storage_answers();  // a success: the counter starts again
  coordinator->on_interval();
  coordinator->on_timeout(3);
  coordinator->on_interval();
  coordinator->decline(101, 4, Reason::declined_task_not_ready);  // does not count, and is no success either
  coordinator->on_interval();
  said();
  coordinator->decline(101, 5, Reason::async_exception);
  EXPECT_THAT(said(), ElementsAre("abort 5 latest 2", "fail job"));
}

}  // namespace
}  // namespace onceproof::tests
