// SPDX-License-Identifier: Apache-2.0
// Laws of keyed state: the table is a map, timers are an ordered set, key-group ranges partition the key groups,
// and every codec gives back what it was given.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/base/lineage.h"
#include "runtime/graph/key_groups.h"
#include "runtime/state/keyed_table.h"
#include "tests/support/timers_under_test.h"

namespace onceproof {
namespace {

using tests::FiredTimer;
using tests::Timers;
using Key = std::tuple<int32_t, std::string, int64_t>;

// Few keys, so that commands meet; one of them beyond the small-string size.
std::string key_of(int n) { return n % 7 == 0 ? std::string(40, static_cast<char>('a' + n)) : std::to_string(n); }

TEST(StateProperty, TheTableIsAMapThatRemembersInsertionOrder) {
  ASSERT_TRUE(rc::check([] {
    state::KeyedTable<int64_t> table;
    std::map<Key, int64_t> values;
    std::vector<Key> order;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 100), rc::gen::inRange(0, 400)));
    const int keys = *rc::gen::element(3, 40, 400);
    int64_t step = 0;
    for (const auto& [command, drawn] : steps) {
      ++step;
      const int n = drawn % keys;
      const Key key{n % 5, key_of(n), n % 3};
      const auto& [group, bytes, window] = key;
      const auto known = values.find(key);
      if (command < 60) {
        const auto [entry, inserted] = table.find_or_insert(group, bytes, window);
        RC_ASSERT(inserted == (known == values.end()));
        RC_ASSERT(entry->value == (inserted ? 0 : known->second));
        RC_ASSERT(&table.at(table.index_of(entry)) == entry);
        if (inserted) order.push_back(key);
        entry->value = values[key] = step;
      } else if (command < 75 || command >= 99) {
        const auto* entry = table.find(group, bytes, window);
        RC_ASSERT((entry != nullptr) == (known != values.end()));
        if (entry != nullptr) RC_ASSERT(entry->value == known->second);
      } else if (auto* entry = table.find(group, bytes, window)) {
        table.erase(entry);
        values.erase(key);
        order.erase(std::find(order.begin(), order.end(), key));
      }
    }
    std::vector<Key> walked;
    table.for_each([&](const auto& entry) {
      walked.emplace_back(entry.key_group, entry.key, entry.window);
      RC_ASSERT(entry.value == values.at(walked.back()));
    });
    RC_ASSERT(walked == order);
    for (const auto& [group, bytes, window] : order) RC_ASSERT(table.find(group, bytes, window) != nullptr);
    RC_ASSERT(table.size() == values.size());
  }));
}

TEST(StateProperty, RangesAndAssignmentAgreeForEveryParallelism) {
  for (int32_t max = 1; max <= 160; ++max) {
    for (int32_t parallelism = 1; parallelism <= max; ++parallelism) {
      int32_t next = 0;
      for (int32_t subtask = 0; subtask < parallelism; ++subtask) {
        const graph::KeyGroupRange range = graph::range_of(subtask, max, parallelism);
        ASSERT_EQ(range.first, next) << max << " " << parallelism << " " << subtask;
        ASSERT_GE(range.last, range.first);
        for (int32_t group = range.first; group <= range.last; ++group)
          ASSERT_EQ(graph::subtask_of(group, max, parallelism), subtask) << max << " " << parallelism << " " << group;
        next = range.last + 1;
      }
      ASSERT_EQ(next, max);
    }
  }
}

TEST(StateProperty, RangesAndAssignmentAgreeAtAnySize) {
  ASSERT_TRUE(rc::check([] {
    const auto max = *rc::gen::inRange<int32_t>(1, graph::kMaxMaxParallelism + 1);
    const auto parallelism = *rc::gen::inRange<int32_t>(1, max + 1);
    const auto group = *rc::gen::inRange<int32_t>(0, max);
    const int32_t subtask = graph::subtask_of(group, max, parallelism);
    RC_ASSERT(0 <= subtask && subtask < parallelism);
    RC_ASSERT(graph::range_of(subtask, max, parallelism).contains(group));
  }));
}

TEST(StateProperty, AKeyHasOneGroupInRange) {
  ASSERT_TRUE(rc::check([](const std::string& key) {
    const auto max = *rc::gen::inRange<int32_t>(1, graph::kMaxMaxParallelism + 1);
    const int32_t group = graph::key_group_of(key, max);
    RC_ASSERT(0 <= group && group < max);
    RC_ASSERT(group == graph::key_group_of(Bytes(key), max));
  }));
}

// The model of the timer service: registered timers in registration order.
struct TimerModel {
  using Item = std::tuple<TimeUs, int32_t, std::string, int64_t>;
  std::vector<Item> items;

  bool add(const Item& item) {
    if (std::find(items.begin(), items.end(), item) != items.end()) return false;
    items.push_back(item);
    return true;
  }
  bool remove(const Item& item) {
    const auto found = std::find(items.begin(), items.end(), item);
    if (found == items.end()) return false;
    items.erase(found);
    return true;
  }
  std::vector<Item> advance(TimeUs watermark) {
    std::vector<Item> due;
    for (const Item& item : items)
      if (std::get<0>(item) <= watermark) due.push_back(item);
    std::stable_sort(due.begin(), due.end(),
                     [](const Item& a, const Item& b) { return std::get<0>(a) < std::get<0>(b); });
    std::erase_if(items, [&](const Item& item) { return std::get<0>(item) <= watermark; });
    return due;
  }
};

std::vector<TimerModel::Item> fire(Timers& timers, TimeUs watermark) {
  std::vector<TimerModel::Item> fired;
  timers.advance(watermark, [&](const FiredTimer& timer) {
    fired.emplace_back(timer.timestamp_us, timer.key_group, std::string(timer.key), timer.window);
  });
  return fired;
}

TEST(StateProperty, TimersAreAnOrderedSetAlsoAcrossSnapshots) {
  ASSERT_TRUE(rc::check([] {
    Timers timers;
    TimerModel model;
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 100), rc::gen::inRange(0, 12), rc::gen::inRange(-20, 20)));
    for (const auto& [command, n, timestamp] : steps) {
      const TimerModel::Item item{timestamp, n % 3, key_of(n % 4), n % 2};
      const std::string key = key_of(n % 4);
      if (command < 60) {
        RC_ASSERT(timers.register_timer(timestamp, n % 3, key, n % 2) == model.add(item));
      } else if (command < 80) {
        RC_ASSERT(timers.delete_timer(timestamp, n % 3, key, n % 2) == model.remove(item));
      } else if (command < 90) {
        RC_ASSERT(fire(timers, timestamp) == model.advance(timestamp));
      } else {
        Bytes bytes;
        timers.snapshot(bytes);
        Timers restored;
        RC_ASSERT(restored.restore(bytes).ok());
        timers = std::move(restored);
      }
      RC_ASSERT(timers.size() == model.items.size());
    }
    RC_ASSERT(fire(timers, kMaxTimeUs) == model.advance(kMaxTimeUs));
  }));
}

TEST(StateProperty, ARescaleLosesAndDuplicatesNoTimer) {
  ASSERT_TRUE(rc::check([] {
    const int32_t max = 16;
    const auto from = *rc::gen::inRange<int32_t>(1, max + 1);
    const auto to = *rc::gen::inRange<int32_t>(1, max + 1);
    const auto numbers = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000));
    std::vector<Timers> before(static_cast<size_t>(from));
    std::vector<TimerModel::Item> expected;
    for (const int n : numbers) {
      const int32_t group = graph::key_group_of(key_of(n % 50), max);
      if (before[graph::subtask_of(group, max, from)].register_timer(n, group, key_of(n % 50), 0))
        expected.emplace_back(n, group, key_of(n % 50), 0);
    }
    std::vector<TimerModel::Item> fired;
    for (int32_t subtask = 0; subtask < to; ++subtask) {
      const graph::KeyGroupRange range = graph::range_of(subtask, max, to);
      Timers after;
      for (const Timers& old : before) {
        Bytes bytes;
        old.snapshot(bytes);
        RC_ASSERT(after.restore(bytes, range.first, range.last).ok());
      }
      for (const auto& item : fire(after, kMaxTimeUs)) fired.push_back(item);
    }
    std::sort(expected.begin(), expected.end());
    std::sort(fired.begin(), fired.end());
    RC_ASSERT(fired == expected);
  }));
}

TEST(StateProperty, AStoredLineageKeepsItsDuplicates) {
  ASSERT_TRUE(rc::check([] {
    // Repeated positions and the largest of each part.
    const auto drawn = *rc::gen::container<std::vector<std::tuple<int, int, int, int>>>(rc::gen::tuple(
        rc::gen::inRange(0, 4), rc::gen::inRange(0, 12), rc::gen::inRange(0, 4), rc::gen::inRange(0, 20)));
    Lineage lineage;
    std::vector<Position> expected{7};
    for (const auto& [partition, offset, ordinal, rare] : drawn) {
      Position position = make_position(partition, offset, rare < 10 ? 0 : ordinal);
      if (rare == 0) position = make_position(kMaxPartition, kMaxOffset, kMaxOrdinal);
      if (rare == 1) position = make_position(partition, offset, kMaxOrdinal);
      lineage.push_back(position);
      expected.push_back(position);
    }
    Lineage decoded{7};
    RC_ASSERT(decode_lineage(lineage.view().raw(), decoded));  // appends
    decoded.sort();
    std::sort(expected.begin(), expected.end());
    RC_ASSERT(std::equal(decoded.begin(), decoded.end(), expected.begin(), expected.end()));
  }));
}

struct Sample {
  int64_t number = 0;
  uint8_t byte = 0;
  bool flag = false;
  std::string text;
  std::vector<std::string> texts;
  std::map<int32_t, std::vector<uint64_t>> nested;
  template <class Archive>
  void fields(Archive& archive) {
    archive(number, byte, flag, text, texts, nested);
  }
};

TEST(StateProperty, AMessageSurvivesTheCodecAndNoPrefixOfItDoes) {
  ASSERT_TRUE(
      rc::check([](int64_t number, uint8_t byte, bool flag, const std::string& text,
                   const std::vector<std::string>& texts, const std::map<int32_t, std::vector<uint64_t>>& nested) {
        const Bytes bytes = encode(Sample{number, byte, flag, text, texts, nested});
        Sample copy;
        RC_ASSERT(decode(bytes, copy));
        RC_ASSERT(std::tie(copy.number, copy.byte, copy.flag, copy.text, copy.texts, copy.nested) ==
                  std::tie(number, byte, flag, text, texts, nested));
        const auto cut = *rc::gen::inRange<size_t>(0, bytes.size());
        RC_ASSERT(!decode(ByteView(bytes).substr(0, cut), copy));
      }));
}

TEST(StateProperty, AnyVarintSurvives) {
  ASSERT_TRUE(rc::check([](uint64_t drawn) {
    const uint64_t value = drawn >> *rc::gen::inRange(0, 64);
    Bytes bytes;
    ByteWriter(bytes).varint(value);
    ByteReader reader(bytes);
    RC_ASSERT(reader.varint() == value);
    RC_ASSERT(reader.ok() && reader.at_end());
  }));
}

}  // namespace
}  // namespace onceproof
