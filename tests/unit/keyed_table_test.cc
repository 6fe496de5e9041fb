// SPDX-License-Identifier: Apache-2.0
// KeyedTable: addressing by all three parts, stable pointers and handles, insertion order through erasures.
#include "runtime/state/keyed_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace onceproof::state {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Table = KeyedTable<int64_t>;

std::vector<std::string> keys_of(const Table& table) {
  std::vector<std::string> keys;
  table.for_each([&](const Table::Entry& entry) { keys.push_back(entry.key); });
  return keys;
}

TEST(KeyedTable, ANewEntryStartsAtZeroAndIsFoundAgain) {
  Table table;
  const auto [entry, inserted] = table.find_or_insert(3, "the", 10);
  EXPECT_TRUE(inserted);
  EXPECT_EQ(entry->value, 0);
  EXPECT_EQ(entry->key, "the");
  EXPECT_EQ(entry->key_group, 3);
  EXPECT_EQ(entry->window, 10);
  ++entry->value;
  const auto [again, inserted_again] = table.find_or_insert(3, "the", 10);
  EXPECT_FALSE(inserted_again);
  EXPECT_EQ(again, entry);
  EXPECT_EQ(table.find(3, "the", 10)->value, 1);
  EXPECT_EQ(table.size(), 1u);
}

TEST(KeyedTable, KeyGroupKeyAndWindowAllDistinguish) {
  Table table;
  table.find_or_insert(1, "a", 1).first->value = 1;
  table.find_or_insert(2, "a", 1).first->value = 2;
  table.find_or_insert(1, "b", 1).first->value = 3;
  table.find_or_insert(1, "a", 2).first->value = 4;
  EXPECT_EQ(table.size(), 4u);
  EXPECT_EQ(table.find(1, "a", 1)->value, 1);
  EXPECT_EQ(table.find(2, "a", 1)->value, 2);
  EXPECT_EQ(table.find(1, "b", 1)->value, 3);
  EXPECT_EQ(table.find(1, "a", 2)->value, 4);
}

TEST(KeyedTable, KeysAreBytes) {
  using namespace std::string_view_literals;
  Table table;
  table.find_or_insert(0, "", 0);
  table.find_or_insert(0, "\0"sv, 0);
  table.find_or_insert(0, "\0\0"sv, 0);
  EXPECT_EQ(table.size(), 3u);
}

TEST(KeyedTable, AnEmptyTableFindsNothing) {
  const Table table;
  EXPECT_EQ(table.find(0, "a", 0), nullptr);
  EXPECT_TRUE(table.empty());
  EXPECT_THAT(keys_of(table), IsEmpty());
}

TEST(KeyedTable, PointersAndHandlesSurviveGrowth) {
  Table table;
  Table::Entry* first = table.find_or_insert(0, "first", 0).first;
  const uint32_t handle = table.index_of(first);
  for (int i = 0; i < 10'000; ++i) table.find_or_insert(i % 128, std::to_string(i), 0).first->value = i;
  EXPECT_EQ(table.find(0, "first", 0), first);
  EXPECT_EQ(&table.at(handle), first);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(table.find(i % 128, std::to_string(i), 0)->value, i);
}

TEST(KeyedTable, IterationIsInInsertionOrderThoughSlotsAreReused) {
  Table table;
  for (const char* key : {"a", "b", "c", "d"}) table.find_or_insert(0, key, 0);
  table.erase(table.find(0, "b", 0));
  table.erase(table.find(0, "a", 0));
  table.find_or_insert(0, "e", 0);  // takes the slot of "a"
  table.find_or_insert(0, "b", 0);
  EXPECT_THAT(keys_of(table), ElementsAre("c", "d", "e", "b"));
}

TEST(KeyedTable, AnEntryInAReusedSlotStartsAtZero) {
  Table table;
  Table::Entry* entry = table.find_or_insert(0, "a", 0).first;
  entry->value = 7;
  const uint32_t handle = table.index_of(entry);
  table.erase(handle);
  const auto [fresh, inserted] = table.find_or_insert(0, "b", 0);
  EXPECT_TRUE(inserted);
  EXPECT_EQ(table.index_of(fresh), handle);
  EXPECT_EQ(fresh->value, 0);
}

TEST(KeyedTable, AWalkMayEraseTheEntryItStandsOn) {
  Table table;
  for (int i = 0; i < 500; ++i) table.find_or_insert(0, std::to_string(i), 0).first->value = i;
  table.for_each([&](Table::Entry& entry) {
    if (entry.value % 5 != 0) table.erase(&entry);
  });
  EXPECT_EQ(table.size(), 100u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(table.find(0, std::to_string(i), 0) != nullptr, i % 5 == 0) << i;
}

TEST(KeyedTable, ErasuresInACrowdedTableHideNoOtherEntry) {
  Table table;
  const auto present = [](int i, int round) { return (i * 7 + round) % 3 != 0; };
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 48; ++i) {  // 48 of 64 slots: long probe runs, also across the end of the slots
      if (Table::Entry* entry = table.find(0, std::to_string(i), 0); entry != nullptr && !present(i, round))
        table.erase(entry);
      else if (entry == nullptr && present(i, round))
        table.find_or_insert(0, std::to_string(i), 0);
      for (int j = 0; j <= i; ++j)
        ASSERT_EQ(table.find(0, std::to_string(j), 0) != nullptr, present(j, round)) << j << " in round " << round;
    }
  }
}

TEST(KeyedTable, AClearedTableIsEmptyAndUsable) {
  Table table;
  for (int i = 0; i < 300; ++i) table.find_or_insert(0, std::to_string(i), 0).first->value = 1;
  table.clear();
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find(0, "7", 0), nullptr);
  EXPECT_EQ(table.find_or_insert(0, "7", 0).first->value, 0);
  EXPECT_THAT(keys_of(table), ElementsAre("7"));
}

TEST(KeyedTable, AnErasedValueIsDroppedAtOnce) {
  KeyedTable<std::shared_ptr<int>> table;
  const auto value = std::make_shared<int>(1);
  table.find_or_insert(0, "a", 0).first->value = value;
  EXPECT_EQ(value.use_count(), 2);
  table.erase(table.find(0, "a", 0));
  EXPECT_EQ(value.use_count(), 1);
}

TEST(KeyedTable, AMovedTableTakesItsEntriesAlong) {
  Table table;
  Table::Entry* entry = table.find_or_insert(0, "a", 0).first;
  Table other = std::move(table);
  EXPECT_EQ(other.find(0, "a", 0), entry);
  other = Table();
  EXPECT_TRUE(other.empty());
}

TEST(KeyedTableDeathTest, ErasingTwiceIsABug) {
  Table table;
  Table::Entry* entry = table.find_or_insert(0, "a", 0).first;
  table.erase(entry);
  EXPECT_DEATH(table.erase(entry), "not in the table");
}

}  // namespace
}  // namespace onceproof::state
