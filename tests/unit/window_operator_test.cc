// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/dataflow/operators.h"
#include "runtime/dataflow/watermark_valve.h"
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

struct Window {
  explicit Window(DurationUs lateness_us = 0) : op(context, {graph::OperatorKind::window_count, "", 10, lateness_us}) {
    op.chain(&out);
  }
  void word(const char* word, TimeUs at_us) {
    char raw[8];
    store(raw, make_position(0, static_cast<uint64_t>(at_us < 0 ? 0 : at_us)));
    op.emit({{}, word, at_us, LineageView(ByteView(raw, 8))});
  }
  FakeContext context;
  dataflow::WindowCountOperator op;
  Collector out;
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

TEST(Split, WordsAreMaximalRunsAndCarryTheirOrdinal) {
  class Words : public dataflow::Output {
   public:
    std::vector<std::string> words;
    void emit(const dataflow::RecordView& r) override {
      words.push_back(std::string(r.value) + ":" + std::to_string(ordinal_of(r.lineage[0])));
    }
    void emit_watermark(TimeUs) override {}
  } words;
  dataflow::SplitOperator split;
  split.chain(&words);
  char raw[8];
  store(raw, make_position(3, 4));
  split.emit({{}, " two  words\t\r", 0, LineageView(ByteView(raw, 8))});
  EXPECT_THAT(words.words, ElementsAre("two:0", "words:1"));
}

TEST(WatermarkValve, IsTheMinimumOverChannelsAndNeverGoesBack) {
  dataflow::WatermarkValve valve(2);
  EXPECT_EQ(valve.advance(0, 5), std::nullopt);
  EXPECT_EQ(valve.advance(1, 3), 3);
  EXPECT_EQ(valve.advance(1, 2), std::nullopt);
  EXPECT_EQ(valve.advance(1, 9), 5);
}

}  // namespace
}  // namespace onceproof::tests
