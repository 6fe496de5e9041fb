// SPDX-License-Identifier: Apache-2.0
// Fencing of earlier generations: how many ids it takes, and that none is left to whoever may still be alive.
#include "runtime/connectors/fencing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/connectors/transactional_sink.h"
#include "tests/support/fake_env.h"

namespace onceproof::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FencingTest : public ::testing::Test {
 protected:
  FencingTest() : own_log(context.world.log), fencing(context, own_log) {
    context.task.sink.transactional_id_prefix = "p";
  }
  void run(uint64_t first, uint64_t index, uint64_t own) {
    context.task.generation = own;
    fencing.run(first, index, [this] { done = true; });
  }
  void grant_all() {
    while (!log().calls.empty()) log().grant(log().calls.front().what.substr(5));
  }
  FakeLog::Journal& log() { return context.world.log; }

  FakeContext context;
  FakeLog own_log;
  connectors::Fencing fencing;
  bool done = false;
};

TEST_F(FencingTest, TouchesEveryEarlierGenerationAndNoLaterOne) {
  run(2, 5, 4);
  EXPECT_THAT(log().history, ElementsAre("init p-0-2-5", "init p-0-3-0"));
  grant_all();
  EXPECT_TRUE(done);
  EXPECT_EQ(log().history.size(), 2u);
}

TEST_F(FencingTest, GoesUpwardsUntilAnIdIsNew) {
  log().epochs["p-0-1-0"] = 0;
  log().epochs["p-0-1-1"] = 0;
  run(1, 0, 2);
  grant_all();
  EXPECT_TRUE(done);
  EXPECT_THAT(log().history, ElementsAre("init p-0-1-0", "init p-0-1-1", "init p-0-1-2"));
  EXPECT_EQ(context.world.count(env::Point::sink_abort), 2);
}

// A job that failed 500 times before its first checkpoint.
TEST_F(FencingTest, CostsOneRoundTripAGenerationAndRunsManyAtOnce) {
  context.task.sink.probe_window = 16;
  run(1, 0, 501);
  EXPECT_EQ(log().calls.size(), 16u);
  size_t rounds = 0;
  while (!done) {
    ++rounds;
    for (size_t open = log().calls.size(); open > 0; --open) log().grant(log().calls.front().what.substr(5));
  }
  EXPECT_EQ(log().history.size(), 500u);
  EXPECT_EQ(rounds, 32u);
}

TEST_F(FencingTest, AProbeOfUnknownOutcomeIsRepeated) {
  run(1, 0, 2);
  log().fail_init("p-0-1-0", ErrorCode::timed_out);
  log().epochs["p-0-1-0"] = 0;  // it had been executed
  log().grant("p-0-1-0");
  EXPECT_FALSE(done) << "the id existed, by whomever: only a new one proves that there is no more";
  log().grant("p-0-1-1");
  EXPECT_TRUE(done);
  EXPECT_THAT(context.failures, IsEmpty());
}

TEST_F(FencingTest, ARefusedProbeFailsTheAttempt) {
  run(1, 0, 2);
  log().fail_init("p-0-1-0", ErrorCode::invalid_transaction_timeout);
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_FALSE(done);
}

// What the job manager knows to be fenced is not looked at again.
TEST(SinkFencing, BeginsAtWhatIsKnownToBeFenced) {
  const auto probes = [](uint64_t own, uint64_t known, ByteView state) {
    FakeContext context;
    context.task.sink.transactional_id_prefix = "p";
    context.task.sink.partitions = 1;
    context.task.generation = own;
    context.task.fenced_generation = known;
    connectors::TransactionalSink sink(context);
    sink.open(state, [] {});
    std::vector<std::string> history = context.world.log.history;
    return history;
  };
  EXPECT_THAT(probes(500, 498, {}), ElementsAre("init p-0-498-0", "init p-0-499-0"));
  EXPECT_THAT(probes(500, 500, {}), ElementsAre("init p-0-500-0"));
  EXPECT_THAT(probes(3, 0, {}), ElementsAre("init p-0-1-0", "init p-0-2-0"));

  FakeContext context;  // of generation 7, with one index used up
  context.task.sink.transactional_id_prefix = "p";
  context.task.sink.partitions = 1;
  context.task.generation = context.task.fenced_generation = 7;
  connectors::TransactionalSink sink(context);
  sink.open({}, [] {});
  context.world.log.grant("p-0-7-0");
  sink.emit({"a", "1", 0, {}});
  Bytes first, second;
  sink.prepare_snapshot(1, first, [] {});
  sink.checkpoint_complete(1, [] {});
  context.world.log.ok("commit p-0-7-0");
  sink.prepare_snapshot(2, second, [] {});
  EXPECT_THAT(probes(9, 0, second), ElementsAre("init p-0-7-1", "init p-0-8-0"));
  EXPECT_THAT(probes(9, 7, second), ElementsAre("init p-0-7-1", "init p-0-8-0"));
  EXPECT_THAT(probes(9, 8, second), ElementsAre("init p-0-8-0"));
}

}  // namespace
}  // namespace onceproof::tests
