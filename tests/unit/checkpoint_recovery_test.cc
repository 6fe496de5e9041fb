// SPDX-License-Identifier: Apache-2.0
// What a new job manager finds: errors never lead to an older checkpoint, and no number is given out twice.
#include "runtime/checkpoint/checkpoint_ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/checkpoint/durable_counter.h"
#include "tests/support/store_under_test.h"

namespace onceproof::checkpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// ---- recovery ------------------------------------------------------------------------------------------

TEST(CompletedStore, AnInputOutputErrorNeverLeadsToAnOlderCheckpoint) {
  MemoryStorage storage;
  Store writer(storage, 3);
  for (uint64_t id = 1; id <= 3; ++id) ASSERT_EQ(writer.added(checkpoint_of(id)), "stored");
  Store store(storage, 3);
  storage.fail_next(Op::read);
  const auto failed = store.recovered();
  EXPECT_EQ(failed.code(), ErrorCode::io_error);
  EXPECT_THAT(failed.error().message, HasSubstr("checkpoint 3 is in the store but cannot be read"));
  EXPECT_EQ(store.latest(), nullptr);
  EXPECT_EQ(store.recovered().value(), 3u);  // a retry finds it
  EXPECT_THAT(store.stored_ids(), ElementsAre(1, 2, 3));
}

TEST(CompletedStore, AnInputOutputErrorOnAnOlderCheckpointIsAnErrorToo) {
  MemoryStorage storage;
  Store writer(storage, 2);
  for (uint64_t id = 1; id <= 2; ++id) ASSERT_EQ(writer.added(checkpoint_of(id)), "stored");
  storage.fail_next(Op::read, Effect::none, 1, 1);
  Store store(storage, 2);
  EXPECT_EQ(store.recovered().code(), ErrorCode::io_error);
  EXPECT_EQ(store.latest(), nullptr);
}

TEST(CompletedStore, AFailedListingOrSyncIsAnErrorNotAnEmptyStore) {
  for (const Op op : {Op::list, Op::sync_directory}) {
    MemoryStorage storage;
    ASSERT_EQ(Store(storage).added(checkpoint_of(1)), "stored");
    storage.fail_next(op);
    EXPECT_EQ(Store(storage).recovered().code(), ErrorCode::io_error);
  }
}

TEST(CompletedStore, DamageToTheNewestIsAnErrorAndToAnOlderOneIsNot) {
  MemoryStorage storage;
  Store writer(storage, 3);
  for (uint64_t id = 1; id <= 3; ++id) ASSERT_EQ(writer.added(checkpoint_of(id)), "stored");
  const Bytes intact = storage.get("ckpt/completed/chk-2.meta");
  Bytes damaged = intact;
  damaged[damaged.size() / 2] ^= 1;
  storage.put("ckpt/completed/chk-2.meta", damaged);
  Store store(storage, 3);
  EXPECT_EQ(store.recovered().value(), 3u);
  EXPECT_THAT(store.stored_ids(), ElementsAre(1, 3));
  storage.put("ckpt/completed/chk-3.meta", ByteView(intact).substr(0, intact.size() - 1));
  EXPECT_EQ(store.recovered().code(), ErrorCode::corrupt);
  storage.put("ckpt/completed/chk-3.meta", intact);  // whole, but of another checkpoint
  EXPECT_EQ(store.recovered().code(), ErrorCode::corrupt);
}

TEST(CompletedStore, ATornTemporaryFileIsIgnoredButItsIdIsSeen) {
  MemoryStorage storage;
  ASSERT_EQ(Store(storage).added(checkpoint_of(4)), "stored");
  storage.put("ckpt/completed/chk-9.tmp", "torn");
  storage.put("ckpt/completed/chk-12", "somebody else's");
  storage.put("ckpt/completed/chk-x.meta", "somebody else's");
  storage.put("ckpt/sub/chk-99.meta", "somebody else's");
  Store store(storage);
  EXPECT_EQ(store.recovered().value(), 4u);
  EXPECT_EQ(store.highest_id_seen(), 9u);
}

TEST(CompletedStore, ALeftoverTemporaryFileIsNotContinued) {
  MemoryStorage storage;
  storage.put("ckpt/completed/chk-2.tmp", "torn");
  EXPECT_EQ(Store(storage).added(checkpoint_of(2)), "stored");
  EXPECT_EQ(recovered_after_crash(storage), "2");
}

TEST(CompletedStore, WhatARecoveryReliesOnNoLongerVanishesWithItsWriter) {
  MemoryStorage storage;
  Store cut_off(storage);
  storage.fail_next(Op::sync_directory, Effect::none);
  EXPECT_EQ(cut_off.added(checkpoint_of(1)), "unknown");
  EXPECT_EQ(Store(storage).recovered().value(), 1u);
  EXPECT_EQ(recovered_after_crash(storage), "1");
}

TEST(CompletedStoreDeathTest, AnIdIsNeverUsedTwice) {
  MemoryStorage storage;
  Store store(storage);
  ASSERT_EQ(store.added(checkpoint_of(2)), "stored");
  EXPECT_DEATH(store.add(checkpoint_of(2), [](Outcome) {}), "used once");
}

// ---- numbers -------------------------------------------------------------------------------------------

Result<uint64_t> reserved(MemoryStorage& storage, uint64_t count = 1) {
  Result<uint64_t> answer = Error{ErrorCode::timed_out, "no answer"};
  reserve_numbers(storage, "ha/counter", count, [&](const Result<uint64_t>& first) { answer = first; });
  storage.run();
  return answer;
}

TEST(DurableCounter, EveryNumberIsHigherThanAllBeforeIt) {
  MemoryStorage storage;
  EXPECT_EQ(reserved(storage).value(), 1u);
  storage.crash();
  EXPECT_EQ(reserved(storage, 10).value(), 2u);
  storage.put("ha/counter.tmp", "torn");
  EXPECT_EQ(reserved(storage).value(), 12u);
}

TEST(DurableCounter, NoNumberIsGivenOutTwiceWhereverTheWriterDiesOrFails) {
  for (const Op op : {Op::append, Op::sync, Op::rename, Op::sync_directory, Op::remove, Op::read}) {
    for (const Effect effect : {Effect::none, Effect::happens}) {
      for (int operations = 0; operations < 10; ++operations) {
        MemoryStorage storage;
        ASSERT_EQ(reserved(storage, 5).value(), 1u);
        storage.fail_next(op, effect);
        storage.die_after(operations);
        const auto second = reserved(storage, 5);
        storage.crash();
        const uint64_t third = reserved(storage, 5).value();
        EXPECT_GE(third, second.ok() ? second.value() + 5 : 6u) << operations;
      }
    }
  }
}

TEST(DurableCounter, AnUnreadableCounterDoesNotStartAgainAtOne) {
  MemoryStorage storage;
  ASSERT_TRUE(reserved(storage).ok());
  storage.fail_next(Op::read);
  EXPECT_EQ(reserved(storage).code(), ErrorCode::io_error);
  storage.put("ha/counter", "damaged");
  EXPECT_EQ(reserved(storage).code(), ErrorCode::corrupt);
}

TEST(CheckpointIds, TheNextBlockIsFetchedBeforeOneIsUsedUp) {
  MemoryStorage storage;
  CheckpointIds ids(storage, "ha/ids", 4);
  EXPECT_EQ(ids.take(), std::nullopt) << "none has been reserved";
  storage.run();
  for (uint64_t id = 1; id <= 20; ++id) {
    EXPECT_EQ(ids.next(), id);
    EXPECT_EQ(ids.take(), id);
    storage.run();
  }
}

TEST(CheckpointIds, WithoutTheStorageTheyEndAndNeverRepeat) {
  MemoryStorage storage;
  uint64_t highest = 0;
  for (int life = 0; life < 5; ++life) {
    CheckpointIds ids(storage, "ha/ids", 4);
    ids.reserve([](const Status&) {});
    storage.run();
    storage.fail_next(Op::sync, Effect::none, 1000);
    for (int i = 0; i < 10; ++i) {
      const auto id = ids.take();
      storage.run();
      EXPECT_EQ(id.has_value(), i < 4);
      if (!id) continue;
      EXPECT_GT(*id, highest);
      highest = *id;
    }
    storage.heal();
    EXPECT_EQ(ids.take(), std::nullopt) << "asks again";
    storage.run();
    EXPECT_GT(ids.take().value(), highest++);
    storage.crash();
  }
}

}  // namespace
}  // namespace onceproof::checkpoint
