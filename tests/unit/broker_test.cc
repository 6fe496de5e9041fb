// SPDX-License-Identifier: Apache-2.0
// Broker, Client, Reader and extraction in a small world: what the contract suite cannot ask of a real Kafka.
#include "simulator/log/broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/log/extract.h"
#include "simulator/log/reader.h"
#include "tests/support/log_calls.h"
#include "tests/support/simulated_log.h"

namespace onceproof::simulator::log {
namespace {

using env::Isolation;
using test::LogCalls;
using test::SimulatedLog;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

SimulatedLog::Options with_bug(SeededBug bug) {
  SimulatedLog::Options options;
  options.cluster.bugs.add(bug);
  options.cluster.transaction_version = TransactionVersion::classic;
  return options;
}

SimulatedLog::Options classic() {
  SimulatedLog::Options options;
  options.cluster.transaction_version = TransactionVersion::classic;
  return options;
}

Result<env::FetchResult> fetch_source(SimulatedLog& log, LogCalls& calls, int64_t offset, DurationUs wait_us) {
  return calls.wait<env::FetchResult>([&](auto reply) {
    log.client(0).fetch({"in", 0}, offset, Isolation::read_committed, 16 * 1024, wait_us, reply);
  });
}

TEST(Broker, SourceRecordsAppearAtTheirTimestampsAndTheEndIsKnownFromTheStart) {
  SimulatedLog log({});
  LogCalls calls(log);
  log.cluster().add_source(make_source_topic("in", {{{seconds(1), "a"}, {seconds(3), "b"}}}));
  const auto end = calls.wait<int64_t>([&](auto reply) {
    log.client(0).end_offset({"in", 0}, Isolation::read_committed, reply);
  });
  EXPECT_EQ(end.value(), 2);
  EXPECT_EQ(fetch_source(log, calls, 0, 0).value().batch.count, 0u);
  const auto first = fetch_source(log, calls, 0, seconds(20));
  EXPECT_THAT(test::values_of(first.value().batch), ElementsAre("a"));
  EXPECT_EQ(first.value().next_offset, 1);
  EXPECT_GE(log.now(), seconds(1));
  EXPECT_LT(log.now(), seconds(1) + milliseconds(50));
  const auto second = fetch_source(log, calls, 1, milliseconds(500));
  EXPECT_EQ(second.value().batch.count, 0u) << "its wait was over before the record came";
  EXPECT_THAT(test::values_of(fetch_source(log, calls, 0, seconds(20)).value().batch), ElementsAre("a"));
  EXPECT_THAT(test::values_of(fetch_source(log, calls, 1, seconds(20)).value().batch), ElementsAre("b"));
  EXPECT_EQ(fetch_source(log, calls, 2, milliseconds(500)).value().batch.count, 0u);
  EXPECT_EQ(fetch_source(log, calls, 3, 0).code(), ErrorCode::offset_out_of_range);
}

TEST(Broker, SourceTopicCannotBeWritten) {
  SimulatedLog log({});
  LogCalls calls(log);
  log.cluster().add_source(make_source_topic("out", {{{0, "a"}}}));
  EXPECT_EQ(calls.append(0, calls.init(0, "t"), 0, {"x"}), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(calls.append(0, calls.init(0, ""), 0, {"x"}), ErrorCode::unknown_topic_or_partition);
}

TEST(Broker, ClientWaitsOutABrokerThatIsDownAndGivesUpAtTheDeliveryTimeout) {
  SimulatedLog log({});
  LogCalls calls(log);
  log.create_topic("out", 2);
  const auto producer = calls.init(0, "");
  const env::ProcessId leader = log.cluster().processes()[static_cast<size_t>(log.cluster().leader({"out", 0}))];
  log.world().crash(leader);
  const TimeUs before_us = log.now();
  const ErrorCode error = calls.append(0, producer, 0, {"a"});
  EXPECT_THAT(error, ::testing::AnyOf(ErrorCode::timed_out, ErrorCode::connection_lost));
  EXPECT_GE(log.now(), before_us + seconds(29));
  EXPECT_LE(log.now(), before_us + seconds(34));
  log.world().restart(leader);
  EXPECT_EQ(calls.append(0, producer, 0, {"b"}), ErrorCode::out_of_order_sequence)
      << "the first one's sequence may be used";
}

TEST(Broker, FailedBatchMakesItsTransactionUncommittable) {
  SimulatedLog log({});
  LogCalls calls(log);
  log.create_topic("out", 2);
  const auto producer = calls.init(0, "t");
  ASSERT_EQ(calls.append(0, producer, 0, {"a"}), ErrorCode::ok);
  EXPECT_EQ(calls.append(0, producer, 7, {"nowhere"}), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(calls.commit(0, producer), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(calls.abort(0, producer), ErrorCode::ok);
  ASSERT_TRUE(calls.settled(0));
  EXPECT_THAT(calls.read(0), IsEmpty());
}

TEST(Broker, LateWriteOfAnEndedTransactionIsRefusedByItsLeader) {
  SimulatedLog log(classic());
  LogCalls calls(log);
  log.create_topic("out", 2);
  const auto producer = calls.init(0, "t");
  ASSERT_EQ(calls.append(0, producer, 0, {"a"}), ErrorCode::ok);
  ASSERT_EQ(calls.commit(1, producer), ErrorCode::ok);
  ASSERT_TRUE(calls.settled(0));
  // Client 0 does not know of the end and does not add the partition again.
  EXPECT_EQ(calls.append(0, producer, 0, {"late"}), ErrorCode::invalid_txn_state);
  EXPECT_THAT(hanging_transactions(log.cluster()), IsEmpty());
  EXPECT_TRUE(quiescent(log.cluster()));
}

// The coordinator has decided, the leader does not know yet: the next transaction's first batch must not become part of
// the one that is being committed.
TEST(Broker, WhatFollowsADecidedTransactionWaitsForItsMarker) {
  for (const TransactionVersion version : {TransactionVersion::classic, TransactionVersion::v2}) {
    SimulatedLog::Options options;
    options.cluster.transaction_version = version;
    Trigger trigger;
    trigger.at_us = 0;
    options.faults = {{trigger, DelayFault{"*", env::MailKind::transaction_markers, 1, seconds(2)}}};
    SimulatedLog log(options);
    LogCalls calls(log);
    log.create_topic("out", 2);
    const int32_t partition = log.cluster().leader({"out", 0}) == log.cluster().coordinator("t") ? 1 : 0;
    const auto producer = calls.init(0, "t");
    ASSERT_EQ(calls.append(0, producer, partition, {"first"}), ErrorCode::ok);
    ASSERT_EQ(calls.commit(0, producer), ErrorCode::ok);
    ASSERT_FALSE(quiescent(log.cluster())) << "the marker is held";
    ASSERT_EQ(calls.append(0, producer, partition, {"second"}), ErrorCode::ok);
    log.advance(seconds(3));
    EXPECT_THAT(calls.read(partition), ElementsAre("first"));
    EXPECT_EQ(calls.abort(0, producer), ErrorCode::ok);
    log.advance(seconds(3));
    EXPECT_THAT(calls.read(partition), ElementsAre("first"));
    EXPECT_TRUE(quiescent(log.cluster()));
  }
}

// What is visible and not read keeps a run from ending; what nobody will ever see does not.
TEST(Broker, AReaderHasCaughtUpWhenNothingVisibleIsLeft) {
  SimulatedLog log({});
  LogCalls calls(log);
  log.create_topic("out", 1);
  simulator::log::ReaderJournal journal{"out", {0}, {}, 0};
  EXPECT_TRUE(caught_up(log.cluster(), journal));
  const auto producer = calls.init(0, "t");
  ASSERT_EQ(calls.append(0, producer, 0, {"a", "b"}), ErrorCode::ok);
  EXPECT_TRUE(caught_up(log.cluster(), journal)) << "not visible yet";
  ASSERT_EQ(calls.commit(0, producer), ErrorCode::ok);
  ASSERT_TRUE(calls.settled(0));
  EXPECT_FALSE(caught_up(log.cluster(), journal));
  journal.next_offset[0] = 1;
  EXPECT_FALSE(caught_up(log.cluster(), journal));
  journal.next_offset[0] = 2;
  EXPECT_TRUE(caught_up(log.cluster(), journal)) << "only the marker is left";
  const auto second = calls.init(0, "t");
  ASSERT_EQ(calls.append(0, second, 0, {"never"}), ErrorCode::ok);
  ASSERT_EQ(calls.abort(0, second), ErrorCode::ok);
  ASSERT_TRUE(calls.settled(0));
  EXPECT_TRUE(caught_up(log.cluster(), journal)) << "aborted";
}

// Both go from the coordinator to the leader, on one connection: what was allowed before the end is part of it.
TEST(Broker, MarkerStaysBehindTheVerificationThatItsConnectionHolds) {
  // The coordinator's answers to add-partitions and to the leader's question take a second each.
  SimulatedLog::Options options = classic();
  Trigger trigger;
  trigger.point = env::Point::txn_add_partitions;
  options.faults = {{trigger, DelayFault{"*", env::MailKind::log_response, 2, seconds(1)}}};
  SimulatedLog log(options);
  LogCalls calls(log);
  log.create_topic("out", 2);
  const int32_t partition = log.cluster().leader({"out", 0}) == log.cluster().coordinator("t") ? 1 : 0;
  const auto producer = calls.init(0, "t");
  std::optional<ErrorCode> appended;
  log.client(0).append(producer, {"out", partition}, test::batch_of({"late"}), env::Acks::all,
                       [&](const Status& status) { appended = status.code(); });
  log.advance(milliseconds(1500));
  ASSERT_FALSE(appended.has_value());
  EXPECT_EQ(calls.commit(1, producer), ErrorCode::ok);
  log.advance(seconds(3));
  EXPECT_EQ(appended, ErrorCode::ok);
  EXPECT_THAT(calls.read(partition), ElementsAre("late"));
  EXPECT_THAT(hanging_transactions(log.cluster()), IsEmpty());
}

TEST(Broker, WithoutFencingTheLateWriteHangsForEver) {
  SimulatedLog log(with_bug(SeededBug::no_fencing));
  LogCalls calls(log);
  log.create_topic("out", 2);
  const auto producer = calls.init(0, "t");
  ASSERT_EQ(calls.append(0, producer, 0, {"a"}), ErrorCode::ok);
  ASSERT_EQ(calls.commit(1, producer), ErrorCode::ok);
  ASSERT_TRUE(calls.settled(0));
  ASSERT_EQ(calls.append(0, producer, 0, {"late"}), ErrorCode::ok);
  log.advance(seconds(200));
  EXPECT_EQ(hanging_transactions(log.cluster()).size(), 1u);
  EXPECT_FALSE(quiescent(log.cluster(), "out"));
}

TEST(Broker, WithoutFencingAZombieCommitsItsSuccessorsTransaction) {
  SimulatedLog log(with_bug(SeededBug::no_fencing));
  LogCalls calls(log);
  log.create_topic("out", 2);
  const auto zombie = calls.init(0, "t");
  const auto owner = calls.init(1, "t");
  ASSERT_EQ(calls.append(1, owner, 0, {"half"}), ErrorCode::ok);
  EXPECT_EQ(calls.append(0, zombie, 0, {"zombie"}), ErrorCode::ok);
  EXPECT_EQ(calls.commit(0, zombie), ErrorCode::ok);
  ASSERT_TRUE(calls.settled(0));
  EXPECT_THAT(calls.read(0), ElementsAre("half", "zombie"));
}

TEST(Broker, WithoutFencingAnOldGroupMemberCommitsOffsets) {
  SimulatedLog log(with_bug(SeededBug::no_fencing));
  LogCalls calls(log);
  log.create_topic("in", 1);
  const auto join = [&](int client) {
    return calls.wait<uint64_t>([&](auto reply) { log.client(client).join_group("g", "i", reply); }).take();
  };
  const uint64_t old_member = join(0);
  join(1);
  EXPECT_EQ(calls.wait_done([&](auto done) {
    log.client(0).commit_offset("g", "i", old_member, {"in", 0}, 3, done);
  }),
            ErrorCode::ok);
}

TEST(Broker, DeathBeforeTheDecisionWritesNothing) {
  SimulatedLog::Options options;
  options.faults = test::crash_at(env::Point::txn_prepare, env::Phase::before);
  SimulatedLog log(options);
  LogCalls calls(log);
  log.create_topic("out", 2);
  const auto producer = calls.init(0, "t");
  ASSERT_EQ(calls.append(0, producer, 0, {"a"}), ErrorCode::ok);
  log.client(0).commit(producer, [](const Status&) {});
  log.advance(milliseconds(500));
  ASSERT_TRUE(log.world().faults()[0].fired);
  EXPECT_EQ(transactions(log.cluster()).at("t").state, TransactionState::Ongoing);
  log.advance(seconds(5));
  EXPECT_EQ(transactions(log.cluster()).at("t").state, TransactionState::CompleteCommit);
}

TEST(Broker, ProbesTellTheStoryOfATransaction) {
  SimulatedLog log({});
  LogCalls calls(log);
  log.create_topic("out", 2);
  const auto producer = calls.init(0, "t");
  ASSERT_EQ(calls.append(0, producer, 0, {"a"}), ErrorCode::ok);
  ASSERT_EQ(calls.commit(0, producer), ErrorCode::ok);
  calls.init(1, "t");
  EXPECT_EQ(calls.commit(0, producer), ErrorCode::producer_fenced);
  std::vector<std::string> story;
  for (const PointHit& hit : log.world().points()) {
    EXPECT_EQ(hit.text, "t");
    EXPECT_EQ(hit.value, producer.producer_id);
    if (!hit.before) story.push_back(hit.name);
  }
  EXPECT_THAT(story, ElementsAre("txn.init", "txn.add-partitions", "txn.prepare", "txn.marker", "txn.complete",
                                 "txn.init", "log.fenced"));
}

TEST(Broker, ExtractionTellsVisibilityAndTheTransactionsFate) {
  SimulatedLog log({});
  LogCalls calls(log);
  log.create_topic("out", 1);
  const auto committed = calls.init(0, "c");
  const auto aborted = calls.init(0, "a", seconds(5));
  const auto open = calls.init(0, "o");
  ASSERT_EQ(calls.append(0, calls.init(0, ""), 0, {"plain"}), ErrorCode::ok);
  ASSERT_EQ(calls.append(0, committed, 0, {"committed"}), ErrorCode::ok);
  ASSERT_EQ(calls.append(0, aborted, 0, {"aborted"}), ErrorCode::ok);
  ASSERT_EQ(calls.commit(0, committed), ErrorCode::ok);
  log.advance(seconds(20));
  ASSERT_EQ(calls.append(0, open, 0, {"open"}), ErrorCode::ok);
  const std::vector<SinkRecord> records = sink_records(log.cluster(), "out");
  std::vector<std::pair<std::string, Visibility>> seen;
  for (const SinkRecord& record : records) seen.emplace_back(record.value, record.visibility);
  EXPECT_THAT(seen, ElementsAre(std::pair("plain", Visibility::non_transactional),
                                std::pair("committed", Visibility::committed),
                                std::pair("aborted", Visibility::aborted), std::pair("open", Visibility::open)));
  EXPECT_EQ(records[1].producer_id, committed.producer_id);
  EXPECT_EQ(records[3].offset, 5) << "two markers lie in between";
  ASSERT_EQ(transaction_history(log.cluster()).size(), 3u);
  EXPECT_TRUE(transaction_history(log.cluster())[1].timed_out);
  EXPECT_EQ(transaction_history(log.cluster())[2].outcome, Outcome::open);
  EXPECT_FALSE(quiescent(log.cluster(), "out"));
  EXPECT_THAT(hanging_transactions(log.cluster()), IsEmpty()) << "its coordinator knows it and will time it out";
}

// A producer that writes one committed transaction a second.
class Ticker final : public env::Actor {
 public:
  explicit Ticker(env::Env& env) : env_(env), log_(env.open_log("ticker")) {}
  void on_mail(env::Mail&) override {
    if (!busy_) {
      busy_ = true;
      log_->init_producer("ticker", seconds(60), [this](Result<env::ProducerIdentity> identity) {
        if (!identity.ok()) return;
        const env::ProducerIdentity producer = identity.value();
        log_->append(producer, {"out", 0}, test::batch_of({std::to_string(count_++)}), env::Acks::all,
                     [](const Status&) {});
        log_->commit(producer, [this](const Status&) { busy_ = false; });
      });
    }
    env_.scheduler().after(seconds(1), env::MailKind::tick);
  }

 private:
  env::Env& env_;
  std::unique_ptr<env::Log> log_;
  bool busy_ = false;
  int count_ = 0;
};

TEST(Reader, SeesEveryCommittedRecordOnceAlsoAcrossItsOwnCrash) {
  LogCluster cluster({});
  cluster.add_topic("out", 1);
  ReaderJournal journal;
  World world{WorldOptions{}};
  cluster.join(world);
  world.add_process("ticker", [](env::Env& env) { return std::make_unique<Ticker>(env); });
  const env::ProcessId reader = add_reader(world, cluster, "out", journal);
  world.run_until(milliseconds(5500));
  world.crash(reader);
  world.run_until(milliseconds(8500));
  world.restart(reader);
  world.run_until(milliseconds(12500));
  const std::vector<SinkRecord> seen = observed_records(cluster, journal);
  ASSERT_EQ(seen.size(), 13u);
  EXPECT_EQ(journal.records, 13u);
  for (size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].value, std::to_string(i));
    EXPECT_EQ(seen[i].visibility, Visibility::committed);
    EXPECT_GE(seen[i].at_us, seen[i == 0 ? 0 : i - 1].at_us);
  }
  EXPECT_LT(seen[5].at_us, milliseconds(5500));
  EXPECT_GT(seen[6].at_us, milliseconds(8500));
}

TEST(Reader, WithUnstableRecordsExposedItSeesWhatIsAbortedLater) {
  ClusterOptions options;
  options.bugs.add(SeededBug::expose_unstable);
  LogCluster cluster(options);
  cluster.add_topic("out", 1);
  ReaderJournal journal;
  World world{WorldOptions{}};
  cluster.join(world);
  env::Log* client = nullptr;
  class Owner final : public env::Actor {
   public:
    Owner(env::Env& env, env::Log*& slot) : log_(env.open_log("c")) { slot = log_.get(); }
    void on_mail(env::Mail&) override {}

   private:
    std::unique_ptr<env::Log> log_;
  };
  world.add_process("client", [&](env::Env& env) { return std::make_unique<Owner>(env, client); });
  add_reader(world, cluster, "out", journal);
  world.run_until(milliseconds(1));
  client->init_producer("t", seconds(60), [&](Result<env::ProducerIdentity> identity) {
    client->append(identity.value(), {"out", 0}, test::batch_of({"a"}), env::Acks::all,
                   [&, producer = identity.value()](const Status&) { client->abort(producer, [](const Status&) {}); });
  });
  world.run_until(seconds(2));
  const std::vector<SinkRecord> seen = observed_records(cluster, journal);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].visibility, Visibility::aborted);
}

TEST(Broker, SameSeedGivesTheSameTrace) {
  const auto run = [](uint64_t seed) {
    SimulatedLog::Options options;
    options.seed = seed;
    options.faults = test::crash_at(env::Point::txn_marker, env::Phase::after, 2);
    SimulatedLog log(options);
    LogCalls calls(log);
    log.create_topic("out", 4);
    for (int i = 0; i < 5; ++i) {
      const auto producer = calls.init(i % 3, "t");
      calls.append(i % 3, producer, i % 4, {"a"});
      calls.append(i % 3, producer, (i + 1) % 4, {"b"});
      calls.commit(i % 3, producer);
    }
    return to_string(log.world().trace().hash());
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

}  // namespace
}  // namespace onceproof::simulator::log
