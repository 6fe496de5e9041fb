// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/plain_sink.h"

#include <gtest/gtest.h>

#include "tests/support/fake_env.h"

namespace onceproof::tests {
namespace {

class PlainSinkTest : public ::testing::Test {
 protected:
  void open(graph::SinkMode mode) {
    context.task.sink.mode = mode;
    context.task.sink.partitions = 2;
    sink = std::make_unique<connectors::PlainSink>(context);
    sink->open({}, [] {});
    context.world.log.grant("");
  }
  // Words whose keys fall on partitions 0 and 1.
  std::string key_on(uint64_t partition) const {
    for (int i = 0;; ++i) {
      std::string key = "key" + std::to_string(i);
      if (hash64(key) % 2 == partition) return key;
    }
  }
  FakeContext context;
  std::unique_ptr<connectors::PlainSink> sink;
  bool acknowledged = false;
};

TEST_F(PlainSinkTest, ASnapshotWaitsForItsOwnBatchesNotForAsManyOthers) {
  open(graph::SinkMode::flush);
  sink->emit({key_on(0), "1", 0, {}});
  Bytes state;
  sink->prepare_snapshot(1, state, [this] { acknowledged = true; });
  sink->emit({key_on(1), "1", 0, {}});
  sink->flush();
  context.world.log.ok("append /1");  // a later batch of another partition is acknowledged first
  EXPECT_FALSE(acknowledged);
  context.world.log.ok("append /0");
  EXPECT_TRUE(acknowledged);
}

TEST_F(PlainSinkTest, FireAndForgetWaitsForNothing) {
  open(graph::SinkMode::fire_and_forget);
  sink->emit({key_on(0), "1", 0, {}});
  sink->flush();
  EXPECT_TRUE(sink->available());
  Bytes state;
  sink->prepare_snapshot(1, state, [this] { acknowledged = true; });
  EXPECT_TRUE(acknowledged);
}

TEST_F(PlainSinkTest, TheEndOfDataIsReachedWhenEverythingIsAcknowledged) {
  open(graph::SinkMode::flush);
  sink->emit({key_on(0), "1", 0, {}});
  EXPECT_TRUE(sink->has_unflushed());
  sink->finish([this] { acknowledged = true; });
  EXPECT_FALSE(sink->has_unflushed());
  EXPECT_FALSE(acknowledged) << "sent is not acknowledged";
  context.world.log.ok("append /0");
  EXPECT_TRUE(acknowledged);
}

TEST_F(PlainSinkTest, TakesNoMoreThanTheConfiguredBatchesOnTheirWay) {
  context.task.sink.max_outstanding = 2;
  open(graph::SinkMode::flush);
  for (const uint64_t partition : {0, 1}) {
    EXPECT_TRUE(sink->available());
    sink->emit({key_on(partition), "1", 0, {}});
    sink->flush();
  }
  EXPECT_FALSE(sink->available());
  context.world.log.ok("append /1");
  EXPECT_TRUE(sink->available());
}

TEST_F(PlainSinkTest, AFailedAppendFailsTheAttempt) {
  open(graph::SinkMode::flush);
  sink->emit({key_on(0), "1", 0, {}});
  sink->flush();
  context.world.log.fail("append /0", ErrorCode::timed_out);
  EXPECT_EQ(context.failures.size(), 1u);
}

}  // namespace
}  // namespace onceproof::tests
