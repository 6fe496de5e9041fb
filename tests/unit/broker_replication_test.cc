// SPDX-License-Identifier: Apache-2.0
// Three brokers with three copies of everything, while brokers die, are cut off and come back; and the client's
// promises that need a broker to die at the wrong moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log_calls.h"
#include "tests/support/simulated_log.h"

namespace onceproof::simulator::log {
namespace {

using env::Isolation;
using test::LogCalls;
using test::SimulatedLog;
using ::testing::AnyOf;
using ::testing::ElementsAre;

const env::TopicPartition kOut{"out", 0};

struct Replicated : ::testing::Test {
  explicit Replicated(FaultPlan faults = {}) : log_(options(std::move(faults))), calls_(log_) {
    log_.create_topic("out", 1);
  }
  static SimulatedLog::Options options(FaultPlan faults) {
    SimulatedLog::Options options = test::variant(3, true, false);
    options.faults = std::move(faults);
    return options;
  }
  env::ProcessId process(int32_t broker) { return log_.cluster().processes()[static_cast<size_t>(broker)]; }
  int32_t leader() { return log_.cluster().leader(kOut); }
  const PartitionInfo& info() { return log_.cluster().image().partitions[*log_.cluster().image().find(kOut)]; }
  std::vector<int32_t> followers() {
    std::vector<int32_t> others = info().replicas;
    std::erase(others, leader());
    return others;
  }
  // Every copy has the same records, all of them replicated.
  void expect_equal_copies(int64_t end_offset) {
    for (int32_t broker = 0; broker < 3; ++broker) {
      const PartitionLog* copy = log_.cluster().copy(broker, kOut);
      EXPECT_EQ(copy->end_offset(), end_offset) << broker;
      EXPECT_EQ(copy->high_watermark(), end_offset) << broker;
      EXPECT_EQ(copy->batches_from(0, 1 << 20), log_.cluster().copy(0, kOut)->batches_from(0, 1 << 20)) << broker;
    }
  }

  SimulatedLog log_;
  LogCalls calls_;
};

TEST_F(Replicated, WhatWasAcknowledgedSurvivesTheDeathOfTheLeader) {
  const auto producer = calls_.init(0, "");
  ASSERT_EQ(calls_.append(0, producer, 0, {"a"}), ErrorCode::ok);
  const int32_t first = leader();
  log_.world().crash(process(first));
  ASSERT_EQ(calls_.append(0, producer, 0, {"b"}), ErrorCode::ok) << "another one takes over";
  EXPECT_NE(leader(), first);
  EXPECT_EQ(info().isr.size(), 2u);
  EXPECT_THAT(calls_.read(0), ElementsAre("a", "b"));
  log_.world().restart(process(first));
  log_.advance(seconds(5));
  EXPECT_EQ(info().isr.size(), 3u) << "it has caught up";
  expect_equal_copies(2);
}

TEST_F(Replicated, FollowerThatIsDownLeavesTheInSyncSetAndHoldsNobodyUp) {
  const auto producer = calls_.init(0, "");
  ASSERT_EQ(calls_.append(0, producer, 0, {"a"}), ErrorCode::ok);
  log_.world().crash(process(followers()[0]));
  ASSERT_EQ(calls_.append(0, producer, 0, {"b"}), ErrorCode::ok);
  EXPECT_EQ(info().isr.size(), 2u);
}

TEST_F(Replicated, TooFewReplicasTakeNoRecords) {
  const auto producer = calls_.init(0, "");
  ASSERT_EQ(calls_.append(0, producer, 0, {"a"}), ErrorCode::ok);
  for (const int32_t follower : followers()) log_.world().crash(process(follower));
  log_.advance(seconds(15));
  EXPECT_EQ(info().isr.size(), 1u);
  EXPECT_EQ(calls_.append(0, producer, 0, {"b"}), ErrorCode::timed_out) << "refused until the delivery timeout";
  EXPECT_THAT(calls_.read(0), ElementsAre("a"));
}

// The leader is cut off from the others, but not from its clients.
struct CutOff : Replicated {
  CutOff() : Replicated({cut("broker-1"), cut("broker-2"), cut("controller")}) {}
  static Fault cut(const std::string& peer) {
    Trigger trigger;
    trigger.at_us = seconds(5);
    return {trigger, PartitionFault{"broker-0", peer, Direction::both, CutMode::hold, seconds(20)}};
  }
};

TEST_F(CutOff, WhatOnlyTheOldLeaderHadIsSeenByNobodyAndCutBack) {
  const auto producer = calls_.init(0, "");
  ASSERT_EQ(calls_.append(0, producer, 0, {"a"}), ErrorCode::ok);
  while (leader() != 0) {
    ASSERT_TRUE(log_.cluster().move_leader("out", 0));
    log_.advance(milliseconds(100));
  }
  ASSERT_EQ(calls_.append(0, producer, 0, {"b"}), ErrorCode::ok) << "the client knows the leader";
  log_.advance(seconds(6) - log_.now());
  log_.client(0).append({}, kOut, test::batch_of({"tail"}), env::Acks::none, [](const Status&) {});
  log_.advance(milliseconds(100));
  EXPECT_EQ(log_.cluster().copy(0, kOut)->end_offset(), 3);
  EXPECT_THAT(calls_.read(0, Isolation::read_uncommitted), ElementsAre("a", "b"));
  log_.advance(seconds(12));
  ASSERT_NE(leader(), 0);
  ASSERT_EQ(calls_.append(1, calls_.init(1, ""), 0, {"c"}), ErrorCode::ok);
  log_.advance(seconds(20));
  EXPECT_THAT(calls_.read(0, Isolation::read_uncommitted), ElementsAre("a", "b", "c"));
  expect_equal_copies(3);
}

// ---- leaders that a fault moves --------------------------------------------------------------------------------

Fault move(LogTopic topic, int32_t partition) {
  Trigger trigger;
  trigger.at_us = seconds(5);
  return {trigger, MoveLeaderFault{topic, partition, seconds(10)}};
}

TEST(MoveLeader, LeadsAwayAndBack) {
  SimulatedLog::Options options = test::variant(3, true, false);
  options.faults = {move(LogTopic::sink, 0), move(LogTopic::transactions, 1), move(LogTopic::sink, 7)};
  SimulatedLog log(options);
  log.create_topic("out", 1);
  log.client(0);
  log.advance(seconds(4));
  const int32_t leader = log.cluster().leader(kOut);
  const int32_t coordinator = *log.cluster().leader(LogTopic::transactions, 1);
  log.advance(seconds(5));
  EXPECT_NE(log.cluster().leader(kOut), leader);
  EXPECT_NE(*log.cluster().leader(LogTopic::transactions, 1), coordinator);
  EXPECT_FALSE(log.world().faults_quiet());
  log.advance(seconds(10));
  EXPECT_EQ(log.cluster().leader(kOut), leader);
  EXPECT_EQ(*log.cluster().leader(LogTopic::transactions, 1), coordinator);
  EXPECT_TRUE(log.world().faults()[0].effective);
  EXPECT_TRUE(log.world().faults()[1].effective);
  EXPECT_FALSE(log.world().faults()[2].fired) << "there is no such partition";
  EXPECT_TRUE(log.world().faults_quiet());
}

TEST(MoveLeader, HasNoEffectWhereThereIsOneCopy) {
  SimulatedLog::Options options = test::variant(1, true, false);
  options.faults = {move(LogTopic::sink, 0), move(LogTopic::source, 0)};
  SimulatedLog log(options);
  log.create_topic("out", 1);
  log.client(0);
  log.advance(seconds(20));
  EXPECT_TRUE(log.world().faults()[0].fired);
  EXPECT_FALSE(log.world().faults()[0].effective);
  EXPECT_FALSE(log.world().faults()[1].fired) << "this log has no source";
}

// ---- lives ---------------------------------------------------------------------------------------------------

// A controller that comes back tells everybody what it knows, also a broker that has died since: the new life is told
// of its old epoch, and may not take it for its own.
TEST(BrokerLife, OneThatCameBackBeforeItsControllerGivesOutNewProducerIds) {
  SimulatedLog log(test::variant(1, true, false));
  LogCalls calls(log);
  log.create_topic("out", 1);
  const uint64_t first = calls.init(0, "a").producer_id;
  log.world().crash(log.cluster().controller_process());
  log.world().crash(log.cluster().processes()[0]);
  log.world().restart(log.cluster().processes()[0]);
  log.advance(milliseconds(100));
  log.world().restart(log.cluster().controller_process());
  EXPECT_NE(calls.init(0, "b").producer_id, first);
}

TEST(Extraction, ARecordNamesItsTransactionAndNoneOneThatNobodyWroteInto) {
  SimulatedLog::Options options;
  options.cluster.brokers = 2;
  options.cluster.transaction_version = TransactionVersion::classic;
  SimulatedLog log(options);
  LogCalls calls(log);
  log.create_topic("out", 2);
  const auto producer = calls.init(0, "t");
  ASSERT_EQ(calls.append(0, producer, 0, {"a"}), ErrorCode::ok);
  ASSERT_EQ(calls.commit(0, producer), ErrorCode::ok);
  ASSERT_TRUE(calls.settled(0));
  // The partition joins the second transaction, its leader never gets the record.
  const int32_t down = 1 - log.cluster().coordinator("t");
  const int32_t partition = log.cluster().leader({"out", 0}) == down ? 0 : 1;
  log.world().crash(log.cluster().processes()[static_cast<size_t>(down)]);
  ASSERT_NE(calls.append(0, producer, partition, {"b"}), ErrorCode::ok);
  ASSERT_EQ(calls.commit(1, producer), ErrorCode::ok);
  log.world().restart(log.cluster().processes()[static_cast<size_t>(down)]);
  log.advance(seconds(10));
  const std::vector<TransactionEntry> history = transaction_history(log.cluster());
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[1].outcome, Outcome::committed);
  const std::vector<SinkRecord> records = sink_records(log.cluster(), "out");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].transaction, history[0].number);
  EXPECT_NE(records[0].transaction, history[1].number);
}

// ---- the client ----------------------------------------------------------------------------------------------

TEST(LogClient, OffsetCommitIsNotRepeatedAfterAnUnknownOutcome) {
  // The first record of the coordinator is the join, the second one the commit: written, never answered.
  SimulatedLog::Options options = test::variant(1, true, false);
  options.faults = test::crash_at(env::Point::log_append, env::Phase::after, 2);
  SimulatedLog log(options);
  LogCalls calls(log);
  log.create_topic("in", 1);
  const uint64_t member = calls.wait<uint64_t>([&](auto reply) { log.client(0).join_group("g", "i", reply); }).take();
  const auto commit = [&](int64_t offset) {
    return calls.wait_done([&](auto done) { log.client(0).commit_offset("g", "i", member, {"in", 0}, offset, done); });
  };
  EXPECT_THAT(commit(5), AnyOf(ErrorCode::connection_lost, ErrorCode::timed_out));
  log.advance(seconds(5));
  const PartitionLog& offsets = log.cluster().partition(log.cluster().image().group_partition("g"));
  EXPECT_EQ(offsets.end_offset(), 2) << "one join, one commit";
  EXPECT_EQ(commit(7), ErrorCode::ok);
}

TEST(LogClient, OneIdentityOutlivesTheRotationOfItsProducerId) {
  SimulatedLog::Options options = test::variant(1, true, false);
  options.cluster.last_epoch = 2;
  SimulatedLog log(options);
  LogCalls calls(log);
  log.create_topic("out", 1);
  const auto producer = calls.init(0, "t");
  std::vector<std::string> values;
  for (int i = 0; i < 8; ++i) {
    values.push_back(std::to_string(i));
    ASSERT_EQ(calls.append(0, producer, 0, {values.back()}), ErrorCode::ok) << i;
    ASSERT_EQ(calls.commit(0, producer), ErrorCode::ok) << i;
  }
  ASSERT_TRUE(calls.settled(0));
  EXPECT_EQ(calls.read(0), values);
}

// A client that awaits no answers hears of no error: it learns by the end of the connection who leads no longer.
TEST(Broker, FireAndForgetFollowsALeaderThatChanged) {
  SimulatedLog::Options options;
  options.cluster.replication_factor = 2;
  SimulatedLog log(options);
  LogCalls calls(log);
  log.create_topic("out", 1);
  const auto producer = calls.init(0, "");
  const auto append = [&](const std::string& value) {
    calls.wait_done([&](auto done) {
      log.client(0).append(producer, {"out", 0}, test::batch_of({value}), env::Acks::none, done);
    });
    log.advance(milliseconds(500));
  };
  append("before");
  const int32_t first = log.cluster().leader({"out", 0});
  const env::ProcessId process = log.cluster().processes()[static_cast<size_t>(first)];
  log.world().crash(process);
  log.world().restart(process);
  log.advance(seconds(2));
  ASSERT_NE(log.cluster().leader({"out", 0}), first) << "a broker that comes back leads nothing at first";
  for (const char* value : {"1", "2", "3", "4"}) append(value);
  EXPECT_THAT(calls.read(0), ::testing::IsSupersetOf({"before", "3", "4"}));
}

}  // namespace
}  // namespace onceproof::simulator::log
