// SPDX-License-Identifier: Apache-2.0
// TransactionCoordinator: every answer of Kafka's state machine, classic and V2, without brokers.
#include "simulator/log/transaction_coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace onceproof::simulator::log {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Coordinator : public ::testing::Test {
 protected:
  explicit Coordinator(TransactionVersion version = TransactionVersion::classic, uint16_t last_epoch = 32766)
      : version_(version),
        coordinator_({seconds(900), version, last_epoch, {}}, [this] { return ++last_producer_id_; }) {}

  TransactionCoordinator::Decision apply(TransactionCoordinator::Decision decision) {
    if (decision.write) coordinator_.install(*decision.write);
    return decision;
  }
  env::ProducerIdentity init(const std::string& id = "t") {
    return apply(coordinator_.init_producer_id(id, seconds(60))).identity;
  }
  ErrorCode add(const env::ProducerIdentity& producer, PartitionId partition = 0, TimeUs now_us = 0) {
    return apply(coordinator_.add_partitions(producer, {partition}, version_, now_us)).status.code();
  }
  ErrorCode end(const env::ProducerIdentity& producer, bool commit, int version = kEndTxnClassic) {
    return apply(coordinator_.end(producer, commit, version)).status.code();
  }
  void fence(bool timed_out) { coordinator_.install(coordinator_.fence("t", timed_out)); }
  void write_markers(const std::string& id = "t") {
    const Marker marker = coordinator_.marker_of(id);
    std::vector<PartitionId> left = coordinator_.awaiting_markers(id);
    if (left.empty()) left.push_back(0);  // the abort of nothing
    for (const PartitionId partition : left) {
      if (auto done = coordinator_.marker_written(id, marker.number, partition)) coordinator_.install(*done);
    }
  }
  TransactionState state(const std::string& id = "t") { return coordinator_.find(id)->state; }

  TransactionVersion version_;
  uint64_t last_producer_id_ = 0;
  TransactionCoordinator coordinator_;
};
class CoordinatorV2 : public Coordinator {
 protected:
  CoordinatorV2() : Coordinator(TransactionVersion::v2) {}
};
class CoordinatorOfFewEpochs : public Coordinator {
 protected:
  CoordinatorOfFewEpochs() : Coordinator(TransactionVersion::v2, 2) {}
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
  EXPECT_EQ(marker.epoch, producer.epoch);
  EXPECT_FALSE(coordinator_.marker_written("t", marker.number, 0).has_value());
  const auto done = coordinator_.marker_written("t", marker.number, 1);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->state, TransactionState::CompleteCommit);
}

TEST_F(Coordinator, AnswersEndRequestsByStateExactlyAsKafka) {
  const auto producer = init();
  EXPECT_EQ(end(producer, true), ErrorCode::invalid_txn_state) << "Empty";
  EXPECT_EQ(end(producer, false), ErrorCode::invalid_txn_state);
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
  EXPECT_EQ(end(producer, true, kEndTxnV2), ErrorCode::unsupported_version);
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
  const auto first = coordinator_.init_producer_id("t", seconds(60));
  EXPECT_EQ(first.status.code(), ErrorCode::concurrent_transactions);
  ASSERT_TRUE(first.write.has_value());
  EXPECT_TRUE(first.write->fenced);
  coordinator_.install(*first.write);
  EXPECT_EQ(state(), TransactionState::PrepareAbort);
  EXPECT_EQ(coordinator_.marker_of("t").epoch, 1) << "so that partitions refuse the zombie";
  const auto second = coordinator_.init_producer_id("t", seconds(60));
  EXPECT_EQ(second.status.code(), ErrorCode::concurrent_transactions);
  EXPECT_FALSE(second.write.has_value());
  EXPECT_EQ(end(zombie, true), ErrorCode::producer_fenced);
  write_markers();
  EXPECT_EQ(init().epoch, 2);
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
  EXPECT_EQ(coordinator_.next_expiry_us(), seconds(70));
  EXPECT_THAT(coordinator_.expired(seconds(70)), IsEmpty());
  EXPECT_THAT(coordinator_.expired(seconds(70) + 1), ElementsAre("t"));
  fence(true);
  EXPECT_TRUE(coordinator_.find("t")->timed_out);
  EXPECT_EQ(end(producer, true), ErrorCode::producer_fenced);
}

TEST_F(Coordinator, VerificationKnowsOnlyPartitionsOfTheOngoingTransaction) {
  const auto producer = init();
  EXPECT_EQ(coordinator_.verify(producer, 0).code(), ErrorCode::invalid_txn_state);
  ASSERT_EQ(add(producer, 0), ErrorCode::ok);
  EXPECT_TRUE(coordinator_.verify(producer, 0).ok());
  EXPECT_EQ(coordinator_.verify(producer, 1).code(), ErrorCode::invalid_txn_state);
  ASSERT_EQ(end(producer, true), ErrorCode::ok);
  EXPECT_EQ(coordinator_.verify(producer, 0).code(), ErrorCode::concurrent_transactions);
  write_markers();
  EXPECT_EQ(coordinator_.verify(producer, 0).code(), ErrorCode::invalid_txn_state) << "a late write";
}

TEST_F(Coordinator, MarkerAnswerOfAnEarlierTransactionIsIgnored) {
  const auto producer = init();
  ASSERT_EQ(add(producer), ErrorCode::ok);
  ASSERT_EQ(end(producer, true), ErrorCode::ok);
  const uint64_t first = coordinator_.marker_of("t").number;
  write_markers();
  ASSERT_EQ(add(producer), ErrorCode::ok);
  ASSERT_EQ(end(producer, false), ErrorCode::ok);
  EXPECT_FALSE(coordinator_.marker_written("t", first, 0).has_value());
  EXPECT_EQ(state(), TransactionState::PrepareAbort);
}

TEST_F(Coordinator, WhatIsBeingWrittenHoldsUpEverybodyElse) {
  const auto producer = init();
  ASSERT_EQ(add(producer), ErrorCode::ok);
  coordinator_.set_pending("t", true);
  EXPECT_EQ(add(producer, 1), ErrorCode::concurrent_transactions);
  EXPECT_EQ(end(producer, true), ErrorCode::concurrent_transactions);
  EXPECT_EQ(coordinator_.init_producer_id("t", seconds(60)).status.code(), ErrorCode::concurrent_transactions);
  EXPECT_EQ(coordinator_.verify(producer, 0).code(), ErrorCode::concurrent_transactions);
  EXPECT_THAT(coordinator_.expired(seconds(1000)), IsEmpty());
}

TEST_F(Coordinator, LateAddPartitionsReopensTheIdUnderTheSameEpochAsKafkaDid) {
  const auto producer = init();
  ASSERT_EQ(add(producer), ErrorCode::ok);
  ASSERT_EQ(end(producer, true), ErrorCode::ok);
  write_markers();
  EXPECT_EQ(add(producer), ErrorCode::ok);
  EXPECT_EQ(coordinator_.find("t")->number, 2u) << "a transaction of its own";
}

TEST_F(Coordinator, TimeoutsOutsideTheAllowedRangeAreRefused) {
  EXPECT_EQ(coordinator_.init_producer_id("t", seconds(901)).status.code(), ErrorCode::invalid_transaction_timeout);
  EXPECT_EQ(coordinator_.init_producer_id("t", 0).status.code(), ErrorCode::invalid_transaction_timeout);
  EXPECT_THAT(coordinator_.ids(), IsEmpty());
}

// ---- V2 ------------------------------------------------------------------------------------------------------

TEST_F(CoordinatorV2, EveryEndRaisesTheEpochSoThatALateAddFindsTheIdClosed) {
  const auto producer = init();
  ASSERT_EQ(add(producer), ErrorCode::ok);
  const auto ended = apply(coordinator_.end(producer, true, kEndTxnV2));
  ASSERT_TRUE(ended.status.ok());
  EXPECT_EQ(ended.identity.epoch, producer.epoch + 1);
  EXPECT_EQ(coordinator_.marker_of("t").epoch, producer.epoch + 1) << "partitions refuse late writes from then on";
  write_markers();
  EXPECT_EQ(add(producer), ErrorCode::producer_fenced);
  EXPECT_EQ(add(ended.identity), ErrorCode::ok);
}

TEST_F(CoordinatorV2, DescriptionNamesTheWriterOfACommittedTransactionAndTheFencerOfALostOne) {
  const auto producer = init();
  ASSERT_EQ(add(producer), ErrorCode::ok);
  ASSERT_EQ(end(producer, true, kEndTxnV2), ErrorCode::ok);
  write_markers();
  EXPECT_EQ(coordinator_.describe("t").phase, env::TransactionPhase::committed);
  EXPECT_EQ(coordinator_.describe("t").producer, producer);
  const env::ProducerIdentity next{"t", producer.producer_id, 1};
  ASSERT_EQ(add(next), ErrorCode::ok);
  fence(true);
  EXPECT_EQ(coordinator_.describe("t").phase, env::TransactionPhase::aborting);
  EXPECT_GT(coordinator_.describe("t").producer.epoch, next.epoch);
}

TEST_F(CoordinatorV2, AbortOfNothingIsAcceptedAndRaisesTheEpoch) {
  const auto producer = init();
  EXPECT_EQ(end(producer, true, kEndTxnV2), ErrorCode::invalid_txn_state);
  EXPECT_EQ(end(producer, false, kEndTxnV2), ErrorCode::ok);
  write_markers();
  EXPECT_EQ(state(), TransactionState::CompleteAbort);
  EXPECT_EQ(add(producer), ErrorCode::producer_fenced);
}

TEST_F(CoordinatorOfFewEpochs, EpochsThatAreUsedUpChangeTheProducerId) {
  auto producer = init();
  const uint64_t first_id = producer.producer_id;
  std::vector<env::ProducerIdentity> ended;
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(add(producer), ErrorCode::ok) << i;
    ended.push_back(producer);
    const auto decision = apply(coordinator_.end(producer, true, kEndTxnV2));
    ASSERT_TRUE(decision.status.ok());
    write_markers();
    EXPECT_EQ(end(producer, true, kEndTxnV2), ErrorCode::ok) << "repeated, also across the rotation";
    EXPECT_EQ(end(producer, false, kEndTxnV2), ErrorCode::invalid_txn_state);
    producer = decision.identity;
  }
  EXPECT_EQ(ended[2].epoch, 2);
  EXPECT_EQ(ended[2].producer_id, first_id);
  EXPECT_NE(ended[3].producer_id, first_id);
  EXPECT_EQ(ended[3].epoch, 0);
  EXPECT_EQ(add(ended[2]), ErrorCode::invalid_producer_id_mapping);
}

TEST_F(CoordinatorOfFewEpochs, InitialisingRotatesAsWell) {
  const auto first = init();
  init();
  const auto last = init();
  EXPECT_EQ(last.epoch, 2);
  const auto rotated = init();
  EXPECT_EQ(rotated.epoch, 0);
  EXPECT_NE(rotated.producer_id, first.producer_id);
}

// ---- what a real broker answered (Kafka 4.3.1, transaction.version 2, a classic writer) ----------------------

struct TableRow {
  const char* situation;
  int ended_by;  // version of the EndTxn that decided it; 0: none
  int repeated_by;
  bool commit;
  ErrorCode answer;
};
class EndTxnTable : public CoordinatorV2, public ::testing::WithParamInterface<TableRow> {};

TEST_P(EndTxnTable, AnswersAsMeasured) {
  const TableRow& row = GetParam();
  const std::string situation = row.situation;
  const auto producer = init();
  if (situation != "empty") {
    ASSERT_EQ(apply(coordinator_.add_partitions(producer, {0}, TransactionVersion::classic, 0)).status.code(),
              ErrorCode::ok);
  }
  if (situation == "timed out") fence(true);
  if (situation == "initialised first") init();
  if (row.ended_by != 0) {
    ASSERT_EQ(end(producer, true, row.ended_by), ErrorCode::ok);
  }
  if (situation != "empty" && situation != "committing") write_markers();
  if (situation == "initialised first" || situation == "then initialised") init();
  EXPECT_EQ(end(producer, row.commit, row.repeated_by), row.answer) << row.situation;
}

INSTANTIATE_TEST_SUITE_P(
    , EndTxnTable,
    ::testing::Values(
        TableRow{"repeated", 1, 1, true, ErrorCode::ok}, TableRow{"repeated", 3, 3, true, ErrorCode::ok},
        TableRow{"repeated", 5, 5, true, ErrorCode::ok},
        TableRow{"repeated by another", 3, 5, true, ErrorCode::invalid_txn_state},
        TableRow{"repeated by another", 5, 1, true, ErrorCode::invalid_producer_epoch},
        TableRow{"repeated by another", 5, 3, true, ErrorCode::producer_fenced},
        TableRow{"abort after commit", 1, 1, false, ErrorCode::invalid_txn_state},
        TableRow{"abort after commit", 3, 3, false, ErrorCode::invalid_txn_state},
        TableRow{"abort after commit", 5, 5, false, ErrorCode::invalid_txn_state},
        TableRow{"timed out", 0, 1, true, ErrorCode::invalid_producer_epoch},
        TableRow{"timed out", 0, 3, true, ErrorCode::producer_fenced},
        TableRow{"timed out", 0, 5, true, ErrorCode::invalid_txn_state},
        TableRow{"initialised first", 0, 1, true, ErrorCode::invalid_producer_epoch},
        TableRow{"initialised first", 0, 3, true, ErrorCode::producer_fenced},
        TableRow{"initialised first", 0, 5, true, ErrorCode::producer_fenced},
        TableRow{"then initialised", 1, 1, true, ErrorCode::invalid_producer_epoch},
        TableRow{"then initialised", 3, 3, true, ErrorCode::producer_fenced},
        TableRow{"then initialised", 5, 5, true, ErrorCode::producer_fenced},
        TableRow{"empty", 0, 3, true, ErrorCode::invalid_txn_state},
        TableRow{"committing", 3, 3, true, ErrorCode::concurrent_transactions},
        TableRow{"committing", 5, 5, true, ErrorCode::concurrent_transactions},
        TableRow{"committing", 5, 5, false, ErrorCode::invalid_txn_state}));

}  // namespace
}  // namespace onceproof::simulator::log
