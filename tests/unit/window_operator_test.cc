// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/api/text.h"
#include "runtime/dataflow/watermark_valve.h"
#include "runtime/operators/session_operator.h"
#include "runtime/operators/window_operator.h"
#include "tests/support/fake_env.h"

namespace onceproof::tests {
namespace {

using ::testing::ElementsAre;

class Collector : public dataflow::Output {
 public:
  std::vector<std::string> results;
  void emit(const dataflow::RecordView& r) override {
    results.push_back(std::string(r.key) + "=" + std::string(r.value) + "@" + std::to_string(r.timestamp_us) + "/" +
                      std::to_string(r.lineage.count()));
  }
  void emit_watermark(TimeUs) override {}
};

class ValueKey : public dataflow::KeySelector {
  ByteView key_of(const dataflow::RecordView& record, Bytes&) const override { return record.value; }
};

template <class Operator>
struct WindowUnderTest {
  explicit WindowUnderTest(const api::Windows& windows, DurationUs lateness_us = 0)
      : op(context, {windows, lateness_us, api::aggregate(api::Statistic::count)}, std::make_unique<ValueKey>()) {
    op.chain(&out);
  }
  void word(const char* word, TimeUs at_us) {
    char raw[8];
    store(raw, make_position(0, static_cast<uint64_t>(at_us < 0 ? 0 : at_us)));
    op.emit({{}, word, at_us, LineageView(ByteView(raw, 8))});
  }
  FakeContext context;
  Operator op;
  Collector out;
};
struct Window : WindowUnderTest<operators::WindowOperator> {
  explicit Window(DurationUs lateness_us = 0) : WindowUnderTest({api::WindowKind::tumbling, 10, 0}, lateness_us) {}
};
struct Sliding : WindowUnderTest<operators::WindowOperator> {
  Sliding() : WindowUnderTest({api::WindowKind::sliding, 10, 5}) {}
};
struct SessionWindow : WindowUnderTest<operators::SessionOperator> {
  SessionWindow() : WindowUnderTest({api::WindowKind::session, 10, 0}) {}
};

TEST(WindowCount, FiresOnceWhenTheWatermarkReachesTheWindowsLastInstant) {
  Window w;
  w.word("a", 0);
  w.word("a", 9);
  w.word("a", 10);
  w.op.emit_watermark(8);
  EXPECT_TRUE(w.out.results.empty());
  w.op.emit_watermark(9);
  w.op.emit_watermark(9);
  EXPECT_THAT(w.out.results, ElementsAre("a=2@9/2"));
}

TEST(WindowCount, WindowsOfNegativeTimesStartAtTheFloor) {
  Window w;
  w.word("a", -1);
  w.op.emit_watermark(100);
  EXPECT_THAT(w.out.results, ElementsAre("a=1@-1/1"));
}

TEST(WindowCount, ALateRecordIsDroppedAndSaysSo) {
  Window w;
  w.op.emit_watermark(9);
  w.word("a", 5);
  w.op.emit_watermark(100);
  EXPECT_TRUE(w.out.results.empty());
  EXPECT_EQ(w.context.world.count(env::Point::window_late), 1);
}

TEST(WindowCount, PanesAndTimersSurviveARestoreAndWaitForTheWatermark) {
  Window before;
  before.word("a", 3);
  before.word("b", 4);
  before.op.emit_watermark(8);
  Bytes state;
  before.op.snapshot(state);

  Window after;
  ASSERT_TRUE(after.op.restore(state));
  EXPECT_TRUE(after.out.results.empty());  // watermarks are not part of a snapshot
  after.word("a", 5);
  after.op.emit_watermark(9);
  EXPECT_THAT(after.out.results, ElementsAre("a=2@9/2", "b=1@9/1"));
}

TEST(WindowCount, WithoutItsTimersARestoredWindowNeverFires) {
  Window before;
  before.context.task.bugs.add(SeededBug::lose_timers);
  before.word("a", 3);
  Bytes state;
  before.op.snapshot(state);
  Window after;
  ASSERT_TRUE(after.op.restore(state));
  after.op.emit_watermark(100);
  EXPECT_TRUE(after.out.results.empty());
}

TEST(WindowCount, CorruptStateIsRefused) {
  Window w;
  w.word("a", 3);
  Bytes state;
  w.op.snapshot(state);
  state.pop_back();
  Window after;
  EXPECT_FALSE(after.op.restore(state));
}

TEST(WindowCount, ALateButAllowedRecordFiresThePaneAgainWithAllThatItHolds) {
  Window w(5);
  w.word("a", 3);
  w.word("a", 4);
  w.op.emit_watermark(9);
  w.word("a", 5);
  EXPECT_THAT(w.out.results, ElementsAre("a=2@9/2", "a=3@9/3"));
  w.op.emit_watermark(13);
  w.word("a", 6);
  w.op.emit_watermark(14);  // the last instant and the lateness are over
  w.word("a", 7);
  EXPECT_THAT(w.out.results, ElementsAre("a=2@9/2", "a=3@9/3", "a=4@9/4"));
  EXPECT_EQ(w.context.world.count(env::Point::window_late), 1);
  Bytes state;
  w.op.snapshot(state);
  Window empty;
  Bytes nothing;
  empty.op.snapshot(nothing);
  EXPECT_EQ(state.size(), nothing.size()) << "the pane is gone";
}

TEST(WindowCount, AFiredPaneThatMayStillGrowSurvivesARestore) {
  Window before(100);
  before.word("a", 3);
  before.op.emit_watermark(9);
  Bytes state;
  before.op.snapshot(state);
  Window after(100);
  ASSERT_TRUE(after.op.restore(state));
  after.op.emit_watermark(9);
  after.word("a", 4);
  EXPECT_THAT(after.out.results, ElementsAre("a=2@9/2"));
}

TEST(WindowCount, LatenessBeyondTheEndOfTimeDoesNotWrap) {
  Window w(std::numeric_limits<int64_t>::max());
  w.word("a", 3);
  w.op.emit_watermark(100);
  w.word("a", 4);
  EXPECT_THAT(w.out.results, ElementsAre("a=1@9/1", "a=2@9/2"));
}

TEST(WatermarkValve, IsTheMinimumOverChannelsAndNeverGoesBack) {
  dataflow::WatermarkValve valve(2);
  EXPECT_EQ(valve.advance(0, 5), std::nullopt);
  EXPECT_EQ(valve.advance(1, 3), 3);
  EXPECT_EQ(valve.advance(1, 2), std::nullopt);
  EXPECT_EQ(valve.advance(1, 9), 5);
}

TEST(SlidingWindow, ARecordIsInEveryWindowThatCoversIt) {
  Sliding w;
  w.word("a", 7);   // [0, 10) and [5, 15)
  w.word("a", 12);  // [5, 15) and [10, 20)
  w.op.emit_watermark(14);
  EXPECT_THAT(w.out.results, ElementsAre("a=1@9/1", "a=2@14/2"));
  w.op.emit_watermark(100);
  EXPECT_THAT(w.out.results, ElementsAre("a=1@9/1", "a=2@14/2", "a=1@19/1"));
}

TEST(SlidingWindow, ARecordThatIsLateForOneWindowIsStillInTheNext) {
  Sliding w;
  w.op.emit_watermark(9);
  w.word("a", 7);
  EXPECT_EQ(w.context.world.count(env::Point::window_late), 0);
  w.op.emit_watermark(100);
  EXPECT_THAT(w.out.results, ElementsAre("a=1@14/1"));
  w.word("a", 7);
  EXPECT_EQ(w.context.world.count(env::Point::window_late), 1);
}

TEST(SessionWindow, LastsAsLongAsRecordsComeWithinTheGap) {
  SessionWindow w;
  w.word("a", 0);
  w.word("a", 9);
  w.word("b", 5);
  w.word("a", 30);
  w.op.emit_watermark(18);
  EXPECT_THAT(w.out.results, ElementsAre("b=1@14/1"));
  w.op.emit_watermark(19);
  w.op.emit_watermark(100);
  EXPECT_THAT(w.out.results, ElementsAre("b=1@14/1", "a=2@18/2", "a=1@39/1"));
}

TEST(SessionWindow, TouchingSessionsAreOneAndARecordBetweenTwoJoinsThem) {
  SessionWindow w;
  w.word("a", 0);
  w.word("a", 20);
  w.word("a", 10);  // touches both
  w.op.emit_watermark(100);
  EXPECT_THAT(w.out.results, ElementsAre("a=3@29/3"));
}

TEST(SessionWindow, AMergedSessionHasOneTimerAndIsLateOnlyAsAWhole) {
  SessionWindow w;
  w.word("a", 0);
  w.op.emit_watermark(8);
  w.word("a", 3);
  w.op.emit_watermark(9);  // the first one's end has moved
  EXPECT_TRUE(w.out.results.empty());
  w.word("a", -2);  // behind the watermark alone, but it reaches an open session
  w.op.emit_watermark(12);
  EXPECT_TRUE(w.out.results.empty());
  w.op.emit_watermark(13);
  EXPECT_THAT(w.out.results, ElementsAre("a=3@12/3"));
  w.word("a", 2);
  EXPECT_EQ(w.context.world.count(env::Point::window_late), 1);
}

TEST(SessionWindow, ARecordAtTheVeryEndOfTheGapJoinsItHoweverFarTheWatermarkIs) {
  SessionWindow w;
  w.word("a", 0);
  w.op.emit_watermark(9);  // a record at 10 is not late
  w.word("a", 10);
  w.op.emit_watermark(100);
  EXPECT_THAT(w.out.results, ElementsAre("a=2@19/2"));
}

TEST(SessionWindow, SessionsAndTheirTimersSurviveARestore) {
  SessionWindow before;
  before.word("a", 0);
  before.word("a", 50);
  before.op.emit_watermark(5);
  Bytes state;
  before.op.snapshot(state);
  SessionWindow after;
  ASSERT_TRUE(after.op.restore(state));
  after.word("a", 8);
  after.op.emit_watermark(100);
  EXPECT_THAT(after.out.results, ElementsAre("a=2@17/2", "a=1@59/1"));
  state.pop_back();
  SessionWindow torn;
  EXPECT_FALSE(torn.op.restore(state));
}

}  // namespace
}  // namespace onceproof::tests
