// SPDX-License-Identifier: Apache-2.0
// TimerService: deduplication, firing order, timers that register timers, and what survives a snapshot.
#include "runtime/state/timer_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/timers_under_test.h"

namespace onceproof::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> advance(Timers& timers, TimeUs watermark_us) {
  std::vector<std::string> fired;
  timers.advance(watermark_us, [&](const FiredTimer& timer) {
    fired.push_back(std::to_string(timer.timestamp_us) + " " + std::string(timer.key) + "/" +
                    std::to_string(timer.window));
  });
  return fired;
}

Bytes snapshot_of(const Timers& timers) {
  Bytes out;
  timers.snapshot(out);
  return out;
}

TEST(TimerService, ATimerFiresOnceWhenTheWatermarkReachesIt) {
  Timers timers;
  timers.register_timer(10, 1, "a", 0);
  EXPECT_THAT(advance(timers, 9), IsEmpty());
  EXPECT_THAT(advance(timers, 10), ElementsAre("10 a/0"));
  EXPECT_THAT(advance(timers, 11), IsEmpty());
  EXPECT_TRUE(timers.empty());
}

TEST(TimerService, TheSameTimestampKeyAndWindowIsOneTimer) {
  Timers timers;
  EXPECT_TRUE(timers.register_timer(10, 1, "a", 0));
  EXPECT_FALSE(timers.register_timer(10, 1, "a", 0));
  EXPECT_TRUE(timers.register_timer(11, 1, "a", 0));
  EXPECT_TRUE(timers.register_timer(10, 1, "b", 0));
  EXPECT_TRUE(timers.register_timer(10, 1, "a", 1));
  EXPECT_EQ(timers.size(), 4u);
  EXPECT_THAT(advance(timers, 20), ElementsAre("10 a/0", "10 b/0", "10 a/1", "11 a/0"));
}

TEST(TimerService, ATimerMayBeRegisteredAgainAfterItFired) {
  Timers timers;
  timers.register_timer(10, 1, "a", 0);
  advance(timers, 10);
  EXPECT_TRUE(timers.register_timer(10, 1, "a", 0));
  EXPECT_THAT(advance(timers, 10), ElementsAre("10 a/0"));
}

TEST(TimerService, TimersFireByTimestampThenByRegistration) {
  Timers timers;
  timers.register_timer(30, 1, "z", 0);
  timers.register_timer(20, 9, "m", 0);
  timers.register_timer(20, 2, "b", 0);
  timers.register_timer(20, 5, "k", 0);
  timers.register_timer(-5, 5, "k", 0);
  EXPECT_EQ(timers.next_timestamp_us(), -5);
  EXPECT_THAT(advance(timers, kMaxTimeUs), ElementsAre("-5 k/0", "20 m/0", "20 b/0", "20 k/0", "30 z/0"));
  EXPECT_EQ(timers.next_timestamp_us(), kMaxTimeUs);
}

TEST(TimerService, ADeletedTimerDoesNotFire) {
  Timers timers;
  timers.register_timer(10, 1, "a", 0);
  timers.register_timer(20, 1, "a", 0);
  timers.register_timer(30, 1, "a", 0);
  EXPECT_TRUE(timers.delete_timer(20, 1, "a", 0));
  EXPECT_FALSE(timers.delete_timer(20, 1, "a", 0));
  EXPECT_FALSE(timers.delete_timer(20, 1, "b", 0));
  EXPECT_THAT(advance(timers, 100), ElementsAre("10 a/0", "30 a/0"));
}

TEST(TimerService, ATimerRegisteredAgainAfterDeletionTakesANewPlace) {
  Timers timers;
  timers.register_timer(10, 1, "a", 0);
  timers.register_timer(10, 1, "b", 0);
  timers.delete_timer(10, 1, "a", 0);
  timers.register_timer(10, 1, "a", 0);
  EXPECT_THAT(advance(timers, 10), ElementsAre("10 b/0", "10 a/0"));
}

TEST(TimerService, AFiringTimerMayRegisterAndDeleteOthers) {
  Timers timers;
  timers.register_timer(10, 1, "a", 0);
  timers.register_timer(15, 1, "victim", 0);
  std::vector<TimeUs> fired;
  const size_t count = timers.advance(20, [&](const FiredTimer& timer) {
    fired.push_back(timer.timestamp_us);
    timers.delete_timer(15, 1, "victim", 0);
    if (timer.timestamp_us < 25)
      timers.register_timer(timer.timestamp_us + 5, timer.key_group, timer.key, timer.window);
  });
  EXPECT_THAT(fired, ElementsAre(10, 15, 20));  // 25 is registered and waits
  EXPECT_EQ(count, 3u);
  EXPECT_THAT(advance(timers, 25), ElementsAre("25 a/0"));
}

TEST(TimerService, TheKeyOfAFiringTimerStaysReadableWhileOthersAreRegistered) {
  Timers timers;
  const std::string long_key(100, 'k');
  timers.register_timer(1, 1, long_key, 0);
  timers.advance(1, [&](const FiredTimer& timer) {
    for (int i = 0; i < 1000; ++i) timers.register_timer(100 + i, 1, "other-" + std::to_string(i), 0);
    EXPECT_EQ(timer.key, long_key);
  });
  EXPECT_EQ(timers.size(), 1000u);
}

TEST(TimerService, RestoredTimersWaitForTheWatermarkEvenWhenPastDue) {
  Timers timers;
  timers.register_timer(10, 1, "a", 0);
  timers.register_timer(50, 1, "b", 0);
  advance(timers, 40);
  timers.register_timer(30, 1, "late", 0);  // behind the watermark, not fired yet
  Timers restored;
  ASSERT_TRUE(restored.restore(snapshot_of(timers)).ok());
  EXPECT_EQ(restored.size(), 2u);
  EXPECT_THAT(advance(restored, 29), IsEmpty());
  EXPECT_THAT(advance(restored, 30), ElementsAre("30 late/0"));
  EXPECT_THAT(advance(restored, 50), ElementsAre("50 b/0"));
}

TEST(TimerService, ARestoreKeepsRegistrationOrderAcrossKeyGroups) {
  Timers timers;
  timers.register_timer(10, 9, "nine", 0);
  timers.register_timer(10, 1, "one", 0);
  timers.register_timer(10, 5, "five", 0);
  Timers restored;
  ASSERT_TRUE(restored.restore(snapshot_of(timers)).ok());
  EXPECT_THAT(advance(restored, 10), ElementsAre("10 nine/0", "10 one/0", "10 five/0"));
}

TEST(TimerService, ASnapshotDependsOnTheTimersAloneNotOnTheirPast) {
  Timers plain;
  plain.register_timer(10, 1, "a", 0);
  plain.register_timer(10, 2, "b", 0);
  Timers busy;
  busy.register_timer(10, 7, "gone", 0);
  busy.register_timer(3, 7, "fired", 0);
  busy.register_timer(10, 1, "a", 0);
  busy.delete_timer(10, 7, "gone", 0);
  advance(busy, 5);
  busy.register_timer(10, 2, "b", 0);
  EXPECT_EQ(snapshot_of(plain), snapshot_of(busy));
}

TEST(TimerService, AfterARescaleEachSubtaskTakesItsKeyGroups) {
  Timers timers;
  for (int32_t group = 0; group < 8; ++group) timers.register_timer(10, group, "k" + std::to_string(group), 0);
  Timers lower, upper;
  ASSERT_TRUE(lower.restore(snapshot_of(timers), 0, 2).ok());
  ASSERT_TRUE(upper.restore(snapshot_of(timers), 3, 7).ok());
  EXPECT_THAT(advance(lower, 10), ElementsAre("10 k0/0", "10 k1/0", "10 k2/0"));
  EXPECT_EQ(upper.size(), 5u);
}

TEST(TimerService, ATruncatedSnapshotIsRefusedAndAddsNothing) {
  Timers timers;
  timers.register_timer(10, 1, "a", 0);
  timers.register_timer(20, 2, "b", 0);
  const Bytes whole = snapshot_of(timers);
  for (size_t size = 0; size < whole.size(); ++size) {
    Timers restored;
    EXPECT_EQ(restored.restore(ByteView(whole).substr(0, size)).code(), ErrorCode::corrupt) << size;
    EXPECT_TRUE(restored.empty());
  }
  Timers restored;
  EXPECT_EQ(restored.restore(whole + "x").code(), ErrorCode::corrupt);
}

TEST(TimerService, AnEmptyServiceSurvivesASnapshot) {
  Timers restored;
  EXPECT_TRUE(restored.restore(snapshot_of(Timers())).ok());
  EXPECT_TRUE(restored.empty());
}

TEST(TimerService, ClearForgetsEverything) {
  Timers timers;
  timers.register_timer(10, 1, "a", 0);
  timers.clear();
  EXPECT_THAT(advance(timers, kMaxTimeUs), IsEmpty());
  EXPECT_TRUE(timers.register_timer(10, 1, "a", 0));
  EXPECT_THAT(advance(timers, 10), ElementsAre("10 a/0"));
}

// The handle of an erased entry is given out again: its timers must not come with it.
TEST(TimerService, AnEntryThatIsErasedAsItFiresLeavesNothingToItsSuccessor) {
  state::KeyedTable<int> keys;
  state::TimerService<int> timers(keys);
  timers.register_timer(10, *keys.find_or_insert(1, "a", 0).first);
  timers.advance(10, [&](TimeUs, state::KeyedTable<int>::Entry& entry) {
    EXPECT_FALSE(timers.has_timers(entry));
    keys.erase(&entry);
  });
  const auto& successor = *keys.find_or_insert(1, "b", 0).first;
  EXPECT_FALSE(timers.has_timers(successor));
  EXPECT_TRUE(timers.register_timer(10, successor));
  EXPECT_TRUE(timers.has_timers(successor));
}

TEST(TimerService, ARestoredTimerFindsTheEntryThatIsThereOrMakesOne) {
  Timers old;
  old.register_timer(10, 1, "known", 0);
  old.register_timer(10, 1, "unknown", 0);
  state::KeyedTable<int> keys;
  keys.find_or_insert(1, "known", 0).first->value = 7;
  state::TimerService<int> timers(keys);
  ASSERT_TRUE(timers.restore(snapshot_of(old)).ok());
  EXPECT_EQ(keys.size(), 2u);
  std::vector<int> values;
  timers.advance(10, [&](TimeUs, const auto& entry) { values.push_back(entry.value); });
  EXPECT_THAT(values, ElementsAre(7, 0));
}

TEST(TimerServiceDeathTest, AdvancingFromATimersCallbackIsABug) {
  Timers timers;
  timers.register_timer(10, 1, "a", 0);
  EXPECT_DEATH(timers.advance(10, [&](const FiredTimer&) { timers.advance(10, [](const FiredTimer&) {}); }), "callback");
}

}  // namespace
}  // namespace onceproof::tests
