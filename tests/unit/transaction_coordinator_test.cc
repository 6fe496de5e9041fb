// SPDX-License-Identifier: Apache-2.0
// TransactionCoordinator: every answer of Kafka's state machine, without brokers.
#include "simulator/log/transaction_coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace onceproof::simulator::log {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Coordinator : public ::testing::Test {
 protected:
  Coordinator() { store_.add_topic("out", 2); }
  env::ProducerIdentity init(const std::string& id = "t") {
    return coordinator_.init_producer_id(id, seconds(60)).take();
  }
  ErrorCode add(const env::ProducerIdentity& producer, int32_t partition = 0, TimeUs now_us = 0) {
    return coordinator_.add_partition(producer, {"out", partition}, now_us).status.code();
  }
  ErrorCode end(const env::ProducerIdentity& producer, bool commit) {
    const auto decision = coordinator_.decide_end(producer, commit);
    if (decision.prepare) coordinator_.prepare(producer.transactional_id, commit, 0);
    return decision.status.code();
  }
  void write_markers(const std::string& id = "t") {
    const Marker marker = coordinator_.marker_of(id);
    const auto partitions = coordinator_.find(id)->awaiting_markers;
    for (const auto& partition : partitions) coordinator_.marker_written(id, marker.number, partition, 0);
  }
  TransactionState state(const std::string& id = "t") { return coordinator_.find(id)->state; }

  LogStore store_{1};
  TransactionCoordinator coordinator_{store_, 0, seconds(900)};
};

TEST_F(Coordinator, FollowsACommitThroughKafkasStates) {
  const auto producer = init();
  EXPECT_EQ(state(), TransactionState::Empty);
  ASSERT_EQ(add(producer, 0), ErrorCode::ok);
  ASSERT_EQ(add(producer, 1), ErrorCode::ok);
  EXPECT_EQ(state(), TransactionState::Ongoing);
  ASSERT_EQ(end(producer, true), ErrorCode::ok);
  EXPECT_EQ(state(), TransactionState::PrepareCommit);
  const Marker marker = coordinator_.marker_of("t");
  EXPECT_TRUE(marker.commit);
  EXPECT_FALSE(coordinator_.marker_written("t", marker.number, {"out", 0}, 7));
  EXPECT_TRUE(coordinator_.marker_written("t", marker.number, {"out", 1}, 8));
  EXPECT_EQ(state(), TransactionState::CompleteCommit);
  EXPECT_EQ(store_.history().back().outcome, Outcome::committed);
  EXPECT_EQ(store_.history().back().completed_us, 8);
}

TEST_F(Coordinator, AnswersEndRequestsByStateExactlyAsKafka) {
  const auto producer = init();
  EXPECT_EQ(end(producer, true), ErrorCode::invalid_txn_state) << "Empty";
  ASSERT_EQ(add(producer), ErrorCode::ok);
  ASSERT_EQ(end(producer, true), ErrorCode::ok);
  EXPECT_EQ(end(producer, true), ErrorCode::concurrent_transactions) << "PrepareCommit";
  EXPECT_EQ(end(producer, false), ErrorCode::invalid_txn_state);
  write_markers();
  EXPECT_EQ(end(producer, true), ErrorCode::ok) << "CompleteCommit";
  EXPECT_EQ(end(producer, false), ErrorCode::invalid_txn_state);
  ASSERT_EQ(add(producer), ErrorCode::ok);
  ASSERT_EQ(end(producer, false), ErrorCode::ok);
  EXPECT_EQ(end(producer, false), ErrorCode::concurrent_transactions) << "PrepareAbort";
  EXPECT_EQ(end(producer, true), ErrorCode::invalid_txn_state);
  write_markers();
  EXPECT_EQ(end(producer, false), ErrorCode::ok) << "CompleteAbort";
  EXPECT_EQ(end(producer, true), ErrorCode::invalid_txn_state);
}

TEST_F(Coordinator, RefusesWrongEpochsAndWrongProducerIds) {
  auto producer = init();
  producer.epoch = 1;  // a future epoch is as wrong as a past one
  EXPECT_EQ(add(producer), ErrorCode::producer_fenced);
  EXPECT_EQ(end(producer, true), ErrorCode::producer_fenced);
  producer.epoch = 0;
  producer.producer_id += 1;
  EXPECT_EQ(add(producer), ErrorCode::invalid_producer_id_mapping);
  EXPECT_EQ(end(producer, true), ErrorCode::invalid_producer_id_mapping);
  EXPECT_EQ(end({"unknown", 1, 0}, true), ErrorCode::invalid_producer_id_mapping);
}

TEST_F(Coordinator, FencingAnOngoingTransactionRaisesTheEpochTwiceUntilTheNextOwner) {
  const auto zombie = init();
  ASSERT_EQ(add(zombie), ErrorCode::ok);
  ASSERT_TRUE(coordinator_.must_fence("t"));
  coordinator_.fence_and_prepare_abort("t", 5, false);
  EXPECT_EQ(state(), TransactionState::PrepareAbort);
  EXPECT_EQ(coordinator_.marker_of("t").epoch, 1) << "so that partitions refuse the zombie";
  EXPECT_EQ(coordinator_.init_producer_id("t", seconds(60)).code(), ErrorCode::concurrent_transactions);
  EXPECT_EQ(end(zombie, true), ErrorCode::producer_fenced);
  write_markers();
  EXPECT_EQ(init().epoch, 2);
  EXPECT_EQ(store_.history().back().outcome, Outcome::aborted);
  EXPECT_TRUE(store_.history().back().fenced);
}

TEST_F(Coordinator, DecidedTransactionTakesNoPartitionsAndNeverExpires) {
  const auto producer = init();
  ASSERT_EQ(add(producer, 0, 0), ErrorCode::ok);
  ASSERT_EQ(end(producer, true), ErrorCode::ok);
  EXPECT_EQ(add(producer, 1), ErrorCode::concurrent_transactions);
  EXPECT_THAT(coordinator_.expired(seconds(100'000)), IsEmpty());
  EXPECT_THAT(coordinator_.prepared(), ElementsAre("t"));
}

TEST_F(Coordinator, TimeoutCountsFromTheFirstPartition) {
  const auto producer = init();
  EXPECT_THAT(coordinator_.expired(seconds(1000)), IsEmpty()) << "nothing was begun";
  ASSERT_EQ(add(producer, 0, seconds(10)), ErrorCode::ok);
  ASSERT_EQ(add(producer, 1, seconds(60)), ErrorCode::ok);
  EXPECT_THAT(coordinator_.expired(seconds(70)), IsEmpty());
  EXPECT_THAT(coordinator_.expired(seconds(70) + 1), ElementsAre("t"));
  coordinator_.fence_and_prepare_abort("t", seconds(71), true);
  EXPECT_TRUE(store_.history().back().timed_out);
  EXPECT_EQ(end(producer, true), ErrorCode::producer_fenced);
}

TEST_F(Coordinator, VerificationKnowsOnlyPartitionsOfTheOngoingTransaction) {
  const auto producer = init();
  EXPECT_EQ(coordinator_.verify(producer, {"out", 0}).code(), ErrorCode::invalid_txn_state);
  ASSERT_EQ(add(producer, 0), ErrorCode::ok);
  EXPECT_TRUE(coordinator_.verify(producer, {"out", 0}).ok());
  EXPECT_EQ(coordinator_.verify(producer, {"out", 1}).code(), ErrorCode::invalid_txn_state);
  ASSERT_EQ(end(producer, true), ErrorCode::ok);
  EXPECT_EQ(coordinator_.verify(producer, {"out", 0}).code(), ErrorCode::concurrent_transactions);
  write_markers();
  EXPECT_EQ(coordinator_.verify(producer, {"out", 0}).code(), ErrorCode::invalid_txn_state) << "a late write";
}

TEST_F(Coordinator, MarkerAnswerOfAnEarlierTransactionIsIgnored) {
  const auto producer = init();
  ASSERT_EQ(add(producer), ErrorCode::ok);
  ASSERT_EQ(end(producer, true), ErrorCode::ok);
  const uint64_t first = coordinator_.marker_of("t").number;
  write_markers();
  ASSERT_EQ(add(producer), ErrorCode::ok);
  ASSERT_EQ(end(producer, false), ErrorCode::ok);
  EXPECT_FALSE(coordinator_.marker_written("t", first, {"out", 0}, 0));
  EXPECT_EQ(state(), TransactionState::PrepareAbort);
}

TEST_F(Coordinator, ExhaustedEpochsGetANewProducerId) {
  const auto producer = init();
  store_.transactions()["t"].epoch = 32766;
  const auto next = init();
  EXPECT_EQ(next.epoch, 0);
  EXPECT_NE(next.producer_id, producer.producer_id);
}

TEST_F(Coordinator, TimeoutsOutsideTheAllowedRangeAreRefused) {
  EXPECT_EQ(coordinator_.init_producer_id("t", seconds(901)).code(), ErrorCode::invalid_transaction_timeout);
  EXPECT_EQ(coordinator_.init_producer_id("t", 0).code(), ErrorCode::invalid_transaction_timeout);
  EXPECT_TRUE(store_.transactions().empty());
}

}  // namespace
}  // namespace onceproof::simulator::log
