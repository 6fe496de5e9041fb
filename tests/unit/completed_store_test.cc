// SPDX-License-Identifier: Apache-2.0
// Completed-checkpoint store: add() is a commit point at every possible crash, errors never lead to an older
// checkpoint, and nothing is deleted that a later job manager may need.
#include "runtime/checkpoint/completed_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/memory_storage.h"

namespace onceproof::checkpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::MemoryStorage;
using Op = MemoryStorage::Op;
using Effect = MemoryStorage::Effect;

CompletedCheckpoint checkpoint_of(uint64_t id, std::vector<std::string> files = {}) {
  CompletedCheckpoint checkpoint{id, static_cast<TimeUs>(id * 1000), static_cast<TimeUs>(id * 1000 + 5), {}};
  checkpoint.states.push_back({{0, 0}, "inline state of " + std::to_string(id), ""});
  for (const std::string& file : files) checkpoint.states.push_back({{1, 0}, "", file});
  return checkpoint;
}

CompletedCheckpointStore store_on(MemoryStorage& storage, int32_t retained = 1) { return {storage, "ckpt", retained}; }

std::vector<uint64_t> ids_of(const CompletedCheckpointStore& store) {
  std::vector<uint64_t> ids;
  for (const CompletedCheckpoint& checkpoint : store.all()) ids.push_back(checkpoint.id);
  return ids;
}

// The id that a new job manager finds after the writer's crash; the error's name when it finds an error.
std::string recovered_after_crash(MemoryStorage& storage) {
  storage.crash();
  auto store = store_on(storage, 3);
  const auto latest = store.recover();
  return latest.ok() ? std::to_string(latest.value()) : to_string(latest.code());
}

TEST(CompletedStore, AnEmptyDirectoryHoldsNoCheckpoint) {
  MemoryStorage storage;
  auto store = store_on(storage);
  EXPECT_EQ(store.recover().value(), 0u);
  EXPECT_EQ(store.latest(), nullptr);
  EXPECT_EQ(store.highest_id_seen(), 0u);
}

TEST(CompletedStore, AnAddedCheckpointSurvivesACrashWhole) {
  MemoryStorage storage;
  storage.put("ckpt/3/task-1", "big state");
  ASSERT_TRUE(store_on(storage).add(checkpoint_of(3, {"ckpt/3/task-1"})).ok());
  storage.crash();
  auto store = store_on(storage);
  EXPECT_EQ(store.recover().value(), 3u);
  const CompletedCheckpoint* latest = store.latest();
  ASSERT_NE(latest, nullptr);
  EXPECT_EQ(encode(*latest), encode(checkpoint_of(3, {"ckpt/3/task-1"})));
  EXPECT_EQ(store.highest_id_seen(), 3u);
  EXPECT_EQ(storage.get("ckpt/3/task-1"), "big state");
}

TEST(CompletedStore, AtEveryCrashPointAnAddIsEitherDoneOrNeverHappened) {
  for (int operations = 0; operations < 30; ++operations) {
    MemoryStorage storage;
    auto store = store_on(storage);
    storage.put("s/1", "state 1");
    storage.put("s/2", "state 2");
    ASSERT_TRUE(store.add(checkpoint_of(1, {"s/1"})).ok());
    storage.die_after(operations);
    const Status status = store.add(checkpoint_of(2, {"s/2"}));
    const bool died = storage.dead();
    const std::string found = recovered_after_crash(storage);
    EXPECT_TRUE(found == "1" || found == "2") << operations << ": " << found;
    if (status.ok()) {
      EXPECT_EQ(found, "2") << "lost a stored checkpoint, crash after " << operations;
    } else if (status.code() == ErrorCode::io_error) {
      EXPECT_EQ(found, "1") << operations;
    }
    EXPECT_TRUE(storage.exists("s/" + found)) << "the files of the latest checkpoint are gone, " << operations;
    if (!died) return;  // the whole add ran
  }
  FAIL() << "add never came to an end";
}

TEST(CompletedStore, TheOldestBeyondRetainedGoesWithTheFilesItAloneRefersTo) {
  MemoryStorage storage;
  for (const char* file : {"s/shared", "s/1", "s/2", "s/3"}) storage.put(file, "state");
  auto store = store_on(storage, 2);
  ASSERT_TRUE(store.add(checkpoint_of(1, {"s/shared", "s/1"})).ok());
  ASSERT_TRUE(store.add(checkpoint_of(2, {"s/shared", "s/2"})).ok());
  EXPECT_TRUE(storage.exists("s/1"));
  ASSERT_TRUE(store.add(checkpoint_of(5, {"s/3"})).ok());
  EXPECT_THAT(ids_of(store), ElementsAre(2, 5));
  EXPECT_FALSE(storage.exists("s/1"));
  EXPECT_FALSE(storage.exists("ckpt/chk-1.meta"));
  EXPECT_TRUE(storage.exists("s/shared"));
  EXPECT_TRUE(storage.exists("s/2"));
  ASSERT_TRUE(store.add(checkpoint_of(6)).ok());
  EXPECT_FALSE(storage.exists("s/shared"));
}

TEST(CompletedStore, ACrashBetweenAddAndSubsumptionLeavesTwoAndTheNextAddTidiesUp) {
  MemoryStorage storage;
  {
    auto store = store_on(storage);
    ASSERT_TRUE(store.add(checkpoint_of(1)).ok());
    storage.die_after(5);  // remove tmp, append, sync, rename, sync directory
    ASSERT_TRUE(store.add(checkpoint_of(2)).ok());
  }
  storage.crash();
  auto store = store_on(storage);
  EXPECT_EQ(store.recover().value(), 2u);
  EXPECT_THAT(ids_of(store), ElementsAre(1, 2));
  ASSERT_TRUE(store.add(checkpoint_of(3)).ok());
  EXPECT_THAT(ids_of(store), ElementsAre(3));
  EXPECT_FALSE(storage.exists("ckpt/chk-1.meta"));
  EXPECT_FALSE(storage.exists("ckpt/chk-2.meta"));
}

TEST(CompletedStore, AFailedRemovalIsTriedAgainAndDoesNotFailTheAdd) {
  MemoryStorage storage;
  storage.put("s/1", "state");
  auto store = store_on(storage);
  ASSERT_TRUE(store.add(checkpoint_of(1, {"s/1"})).ok());
  storage.fail_next(Op::remove, Effect::none, 1, 2);  // not the temporary files, but the old metadata
  ASSERT_TRUE(store.add(checkpoint_of(2)).ok());
  EXPECT_THAT(ids_of(store), ElementsAre(1, 2));
  EXPECT_TRUE(storage.exists("s/1"));  // metadata are never without their files
  ASSERT_TRUE(store.add(checkpoint_of(3)).ok());
  EXPECT_THAT(ids_of(store), ElementsAre(3));
  EXPECT_FALSE(storage.exists("s/1"));
}

TEST(CompletedStore, AFailedSyncOfTheDataMeansNotStored) {
  for (const Op op : {Op::append, Op::sync}) {
    MemoryStorage storage;
    auto store = store_on(storage);
    ASSERT_TRUE(store.add(checkpoint_of(1)).ok());
    storage.fail_next(op, Effect::happens);
    EXPECT_EQ(store.add(checkpoint_of(2)).code(), ErrorCode::io_error);
    EXPECT_EQ(store.latest()->id, 1u);
    EXPECT_FALSE(store.outcome_unknown());
    EXPECT_EQ(recovered_after_crash(storage), "1");
  }
}

TEST(CompletedStore, AfterAFailedSyncOfTheDirectoryNothingIsDeleted) {
  MemoryStorage storage;
  storage.put("s/1", "state 1");
  storage.put("s/2", "state 2");
  auto store = store_on(storage);
  ASSERT_TRUE(store.add(checkpoint_of(1, {"s/1"})).ok());
  storage.fail_next(Op::sync_directory, Effect::happens);
  EXPECT_EQ(store.add(checkpoint_of(2, {"s/2"})).code(), ErrorCode::timed_out);
  EXPECT_TRUE(store.outcome_unknown());
  EXPECT_EQ(store.latest()->id, 1u);
  EXPECT_TRUE(storage.exists("s/1"));
  EXPECT_TRUE(storage.exists("s/2"));
  EXPECT_EQ(recovered_after_crash(storage), "2");  // the aborted checkpoint, as SEMANTICS 1.4 warns
}

TEST(CompletedStore, SettleAdoptsWhatIsThere) {
  for (const Op op : {Op::rename, Op::sync_directory}) {
    MemoryStorage storage;
    auto store = store_on(storage);
    ASSERT_TRUE(store.add(checkpoint_of(1)).ok());
    storage.fail_next(op, Effect::happens);
    EXPECT_EQ(store.add(checkpoint_of(2)).code(), ErrorCode::timed_out);
    ASSERT_TRUE(store.settle().ok());
    EXPECT_FALSE(store.outcome_unknown());
    EXPECT_THAT(ids_of(store), ElementsAre(2));
    EXPECT_EQ(recovered_after_crash(storage), "2");
  }
}

TEST(CompletedStore, SettleMakesAnUnsyncedRenameDurable) {
  MemoryStorage storage;
  auto store = store_on(storage);
  ASSERT_TRUE(store.add(checkpoint_of(1)).ok());
  storage.fail_next(Op::sync_directory, Effect::none);
  EXPECT_EQ(store.add(checkpoint_of(2)).code(), ErrorCode::timed_out);
  ASSERT_TRUE(store.settle().ok());
  EXPECT_EQ(store.latest()->id, 2u);
  EXPECT_EQ(recovered_after_crash(storage), "2");
}

TEST(CompletedStore, SettleForgetsWhatIsNotThere) {
  MemoryStorage storage;
  storage.put("s/2", "state 2");
  auto store = store_on(storage);
  ASSERT_TRUE(store.add(checkpoint_of(1)).ok());
  storage.fail_next(Op::rename, Effect::none);
  EXPECT_EQ(store.add(checkpoint_of(2, {"s/2"})).code(), ErrorCode::timed_out);
  ASSERT_TRUE(store.settle().ok());
  EXPECT_THAT(ids_of(store), ElementsAre(1));
  EXPECT_FALSE(storage.exists("s/2"));
  EXPECT_EQ(recovered_after_crash(storage), "1");
}

TEST(CompletedStore, WhileTheStorageFailsNothingIsSettled) {
  for (const Op op : {Op::sync_directory, Op::read}) {
    MemoryStorage storage;
    auto store = store_on(storage);
    storage.fail_next(Op::sync_directory, Effect::happens);
    EXPECT_EQ(store.add(checkpoint_of(1)).code(), ErrorCode::timed_out);
    storage.fail_next(op);
    EXPECT_FALSE(store.settle().ok());
    EXPECT_TRUE(store.outcome_unknown());
    EXPECT_TRUE(store.settle().ok());
    EXPECT_EQ(store.latest()->id, 1u);
  }
}

TEST(CompletedStore, ANewerCheckpointSubsumesOneOfUnknownOutcome) {
  MemoryStorage storage;
  storage.put("s/1", "state 1");
  auto store = store_on(storage);
  storage.fail_next(Op::sync_directory, Effect::happens);
  EXPECT_EQ(store.add(checkpoint_of(1, {"s/1"})).code(), ErrorCode::timed_out);
  ASSERT_TRUE(store.add(checkpoint_of(2)).ok());
  EXPECT_FALSE(store.outcome_unknown());
  EXPECT_FALSE(storage.exists("ckpt/chk-1.meta"));
  EXPECT_FALSE(storage.exists("s/1"));
  EXPECT_EQ(recovered_after_crash(storage), "2");
}

TEST(CompletedStore, AnInputOutputErrorNeverLeadsToAnOlderCheckpoint) {
  MemoryStorage storage;
  auto writer = store_on(storage, 3);
  for (uint64_t id = 1; id <= 3; ++id) ASSERT_TRUE(writer.add(checkpoint_of(id)).ok());
  auto store = store_on(storage, 3);
  storage.fail_next(Op::read);
  const auto failed = store.recover();
  EXPECT_EQ(failed.code(), ErrorCode::io_error);
  EXPECT_THAT(failed.error().message, HasSubstr("checkpoint 3 is in the store but cannot be read"));
  EXPECT_EQ(store.latest(), nullptr);
  EXPECT_EQ(store.recover().value(), 3u);  // a retry finds it
  EXPECT_THAT(ids_of(store), ElementsAre(1, 2, 3));
}

TEST(CompletedStore, AnInputOutputErrorOnAnOlderCheckpointIsAnErrorToo) {
  MemoryStorage storage;
  auto writer = store_on(storage, 2);
  for (uint64_t id = 1; id <= 2; ++id) ASSERT_TRUE(writer.add(checkpoint_of(id)).ok());
  storage.fail_next(Op::read, Effect::none, 1, 1);
  auto store = store_on(storage, 2);
  EXPECT_EQ(store.recover().code(), ErrorCode::io_error);
  EXPECT_EQ(store.latest(), nullptr);
}

TEST(CompletedStore, AFailedListingIsAnErrorNotAnEmptyStore) {
  MemoryStorage storage;
  ASSERT_TRUE(store_on(storage).add(checkpoint_of(1)).ok());
  storage.fail_next(Op::list);
  EXPECT_EQ(store_on(storage).recover().code(), ErrorCode::io_error);
}

TEST(CompletedStore, DamageToTheNewestIsAnErrorAndToAnOlderOneIsNot) {
  MemoryStorage storage;
  auto writer = store_on(storage, 3);
  for (uint64_t id = 1; id <= 3; ++id) ASSERT_TRUE(writer.add(checkpoint_of(id)).ok());
  const Bytes intact = storage.get("ckpt/chk-2.meta");
  Bytes damaged = intact;
  damaged[damaged.size() / 2] ^= 1;
  storage.put("ckpt/chk-2.meta", damaged);
  auto store = store_on(storage, 3);
  EXPECT_EQ(store.recover().value(), 3u);
  EXPECT_THAT(ids_of(store), ElementsAre(1, 3));
  storage.put("ckpt/chk-3.meta", ByteView(intact).substr(0, intact.size() - 1));
  EXPECT_EQ(store.recover().code(), ErrorCode::corrupt);
  storage.put("ckpt/chk-3.meta", intact);  // whole, but of another checkpoint
  EXPECT_EQ(store.recover().code(), ErrorCode::corrupt);
}

TEST(CompletedStore, ATornTemporaryFileIsIgnoredButItsIdIsNotUsedAgain) {
  MemoryStorage storage;
  ASSERT_TRUE(store_on(storage).add(checkpoint_of(4)).ok());
  storage.put("ckpt/chk-9.tmp", "torn");
  storage.put("ckpt/chk-12", "somebody else's");
  storage.put("ckpt/chk-x.meta", "somebody else's");
  storage.put("ckpt/sub/chk-99.meta", "somebody else's");
  auto store = store_on(storage);
  EXPECT_EQ(store.recover().value(), 4u);
  EXPECT_EQ(store.highest_id_seen(), 9u);
}

TEST(CompletedStore, ALeftoverTemporaryFileIsNotContinued) {
  MemoryStorage storage;
  storage.put("ckpt/chk-2.tmp", "torn");
  auto store = store_on(storage);  // not recovered, so it may use the id
  ASSERT_TRUE(store.add(checkpoint_of(2)).ok());
  EXPECT_EQ(recovered_after_crash(storage), "2");
}

TEST(CompletedStore, WhatARecoveryReliesOnNoLongerVanishesWithItsWriter) {
  MemoryStorage storage;
  auto cut_off = store_on(storage);
  storage.fail_next(Op::sync_directory, Effect::none);
  EXPECT_EQ(cut_off.add(checkpoint_of(1)).code(), ErrorCode::timed_out);
  auto successor = store_on(storage);
  EXPECT_EQ(successor.recover().value(), 1u);
  EXPECT_EQ(recovered_after_crash(storage), "1");
}

TEST(CompletedStoreDeathTest, AnIdIsNeverUsedTwice) {
  MemoryStorage storage;
  auto store = store_on(storage);
  ASSERT_TRUE(store.add(checkpoint_of(2)).ok());
  EXPECT_DEATH((void)store.add(checkpoint_of(2)), "never used twice");
}

TEST(LeaderSession, EverySessionIsHigherThanAllBeforeIt) {
  MemoryStorage storage;
  EXPECT_EQ(next_session(storage, "ha").value(), 1u);
  storage.crash();
  EXPECT_EQ(next_session(storage, "ha").value(), 2u);
  storage.put("ha/leader-session.tmp", "torn");
  EXPECT_EQ(next_session(storage, "ha").value(), 3u);
}

TEST(LeaderSession, NoSessionIsGivenOutTwiceWhereverTheWriterDies) {
  for (int operations = 0; operations < 10; ++operations) {
    MemoryStorage storage;
    ASSERT_EQ(next_session(storage, "ha").value(), 1u);
    storage.die_after(operations);
    const auto second = next_session(storage, "ha");
    storage.crash();
    const uint64_t third = next_session(storage, "ha").value();
    EXPECT_GT(third, second.ok() ? second.value() : 1u) << operations;
  }
}

TEST(LeaderSession, AnUnreadableCounterDoesNotStartAgainAtOne) {
  MemoryStorage storage;
  ASSERT_TRUE(next_session(storage, "ha").ok());
  storage.fail_next(Op::read);
  EXPECT_EQ(next_session(storage, "ha").code(), ErrorCode::io_error);
  storage.put("ha/leader-session", "damaged");
  EXPECT_EQ(next_session(storage, "ha").code(), ErrorCode::corrupt);
}

}  // namespace
}  // namespace onceproof::checkpoint
