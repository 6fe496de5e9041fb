// SPDX-License-Identifier: Apache-2.0
// The log source against a log that answers when told: where it starts, where it stops, and that a record is never
// emitted before its position is certain when positions come first.
#include "runtime/connectors/log_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_env.h"

namespace onceproof::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Collected : public dataflow::Output {
 public:
  std::vector<std::string> values;
  std::vector<TimeUs> watermarks;
  void emit(const dataflow::RecordView& record) override { values.emplace_back(record.value); }
  void emit_watermark(TimeUs watermark_us) override { watermarks.push_back(watermark_us); }
};

class LogSourceTest : public ::testing::Test {
 protected:
  LogSourceTest() { context.task.source.partitions = 1; }
  void open(ByteView restored = {}) {
    out = {};
    opened = false;
    log().calls.clear();
    log().history.clear();
    source = std::make_unique<connectors::LogSource>(context);
    source->chain(&out);
    source->open(restored, [this] { opened = true; });
  }
  Bytes snapshot() {
    Bytes state;
    source->snapshot(state);
    return state;
  }
  void poll() {
    while (source->poll()) {
    }
  }
  FakeLog::Journal& log() { return context.world.log; }

  FakeContext context;
  Collected out;
  std::unique_ptr<connectors::LogSource> source;
  bool opened = false;
};

TEST_F(LogSourceTest, ReadsUpToTheEndThatItFoundAtTheStart) {
  open();
  log().end("0", 3);
  EXPECT_TRUE(opened);
  log().records("fetch 0@0", 0, 5);  // the topic has grown meanwhile
  poll();
  EXPECT_THAT(out.values, ElementsAre("r0", "r1", "r2"));
  EXPECT_TRUE(source->at_end());
  EXPECT_THAT(log().calls, IsEmpty());
}

TEST_F(LogSourceTest, TakesItsShareOfThePartitions) {
  context.task.source.partitions = 5;
  context.task.parallelism = 2;
  context.task.subtask.subtask = 1;
  open();
  EXPECT_THAT(log().history, ElementsAre("end 1", "end 3"));
}

TEST_F(LogSourceTest, ASubtaskWithoutPartitionsIsAtItsEnd) {
  context.task.subtask.subtask = 1;
  context.task.parallelism = 2;
  open();
  EXPECT_TRUE(opened);
  EXPECT_FALSE(source->poll());
  EXPECT_TRUE(source->at_end());
}

TEST_F(LogSourceTest, TheStoppingOffsetIsStateAlsoWhereNothingWasRead) {
  open();
  log().end("0", 3);
  open(snapshot());
  EXPECT_TRUE(opened);
  EXPECT_THAT(log().history, ElementsAre("fetch 0@0"));
  log().records("fetch 0@0", 0, 9);
  poll();
  EXPECT_EQ(out.values.size(), 3u);
}

TEST_F(LogSourceTest, ARestoredSplitGoesOnBehindTheLastEmittedRecord) {
  context.task.source.helping_records = 2;
  open();
  log().end("0", 4);
  log().records("fetch 0@0", 0, 4);
  EXPECT_TRUE(source->poll()) << "a helping, not all";
  EXPECT_THAT(out.values, ElementsAre("r0", "r1"));
  open(snapshot());
  log().records("fetch 0@2", 2, 2);
  poll();
  EXPECT_THAT(out.values, ElementsAre("r2", "r3"));
  open(snapshot());
  EXPECT_TRUE(source->at_end());
  EXPECT_THAT(log().history, IsEmpty());
}

TEST_F(LogSourceTest, TheSlowestSplitHoldsTheWatermark) {
  context.task.source.partitions = 2;
  open();
  log().end("0", 2);
  log().end("1", 2);
  log().records("fetch 0@0", 0, 1);
  poll();
  EXPECT_THAT(out.watermarks, IsEmpty());
  log().records("fetch 1@0", 0, 2);
  poll();
  EXPECT_THAT(out.watermarks, ElementsAre(-1));
}

TEST_F(LogSourceTest, WhileNothingComesItWaitsLongerAndLonger) {
  context.task.source.fetch_wait_us = 100;
  context.task.source.fetch_wait_max_us = 300;
  open();
  log().end("0", 4);
  std::vector<DurationUs> waits;
  const auto answer = [&](const std::string& what, int64_t first, uint32_t count) {
    waits.push_back(log().calls.back().wait_us);
    log().records(what, first, count);
    poll();
  };
  for (int i = 0; i < 4; ++i) answer("fetch 0@0", 0, 0);
  answer("fetch 0@0", 0, 1);
  answer("fetch 0@1", 1, 0);
  EXPECT_THAT(waits, ElementsAre(100, 200, 300, 300, 300, 100));
  EXPECT_EQ(log().calls.back().wait_us, 200);
}

// ---- positions before records --------------------------------------------------------------------------

class OffsetsFirst : public LogSourceTest {
 protected:
  OffsetsFirst() { context.task.source.offsets = graph::OffsetCommit::before_processing; }
  // Member epoch 5, the group stands at 10 of 30, the first batch [10, 20) is here.
  void open_with_batch() {
    open();
    log().joined(5);
    log().offset("0", 10);
    log().end("0", 30);
    log().records("fetch 0@10", 10, 10);
  }
};

TEST_F(OffsetsFirst, JoiningComesBeforeReadingAndTheCommitBeforeTheRecords) {
  open_with_batch();
  EXPECT_THAT(log().history, ElementsAre("join", "offset 0", "end 0", "fetch 0@10", "commit 0=20 epoch 5"));
  poll();
  EXPECT_THAT(out.values, IsEmpty());
  log().ok("commit 0=20 epoch 5");
  poll();
  EXPECT_EQ(out.values.size(), 10u);
  EXPECT_TRUE(log().waiting("fetch 0@20"));
}

TEST_F(OffsetsFirst, AFencedMemberEmitsNothing) {
  open_with_batch();
  log().fail("commit 0=20 epoch 5", ErrorCode::fenced_instance_id);
  EXPECT_EQ(context.failures.size(), 1u);
  poll();
  EXPECT_THAT(out.values, IsEmpty());
}

// A late copy of the commit would move the offset back over what was committed since, so it is fenced first.
TEST_F(OffsetsFirst, AfterACommitOfUnknownOutcomeItCommitsAgainThenJoinsAgainThenEmits) {
  open_with_batch();
  log().fail("commit 0=20 epoch 5", ErrorCode::timed_out);
  log().ok("commit 0=20 epoch 5");
  poll();
  EXPECT_THAT(out.values, IsEmpty()) << "stored, but a copy may still be on its way";
  log().joined(6);
  log().offset("0", 20);
  poll();
  EXPECT_EQ(out.values.size(), 10u);
  log().records("fetch 0@20", 20, 5);
  EXPECT_TRUE(log().waiting("commit 0=25 epoch 6"));
}

TEST_F(OffsetsFirst, AZombieThatJoinsAgainFindsThatAnotherReadOn) {
  open_with_batch();
  log().fail("commit 0=20 epoch 5", ErrorCode::connection_lost);
  log().ok("commit 0=20 epoch 5");
  log().joined(8);
  log().offset("0", 27);
  ASSERT_EQ(context.failures.size(), 1u);
  EXPECT_THAT(context.failures[0], HasSubstr("superseded"));
  poll();
  EXPECT_THAT(out.values, IsEmpty());
}

TEST_F(OffsetsFirst, ACommitThatIsRefusedOnceItIsRepeatedEmitsNothing) {
  open_with_batch();
  log().fail("commit 0=20 epoch 5", ErrorCode::timed_out);
  log().fail("commit 0=20 epoch 5", ErrorCode::fenced_instance_id);
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_FALSE(log().waiting("join"));
}

TEST_F(OffsetsFirst, WhileInDoubtNoOtherCommitGoesOut) {
  context.task.source.partitions = 2;
  open();
  log().joined(5);
  log().offset("0", std::nullopt);
  log().offset("1", std::nullopt);
  log().end("0", 30);
  log().end("1", 30);
  log().records("fetch 0@0", 0, 10);
  log().fail("commit 0=10 epoch 5", ErrorCode::timed_out);
  log().records("fetch 1@0", 0, 10);
  EXPECT_FALSE(log().waiting("commit 1=10 epoch 5"));
  log().ok("commit 0=10 epoch 5");
  log().joined(6);
  log().offset("0", 10);
  log().offset("1", std::nullopt);
  poll();
  EXPECT_EQ(out.values.size(), 10u);
  log().ok("commit 1=10 epoch 6");
  poll();
  EXPECT_EQ(out.values.size(), 20u);
  EXPECT_THAT(context.failures, IsEmpty());
}

TEST_F(OffsetsFirst, AGroupThatNeverAnswersExhaustsTheSourcesPatience) {
  open_with_batch();
  log().fail("commit 0=20 epoch 5", ErrorCode::timed_out);
  EXPECT_THAT(context.failures, IsEmpty());
  context.world.now_us = context.task.source.patience_us;
  log().fail("commit 0=20 epoch 5", ErrorCode::timed_out);
  EXPECT_EQ(context.failures.size(), 1u);
}

}  // namespace
}  // namespace onceproof::tests
