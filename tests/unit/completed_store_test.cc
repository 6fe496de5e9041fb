// SPDX-License-Identifier: Apache-2.0
// Completed-checkpoint store: add() is a commit point at every possible crash, each checkpoint gets its own answer in
// whatever order they come, and nothing is deleted that a later job manager may need.
#include "runtime/checkpoint/completed_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/support/store_under_test.h"

namespace onceproof::checkpoint {
namespace {

using ::testing::ElementsAre;

TEST(CompletedStore, AnEmptyDirectoryHoldsNoCheckpoint) {
  MemoryStorage storage;
  Store store(storage);
  EXPECT_EQ(store.recovered().value(), 0u);
  EXPECT_EQ(store.latest(), nullptr);
  EXPECT_EQ(store.highest_id_seen(), 0u);
}

TEST(CompletedStore, AnAddedCheckpointSurvivesACrashWhole) {
  MemoryStorage storage;
  storage.put("ckpt/chk-3/task-1", "big state");
  EXPECT_EQ(Store(storage).added(checkpoint_of(3, {"ckpt/chk-3/task-1"})), "stored");
  storage.crash();
  Store store(storage);
  EXPECT_EQ(store.recovered().value(), 3u);
  const CompletedCheckpoint* latest = store.latest();
  ASSERT_NE(latest, nullptr);
  EXPECT_EQ(encode(*latest), encode(checkpoint_of(3, {"ckpt/chk-3/task-1"})));
  EXPECT_EQ(store.highest_id_seen(), 3u);
  EXPECT_EQ(storage.get("ckpt/chk-3/task-1"), "big state");
}

TEST(CompletedStore, AtEveryCrashPointAnAddIsEitherDoneOrNeverHappened) {
  for (int operations = 0; operations < 30; ++operations) {
    MemoryStorage storage;
    Store store(storage);
    storage.put("s/1", "state 1");
    storage.put("s/2", "state 2");
    ASSERT_EQ(store.added(checkpoint_of(1, {"s/1"})), "stored");
    storage.die_after(operations);
    const std::string answer = store.added(checkpoint_of(2, {"s/2"}));
    const bool died = storage.dead();
    const std::string found = recovered_after_crash(storage);
    EXPECT_TRUE(found == "1" || found == "2") << operations << ": " << found;
    if (answer == "stored") {
      EXPECT_EQ(found, "2") << "lost a stored checkpoint, crash after " << operations;
    } else {
      EXPECT_EQ(answer, "no answer");
    }
    EXPECT_TRUE(storage.exists("s/" + found)) << "the files of the latest checkpoint are gone, " << operations;
    if (!died) return;  // the whole add ran
  }
  FAIL() << "add never came to an end";
}

TEST(CompletedStore, TheOldestBeyondRetainedGoesWithTheFilesItAloneRefersTo) {
  MemoryStorage storage;
  for (const char* file : {"s/shared", "s/1", "s/2", "s/3"}) storage.put(file, "state");
  Store store(storage, 2);
  ASSERT_EQ(store.added(checkpoint_of(1, {"s/shared", "s/1"})), "stored");
  ASSERT_EQ(store.added(checkpoint_of(2, {"s/shared", "s/2"})), "stored");
  EXPECT_TRUE(storage.exists("s/1"));
  ASSERT_EQ(store.added(checkpoint_of(5, {"s/3"})), "stored");
  EXPECT_THAT(store.stored_ids(), ElementsAre(2, 5));
  EXPECT_FALSE(storage.exists("s/1"));
  EXPECT_FALSE(storage.exists("ckpt/completed/chk-1.meta"));
  EXPECT_TRUE(storage.exists("s/shared"));
  EXPECT_TRUE(storage.exists("s/2"));
  ASSERT_EQ(store.added(checkpoint_of(6)), "stored");
  EXPECT_FALSE(storage.exists("s/shared"));
}

TEST(CompletedStore, ACrashBetweenAddAndSubsumptionLeavesTwoAndTheNextAddTidiesUp) {
  MemoryStorage storage;
  {
    Store store(storage);
    ASSERT_EQ(store.added(checkpoint_of(1)), "stored");
    storage.die_after(5);  // remove tmp, append, sync, rename, sync directory
    ASSERT_EQ(store.added(checkpoint_of(2)), "stored");
  }
  storage.crash();
  Store store(storage);
  EXPECT_EQ(store.recovered().value(), 2u);
  EXPECT_THAT(store.stored_ids(), ElementsAre(1, 2));
  ASSERT_EQ(store.added(checkpoint_of(3)), "stored");
  EXPECT_THAT(store.stored_ids(), ElementsAre(3));
  EXPECT_FALSE(storage.exists("ckpt/completed/chk-1.meta"));
  EXPECT_FALSE(storage.exists("ckpt/completed/chk-2.meta"));
}

TEST(CompletedStore, AFailedRemovalIsTriedAgainAndDoesNotFailTheAdd) {
  for (const Op op : {Op::remove, Op::sync_directory}) {
    MemoryStorage storage;
    storage.put("s/1", "state");
    Store store(storage);
    ASSERT_EQ(store.added(checkpoint_of(1, {"s/1"})), "stored");
    storage.fail_next(op, Effect::none, 1, 1);  // not the new one's temporary file or directory, but the old one's
    ASSERT_EQ(store.added(checkpoint_of(2)), "stored");
    EXPECT_THAT(store.stored_ids(), ElementsAre(2));
    EXPECT_TRUE(storage.exists("s/1"));  // metadata are never without their files
    ASSERT_EQ(store.added(checkpoint_of(3)), "stored");
    EXPECT_THAT(store.stored_ids(), ElementsAre(3));
    EXPECT_FALSE(storage.exists("ckpt/completed/chk-1.meta"));
    EXPECT_FALSE(storage.exists("s/1"));
  }
}

TEST(CompletedStore, AStateFileThatCannotBeRemovedIsTriedAgain) {
  MemoryStorage storage;
  storage.put("s/1", "state");
  Store store(storage);
  ASSERT_EQ(store.added(checkpoint_of(1, {"s/1"})), "stored");
  storage.fail_next(Op::remove, Effect::none, 1, 2);
  ASSERT_EQ(store.added(checkpoint_of(2)), "stored");
  EXPECT_TRUE(storage.exists("s/1"));
  ASSERT_EQ(store.added(checkpoint_of(3)), "stored");
  EXPECT_FALSE(storage.exists("s/1"));
}

TEST(CompletedStore, WhateverFailsBeforeTheRenameMeansNotStoredAndItsFilesGo) {
  for (const Op op : {Op::remove, Op::append, Op::sync}) {
    for (const Effect effect : {Effect::none, Effect::happens}) {
      MemoryStorage storage;
      storage.put("s/2", "state 2");
      Store store(storage);
      ASSERT_EQ(store.added(checkpoint_of(1)), "stored");
      storage.fail_next(op, effect);
      EXPECT_EQ(store.added(checkpoint_of(2, {"s/2"})), "not stored");
      EXPECT_EQ(store.latest()->id, 1u);
      EXPECT_EQ(store.all_settled(), "known");
      EXPECT_FALSE(storage.exists("s/2"));
      EXPECT_THAT(storage.paths("ckpt"), ElementsAre("ckpt/completed/chk-1.meta"));
      EXPECT_EQ(recovered_after_crash(storage), "1");
    }
  }
}

TEST(CompletedStore, AfterAFailedSyncOfTheDirectoryNothingIsDeleted) {
  MemoryStorage storage;
  storage.put("s/1", "state 1");
  storage.put("s/2", "state 2");
  Store store(storage);
  ASSERT_EQ(store.added(checkpoint_of(1, {"s/1"})), "stored");
  storage.fail_next(Op::sync_directory, Effect::happens);
  EXPECT_EQ(store.added(checkpoint_of(2, {"s/2"})), "unknown");
  EXPECT_EQ(store.outcome_of(2), Outcome::unknown);
  EXPECT_EQ(store.latest()->id, 1u);
  EXPECT_TRUE(storage.exists("s/1"));
  EXPECT_TRUE(storage.exists("s/2"));
  store.discard_file("s/2");  // whoever asks: it may be needed
  storage.run();
  EXPECT_TRUE(storage.exists("s/2"));
  EXPECT_EQ(recovered_after_crash(storage), "2");  // the aborted checkpoint, as SEMANTICS 1.4 warns
}

TEST(CompletedStore, SettleAdoptsWhatIsThere) {
  for (const Op op : {Op::rename, Op::sync_directory}) {
    MemoryStorage storage;
    Store store(storage);
    ASSERT_EQ(store.added(checkpoint_of(1)), "stored");
    storage.fail_next(op, Effect::happens);
    EXPECT_EQ(store.added(checkpoint_of(2)), "unknown");
    EXPECT_EQ(store.settled(2), "stored");
    EXPECT_EQ(store.outcome_of(2), Outcome::stored);
    EXPECT_THAT(store.stored_ids(), ElementsAre(2));
    EXPECT_EQ(recovered_after_crash(storage), "2");
  }
}

TEST(CompletedStore, SettleMakesAnUnsyncedRenameDurable) {
  MemoryStorage storage;
  Store store(storage);
  ASSERT_EQ(store.added(checkpoint_of(1)), "stored");
  storage.fail_next(Op::sync_directory, Effect::none);
  EXPECT_EQ(store.added(checkpoint_of(2)), "unknown");
  EXPECT_EQ(store.settled(2), "stored");
  EXPECT_EQ(recovered_after_crash(storage), "2");
}

TEST(CompletedStore, SettleForgetsWhatIsNotThere) {
  MemoryStorage storage;
  storage.put("s/2", "state 2");
  Store store(storage);
  ASSERT_EQ(store.added(checkpoint_of(1)), "stored");
  storage.fail_next(Op::rename, Effect::none);
  EXPECT_EQ(store.added(checkpoint_of(2, {"s/2"})), "unknown");
  EXPECT_EQ(store.settled(2), "not stored");
  EXPECT_THAT(store.stored_ids(), ElementsAre(1));
  EXPECT_FALSE(storage.exists("s/2"));
  EXPECT_THAT(storage.paths("ckpt"), ElementsAre("ckpt/completed/chk-1.meta"));
  EXPECT_EQ(recovered_after_crash(storage), "1");
}

TEST(CompletedStore, WhileTheStorageFailsNothingIsSettled) {
  for (const Op op : {Op::sync_directory, Op::read}) {
    MemoryStorage storage;
    Store store(storage);
    storage.fail_next(Op::sync_directory, Effect::happens);
    EXPECT_EQ(store.added(checkpoint_of(1)), "unknown");
    storage.fail_next(op, Effect::none, 2);
    EXPECT_EQ(store.settled(1), "unknown");
    EXPECT_EQ(store.all_settled(), "unknown");
    EXPECT_EQ(store.all_settled(), "known");
    EXPECT_EQ(store.latest()->id, 1u);
    EXPECT_EQ(store.settled(1), "stored") << "asked again";
  }
}

TEST(CompletedStore, SettlingAllWaitsForWhatIsUnderWayAndForAStorageThatHangs) {
  MemoryStorage storage;
  Store store(storage);
  ASSERT_EQ(store.added(checkpoint_of(1)), "stored");
  storage.hang("ckpt/completed/chk-2");
  EXPECT_EQ(store.added(checkpoint_of(2)), "no answer");
  std::string answer = "no answer";
  store.settle_all([&](bool known) { answer = known ? "known" : "unknown"; });
  storage.run();
  EXPECT_EQ(answer, "no answer") << "restoring checkpoint 1 now would be wrong";
  EXPECT_EQ(store.outcome_of(2), Outcome::unknown);
  storage.release();
  storage.run();
  EXPECT_EQ(answer, "known");
  EXPECT_EQ(store.latest()->id, 2u);
}

// ---- several at once -----------------------------------------------------------------------------------

TEST(CompletedStore, CheckpointsAreAddedInAnyOrder) {
  MemoryStorage storage;
  for (const char* file : {"s/1", "s/2"}) storage.put(file, "state");
  Store store(storage, 1);
  EXPECT_EQ(store.added(checkpoint_of(2, {"s/2"})), "stored");
  EXPECT_EQ(store.added(checkpoint_of(1, {"s/1"})), "stored");
  EXPECT_EQ(store.latest()->id, 2u);
  EXPECT_THAT(store.stored_ids(), ElementsAre(2)) << "the older one is subsumed at once";
  EXPECT_FALSE(storage.exists("s/1"));
  EXPECT_TRUE(storage.exists("s/2"));
  EXPECT_EQ(recovered_after_crash(storage), "2");
}

TEST(CompletedStore, AnOlderCheckpointIsStoredAfterANewerOneFailed) {
  MemoryStorage storage;
  Store store(storage);
  storage.fail_next(Op::sync);
  EXPECT_EQ(store.added(checkpoint_of(2)), "not stored");
  EXPECT_EQ(store.added(checkpoint_of(1)), "stored");
  EXPECT_EQ(store.highest_id_seen(), 2u);
  EXPECT_EQ(recovered_after_crash(storage), "1");
}

TEST(CompletedStore, EachOfTwoOverlappingAddsGetsItsOwnAnswer) {
  for (const uint64_t failing : {1, 2}) {
    MemoryStorage storage;
    for (const char* file : {"s/1", "s/2"}) storage.put(file, "state");
    Store store(storage, 2);
    std::map<uint64_t, Outcome> answers;
    for (const uint64_t id : {2, 1}) {
      store.add(checkpoint_of(id, {"s/" + std::to_string(id)}), [&answers, id](Outcome o) { answers[id] = o; });
    }
    storage.fail_next(Op::rename, Effect::happens, 1, failing == 1 ? 1 : 0);  // 2 comes first
    storage.run();
    EXPECT_EQ(answers.at(failing), Outcome::unknown);
    EXPECT_EQ(answers.at(3 - failing), Outcome::stored);
    if (failing == 1) {
      EXPECT_EQ(store.outcome_of(1), Outcome::not_stored) << "nothing will restore it, now that 2 is certain";
    }
    EXPECT_TRUE(storage.exists("s/2"));
    EXPECT_EQ(storage.exists("s/1"), failing == 2);
    if (failing == 2) {
      EXPECT_EQ(store.settled(2), "stored");
    }
    EXPECT_EQ(recovered_after_crash(storage), "2");
  }
}

TEST(CompletedStore, TheUnknownOutcomeOfOneSaysNothingOfTheOther) {
  MemoryStorage storage;
  for (const char* file : {"s/1", "s/2"}) storage.put(file, "state");
  Store store(storage);
  storage.fail_next(Op::rename, Effect::none);
  EXPECT_EQ(store.added(checkpoint_of(1, {"s/1"})), "unknown");
  storage.fail_next(Op::rename, Effect::happens);
  EXPECT_EQ(store.added(checkpoint_of(2, {"s/2"})), "unknown");
  EXPECT_EQ(store.settled(1), "not stored");
  EXPECT_TRUE(storage.exists("s/2"));
  EXPECT_EQ(store.settled(2), "stored");
  EXPECT_FALSE(storage.exists("s/1"));
  EXPECT_EQ(recovered_after_crash(storage), "2");
}

TEST(CompletedStore, ANewerCheckpointSubsumesOneOfUnknownOutcome) {
  MemoryStorage storage;
  storage.put("s/1", "state 1");
  Store store(storage);
  storage.fail_next(Op::sync_directory, Effect::happens);
  EXPECT_EQ(store.added(checkpoint_of(1, {"s/1"})), "unknown");
  ASSERT_EQ(store.added(checkpoint_of(2)), "stored");
  EXPECT_EQ(store.outcome_of(1), Outcome::not_stored);
  EXPECT_EQ(store.settled(1), "not stored");
  EXPECT_FALSE(storage.exists("ckpt/completed/chk-1.meta"));
  EXPECT_FALSE(storage.exists("s/1"));
  EXPECT_EQ(recovered_after_crash(storage), "2");
}

// ---- state files that nobody needs ---------------------------------------------------------------------

TEST(CompletedStore, ADirectoryIsDiscardedExceptForWhatACheckpointRefersTo) {
  MemoryStorage storage;
  for (const char* file : {"ckpt/chk-1/task-1", "ckpt/chk-2/task-1", "ckpt/chk-2/task-2"}) storage.put(file, "state");
  Store store(storage);
  ASSERT_EQ(store.added(checkpoint_of(2, {"ckpt/chk-2/task-1"})), "stored");
  store.discard_directory(1);
  store.discard_directory(2);
  storage.run();
  EXPECT_THAT(storage.paths("ckpt/chk-"), ElementsAre("ckpt/chk-2/task-1"));
}

TEST(CompletedStore, ANewJobManagerFindsCheckpointsWithoutLookingAtTheirFilesAndTidiesUpBelowItsOwnIds) {
  MemoryStorage storage;
  for (const char* file : {"ckpt/chk-1/task-1", "ckpt/chk-2/task-1", "ckpt/chk-16/task-9", "ckpt/chk-x/mine"}) {
    storage.put(file, "state");
  }
  ASSERT_EQ(Store(storage).added(checkpoint_of(2, {"ckpt/chk-2/task-1"})), "stored");
  storage.crash();
  Store store(storage);
  EXPECT_EQ(store.recovered().value(), 2u);
  store.discard_directories_below(16);
  storage.run();
  EXPECT_THAT(storage.paths("ckpt/chk-"), ElementsAre("ckpt/chk-16/task-9", "ckpt/chk-2/task-1", "ckpt/chk-x/mine"));
}

}  // namespace
}  // namespace onceproof::checkpoint
