// SPDX-License-Identifier: Apache-2.0
// The contract of env::Log while brokers crash and answers are lost, and what lies beside its main path: several
// batches in flight, offsets in transactions, descriptions, offsets by time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log_contract.h"
#include "tests/support/simulated_log.h"

namespace onceproof {
namespace {
using env::Isolation;
using env::TransactionPhase;
using test::LogContract;
using test::LogFault;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

INSTANTIATE_TEST_SUITE_P(, LogContract, ::testing::ValuesIn(test::simulated_logs()),
                         [](const auto& implementation) { return implementation.param.name; });

TEST_P(LogContract, CoordinatorThatCrashesBetweenDecisionAndMarkersCommitsAfterItsRestart) {
  start(LogFault::coordinator_crash_after_prepare);
  const auto producer = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  ASSERT_EQ(calls().append(0, producer, 1, {"b"}), ErrorCode::ok);
  const TimeUs before_us = log().now();
  EXPECT_EQ(calls().commit(0, producer), ErrorCode::ok) << "the client's retry finds the decision";
  EXPECT_GE(log().now(), before_us + seconds(1)) << "the crash came in between";
  ASSERT_TRUE(calls().settled(0) && calls().settled(1));
  EXPECT_THAT(calls().read(0), ElementsAre("a"));
  EXPECT_THAT(calls().read(1), ElementsAre("b"));
}

TEST_P(LogContract, RetriedBatchIsNotDuplicatedWhenTheAnswerWasLost) {
  start(LogFault::answers_are_lost);
  const auto producer = calls().init(0, "");
  for (const char* value : {"a", "b", "c"}) ASSERT_EQ(calls().append(0, producer, 0, {value}), ErrorCode::ok);
  EXPECT_THAT(calls().read(0), ElementsAre("a", "b", "c"));
}

TEST_P(LogContract, CoordinatorThatCrashesBeforeTheDecisionLeavesTheTransactionOpenForTheRetry) {
  start(LogFault::coordinator_crash_before_prepare);
  const auto producer = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  bool answered = false;
  log().client(0).commit(producer, [&](const Status& status) {
    EXPECT_TRUE(status.ok());
    answered = true;
  });
  log().advance(seconds(1));
  EXPECT_FALSE(answered);
  EXPECT_TRUE(log().run_until([&] { return answered; }, seconds(30)));
  ASSERT_TRUE(calls().settled(0));
  EXPECT_THAT(calls().read(0), ElementsAre("a"));
}

TEST_P(LogContract, CrashWhileMarkersAreWrittenLosesNoneAndCommitsOnce) {
  start(LogFault::leader_crash_at_first_marker);
  const auto producer = calls().init(0, "t");
  for (int32_t partition = 0; partition < 4; ++partition) {
    ASSERT_EQ(calls().append(0, producer, partition, {"a"}), ErrorCode::ok);
  }
  EXPECT_EQ(calls().commit(0, producer), ErrorCode::ok);
  log().advance(seconds(5));
  for (int32_t partition = 0; partition < 4; ++partition) {
    ASSERT_TRUE(calls().settled(partition));
    EXPECT_THAT(calls().read(partition), ElementsAre("a"));
    EXPECT_EQ(calls().end(partition, Isolation::read_uncommitted), 2) << "one record, one marker";
  }
}

// ---- several batches in flight -------------------------------------------------------------------------------

TEST_P(LogContract, ManyBatchesAtOnceKeepTheirOrderAlsoWhenAnswersAreLost) {
  start(LogFault::answers_are_lost);
  const auto producer = calls().init(0, "");
  std::vector<std::string> sent;
  int acknowledged = 0;
  for (int i = 0; i < 40; ++i) {
    sent.push_back(std::to_string(i));
    log().client(0).append(producer, {"out", 0}, test::batch_of({sent.back()}), env::Acks::all,
                           [&](const Status& status) { acknowledged += status.ok() ? 1 : 0; });
  }
  ASSERT_TRUE(log().run_until([&] { return acknowledged == 40; }, seconds(60)));
  EXPECT_EQ(calls().read(0), sent);
}

TEST_P(LogContract, TransactionOfManyBatchesSurvivesALeaderThatDies) {
  start(LogFault::leader_crash_at_first_append);
  const auto producer = calls().init(0, "t");
  std::vector<std::string> sent;
  for (int i = 0; i < 20; ++i) {
    sent.push_back(std::to_string(i));
    log().client(0).append(producer, {"out", 1}, test::batch_of({sent.back()}), env::Acks::all,
                           [](const Status& status) { EXPECT_TRUE(status.ok()) << status.error().message; });
  }
  EXPECT_EQ(calls().commit(0, producer), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(1));
  EXPECT_EQ(calls().read(1), sent);
}

// ---- one producer, many transactions -------------------------------------------------------------------------

TEST_P(LogContract, OneIdentityNamesItsProducerThroughManyTransactions) {
  start();
  const auto producer = calls().init(0, "t");
  std::vector<std::string> committed;
  for (int i = 0; i < 6; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_EQ(calls().append(0, producer, i % 3, {value}), ErrorCode::ok);
    ASSERT_EQ(i % 2 == 0 ? calls().commit(0, producer) : calls().abort(0, producer), ErrorCode::ok) << i;
    if (i % 2 == 0 && i % 3 == 0) committed.push_back(value);
  }
  ASSERT_TRUE(calls().settled(0));
  EXPECT_EQ(calls().read(0), committed);
}

// ---- descriptions --------------------------------------------------------------------------------------------

TEST_P(LogContract, DescriptionAndListTellWhatBecameOfTransactions) {
  start();
  const auto describe = [&](const std::string& id) {
    return calls()
        .wait<env::TransactionDescription>([&](auto reply) { log().client(2).describe_transaction(id, reply); })
        .take();
  };
  EXPECT_EQ(describe("never").phase, TransactionPhase::none);
  const auto kept = calls().init(0, "kept");
  EXPECT_EQ(describe("kept").phase, TransactionPhase::empty);
  ASSERT_EQ(calls().append(0, kept, 0, {"a"}), ErrorCode::ok);
  EXPECT_EQ(describe("kept").phase, TransactionPhase::ongoing);
  EXPECT_EQ(describe("kept").producer, kept);
  ASSERT_EQ(calls().commit(0, kept), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(0));
  EXPECT_THAT(describe("kept").phase, AnyOf(TransactionPhase::committing, TransactionPhase::committed));
  EXPECT_EQ(describe("kept").producer, kept) << "the writer, also where the epoch has moved on";
  const auto lost = calls().init(0, "lost", seconds(5));
  ASSERT_EQ(calls().append(0, lost, 1, {"b"}), ErrorCode::ok);
  log().advance(seconds(6) + log().expiry_slack());
  EXPECT_EQ(describe("lost").phase, TransactionPhase::aborted);
  EXPECT_GT(describe("lost").producer.epoch, lost.epoch) << "fenced";
  const auto all = calls().wait<std::vector<env::TransactionDescription>>(
      [&](auto reply) { log().client(1).list_transactions(reply); });
  std::vector<std::string> ids;
  for (const env::TransactionDescription& one : all.value()) ids.push_back(one.producer.transactional_id);
  if (log().moving()) return;  // a coordinator on its way between two brokers is on neither list
  EXPECT_THAT(ids, ElementsAre("kept", "lost"));
}

// ---- offsets -------------------------------------------------------------------------------------------------

TEST_P(LogContract, OffsetsOfATransactionCountWhenItCommits) {
  start();
  const auto member =
      calls().wait<uint64_t>([&](auto reply) { log().client(0).join_group("g", "i", reply); }).take();
  const auto committed = [&] {
    return calls()
        .wait<std::optional<int64_t>>([&](auto reply) { log().client(2).committed_offset("g", {"out", 2}, reply); })
        .take();
  };
  const auto send = [&](const env::ProducerIdentity& producer, uint64_t epoch, int64_t offset) {
    return calls().wait_done([&](auto done) {
      log().client(0).send_offsets(producer, "g", "i", epoch, {{{"out", 2}, offset}}, done);
    });
  };
  const auto producer = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  ASSERT_EQ(send(producer, member, 5), ErrorCode::ok);
  ASSERT_EQ(calls().commit(0, producer), ErrorCode::ok);
  EXPECT_EQ(committed(), 5) << "the answer waits for the marker";
  const auto next = calls().init(0, "u");
  ASSERT_EQ(send(next, member, 9), ErrorCode::ok);
  ASSERT_EQ(calls().abort(0, next), ErrorCode::ok);
  EXPECT_EQ(committed(), 5);
  const auto zombie = calls().init(0, "v");
  EXPECT_EQ(send(zombie, member + 7, 11), ErrorCode::fenced_instance_id);
  EXPECT_EQ(calls().commit(0, zombie), ErrorCode::fenced_instance_id) << "a transaction with a failed part";
}

TEST_P(LogContract, OffsetsAreFoundByTime) {
  start();
  const auto producer = calls().init(0, "");
  env::RecordBatch batch;
  for (const TimeUs at_us : {seconds(1), seconds(3)}) {
    env::append_log_record({.timestamp_us = at_us, .key = {}, .value = "x", .lineage = {}}, batch.records);
  }
  batch.count = 2;
  ASSERT_EQ(calls().wait_done(
                [&](auto done) { log().client(0).append(producer, {"out", 0}, batch, env::Acks::all, done); }),
            ErrorCode::ok);
  using Offsets = std::map<env::TopicPartition, std::optional<int64_t>>;
  const auto found = calls().wait<Offsets>([&](auto reply) {
    log().client(1).offsets_for_times({{{"out", 0}, seconds(2)}, {{"out", 1}, 0}}, Isolation::read_committed, reply);
  });
  EXPECT_EQ(found.value(), (Offsets{{{"out", 0}, 1}, {{"out", 1}, std::nullopt}}));
}

TEST(ErrorClass, SaysWhatAnErrorMeansForTheCaller) {
  using env::ErrorClass;
  EXPECT_EQ(env::classify(ErrorCode::ok), ErrorClass::none);
  EXPECT_EQ(env::classify(ErrorCode::not_coordinator), ErrorClass::retriable);
  EXPECT_EQ(env::classify(ErrorCode::timed_out), ErrorClass::unknown);
  EXPECT_EQ(env::classify(ErrorCode::out_of_order_sequence), ErrorClass::abortable);
  EXPECT_EQ(env::classify(ErrorCode::producer_fenced), ErrorClass::fatal);
}

}  // namespace
}  // namespace onceproof
