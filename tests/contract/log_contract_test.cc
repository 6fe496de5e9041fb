// SPDX-License-Identifier: Apache-2.0
// The contract of env::Log: what Kafka's transactional log promises. Every implementation runs the same suite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log_contract.h"
#include "tests/support/simulated_log.h"

namespace onceproof {
namespace {
using env::Isolation;
using test::LogContract;
using test::LogFault;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

INSTANTIATE_TEST_SUITE_P(, LogContract, ::testing::ValuesIn(test::simulated_logs()),
                         [](const auto& implementation) { return implementation.param.name; });

TEST_P(LogContract, FreshTransactionalIdStartsAtEpochZeroAndEveryInitRaisesIt) {
  start();
  const auto first = calls().init(0, "t");
  const auto second = calls().init(1, "t");
  EXPECT_EQ(first.epoch, 0);
  EXPECT_EQ(second.epoch, 1);
  EXPECT_EQ(first.producer_id, second.producer_id);
  EXPECT_NE(calls().init(0, "u").producer_id, first.producer_id);
}

TEST_P(LogContract, FencedProducerCanNeitherAppendNorCommitNorAbort) {
  start();
  const auto zombie = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, zombie, 0, {"lost"}), ErrorCode::ok);
  const auto owner = calls().init(1, "t");
  ASSERT_EQ(calls().append(1, owner, 0, {"kept"}), ErrorCode::ok);
  EXPECT_THAT(calls().append(0, zombie, 0, {"late"}),
              AnyOf(ErrorCode::producer_fenced, ErrorCode::invalid_producer_epoch));
  EXPECT_THAT(calls().append(0, zombie, 1, {"late"}),
              AnyOf(ErrorCode::producer_fenced, ErrorCode::invalid_producer_epoch));
  EXPECT_EQ(calls().commit(2, zombie), ErrorCode::producer_fenced);
  EXPECT_EQ(calls().abort(2, zombie), ErrorCode::producer_fenced);
  EXPECT_EQ(calls().commit(1, owner), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(0));
  EXPECT_THAT(calls().read(0), ElementsAre("kept"));
}

TEST_P(LogContract, CommittedRecordsBecomeVisibleToReadCommittedReadersOnlyThen) {
  start();
  const auto producer = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, producer, 0, {"a", "b"}), ErrorCode::ok);
  EXPECT_THAT(calls().read(0), IsEmpty());
  EXPECT_THAT(calls().read(0, Isolation::read_uncommitted), ElementsAre("a", "b"));
  ASSERT_EQ(calls().commit(0, producer), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(0));
  EXPECT_THAT(calls().read(0), ElementsAre("a", "b"));
}

TEST_P(LogContract, AbortedRecordsAreHiddenFromReadCommittedReadersAndSeenByTheOthers) {
  start();
  const auto producer = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  ASSERT_EQ(calls().abort(0, producer), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(0));
  ASSERT_EQ(calls().append(0, producer, 0, {"b"}), ErrorCode::ok);
  ASSERT_EQ(calls().commit(0, producer), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(0));
  EXPECT_THAT(calls().read(0), ElementsAre("b"));
  EXPECT_THAT(calls().read(0, Isolation::read_uncommitted), ElementsAre("a", "b"));
}

TEST_P(LogContract, OpenTransactionHidesWhatOthersCommittedBehindIt) {
  start();
  const auto slow = calls().init(0, "slow");
  const auto fast = calls().init(1, "fast");
  const auto plain = calls().init(2, "");
  ASSERT_EQ(calls().append(2, plain, 0, {"before"}), ErrorCode::ok);
  ASSERT_EQ(calls().append(0, slow, 0, {"slow"}), ErrorCode::ok);
  ASSERT_EQ(calls().append(1, fast, 0, {"fast"}), ErrorCode::ok);
  ASSERT_EQ(calls().append(2, plain, 0, {"plain"}), ErrorCode::ok);
  ASSERT_EQ(calls().commit(1, fast), ErrorCode::ok);
  log().advance(seconds(2));
  EXPECT_EQ(calls().end(0, Isolation::read_committed), 1);
  EXPECT_THAT(calls().read(0), ElementsAre("before"));
  ASSERT_EQ(calls().abort(0, slow), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(0));
  EXPECT_THAT(calls().read(0), ElementsAre("before", "fast", "plain"));
}

TEST_P(LogContract, RepeatingTheSameOutcomeIsOk) {
  start();
  const auto producer = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  EXPECT_EQ(calls().commit(0, producer), ErrorCode::ok);
  EXPECT_EQ(calls().commit(1, producer), ErrorCode::ok);
  const auto other = calls().init(0, "u");
  ASSERT_EQ(calls().append(0, other, 0, {"b"}), ErrorCode::ok);
  EXPECT_EQ(calls().abort(0, other), ErrorCode::ok);
  EXPECT_EQ(calls().abort(1, other), ErrorCode::ok);
}

TEST_P(LogContract, OppositeOutcomeIsRefused) {
  start();
  const auto producer = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  ASSERT_EQ(calls().commit(0, producer), ErrorCode::ok);
  EXPECT_EQ(calls().abort(0, producer), ErrorCode::invalid_txn_state);
  const auto other = calls().init(0, "u");
  ASSERT_EQ(calls().append(0, other, 0, {"b"}), ErrorCode::ok);
  ASSERT_EQ(calls().abort(0, other), ErrorCode::ok);
  EXPECT_EQ(calls().commit(0, other), ErrorCode::invalid_txn_state);
  ASSERT_TRUE(calls().settled(0));
  EXPECT_THAT(calls().read(0), ElementsAre("a"));
}

TEST_P(LogContract, TransactionWithoutRecordsCannotBeCommitted) {
  start();
  const auto producer = calls().init(0, "t");
  EXPECT_EQ(calls().commit(0, producer), ErrorCode::invalid_txn_state);
  EXPECT_EQ(calls().abort(0, producer), log().transactions_v2() ? ErrorCode::ok : ErrorCode::invalid_txn_state);
}

TEST_P(LogContract, UnknownProducerCannotCommit) {
  start();
  EXPECT_EQ(calls().commit(0, {"never", 99, 0}), ErrorCode::invalid_producer_id_mapping);
  const auto producer = calls().init(0, "t");
  EXPECT_EQ(calls().commit(0, {"t", producer.producer_id + 1000, 0}), ErrorCode::invalid_producer_id_mapping);
}

TEST_P(LogContract, InitAbortsAnOngoingTransactionBeforeItAnswers) {
  start();
  const auto first = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, first, 0, {"a"}), ErrorCode::ok);
  const auto second = calls().init(1, "t");
  EXPECT_GT(second.epoch, first.epoch);
  EXPECT_EQ(calls().end(0, Isolation::read_committed), calls().end(0, Isolation::read_uncommitted));
  EXPECT_THAT(calls().read(0), IsEmpty());
  EXPECT_THAT(calls().read(0, Isolation::read_uncommitted), ElementsAre("a"));
}

TEST_P(LogContract, InitDoesNotUndoAnEarlierCommit) {
  start();
  const auto first = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, first, 0, {"a"}), ErrorCode::ok);
  ASSERT_EQ(calls().commit(0, first), ErrorCode::ok);
  calls().init(1, "t");
  ASSERT_TRUE(calls().settled(0));
  EXPECT_THAT(calls().read(0), ElementsAre("a"));
}

TEST_P(LogContract, TransactionBeyondItsTimeoutIsAbortedAndItsProducerFenced) {
  start();
  const auto producer = calls().init(0, "t", seconds(5));
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  log().advance(seconds(5) + log().expiry_slack());
  EXPECT_EQ(calls().end(0, Isolation::read_committed), calls().end(0, Isolation::read_uncommitted));
  EXPECT_EQ(calls().commit(1, producer), timed_out());
  EXPECT_THAT(calls().append(0, producer, 0, {"b"}),
              AnyOf(ErrorCode::producer_fenced, ErrorCode::invalid_producer_epoch));
  EXPECT_THAT(calls().read(0), IsEmpty());
}

TEST_P(LogContract, TimeoutCountsFromTheFirstRecordAndLaterOnesDoNotExtendIt) {
  start();
  const auto producer = calls().init(0, "t", seconds(30));
  log().advance(seconds(40));
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  log().advance(seconds(15));
  ASSERT_EQ(calls().append(0, producer, 0, {"b"}), ErrorCode::ok) << "not timed out yet";
  log().advance(seconds(15) + log().expiry_slack());
  EXPECT_EQ(calls().commit(0, producer), timed_out());
}

TEST_P(LogContract, TransactionTimeoutAboveTheMaximumIsRefused) {
  start();
  EXPECT_EQ(calls().try_init(0, "t", log().max_transaction_timeout() + seconds(1)).code(),
            ErrorCode::invalid_transaction_timeout);
  EXPECT_TRUE(calls().try_init(0, "t", log().max_transaction_timeout()).ok());
}

TEST_P(LogContract, BatchesOfOnePartitionKeepTheOrderOfTheCalls) {
  start();
  const auto producer = calls().init(0, "t");
  int done = 0;
  for (const char* value : {"a", "b", "c", "d"}) {
    log().client(0).append(producer, {"out", 0}, test::batch_of({value}), env::Acks::all,
                           [&done](const Status& status) {
                             EXPECT_TRUE(status.ok());
                             ++done;
                           });
  }
  EXPECT_EQ(calls().commit(0, producer), ErrorCode::ok) << "a commit waits for the batches before it";
  EXPECT_EQ(done, 4);
  ASSERT_TRUE(calls().settled(0));
  EXPECT_THAT(calls().read(0), ElementsAre("a", "b", "c", "d"));
}

TEST_P(LogContract, AnotherClientMayCommitOrAbortByIdentityAlone) {
  start();
  const auto producer = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  EXPECT_EQ(calls().commit(1, producer), ErrorCode::ok);
  const auto other = calls().init(0, "u");
  ASSERT_EQ(calls().append(0, other, 0, {"b"}), ErrorCode::ok);
  EXPECT_EQ(calls().abort(2, other), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(0));
  EXPECT_THAT(calls().read(0), ElementsAre("a"));
}

TEST_P(LogContract, ReadPositionMovesBeyondAbortedRecordsAndMarkers) {
  start();
  const auto producer = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, producer, 0, {"a", "b"}), ErrorCode::ok);
  ASSERT_EQ(calls().abort(0, producer), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(0));
  const auto result = calls().fetch(3, 0, 0, Isolation::read_committed);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().batch.count, 0u);
  EXPECT_EQ(result.value().next_offset, 3) << "two aborted records and a marker";
  EXPECT_EQ(result.value().last_stable_offset, 3);
  EXPECT_EQ(result.value().high_watermark, 3);
}

TEST_P(LogContract, RecordsCarryTheirOffsetsAndReadingStartsInsideABatch) {
  start();
  const auto producer = calls().init(0, "");
  ASSERT_EQ(calls().append(0, producer, 0, {"a", "b", "c"}), ErrorCode::ok);
  const auto result = calls().fetch(3, 0, 1, Isolation::read_committed);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(test::values_of(result.value().batch), ElementsAre("b", "c"));
  ByteView bytes = result.value().batch.records;
  env::LogRecord record;
  ASSERT_TRUE(env::next_log_record(bytes, record));
  EXPECT_EQ(record.offset, 1);
  EXPECT_EQ(calls().fetch(3, 0, 17, Isolation::read_committed).code(), ErrorCode::offset_out_of_range);
}

TEST_P(LogContract, UnknownPartitionIsAnError) {
  start();
  EXPECT_EQ(calls().fetch(3, 99, 0, Isolation::read_committed).code(), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(calls().append(0, calls().init(0, "t"), 99, {"a"}), ErrorCode::unknown_topic_or_partition);
}

TEST_P(LogContract, LongPollWakesWhenARecordArrives) {
  start();
  const auto producer = calls().init(0, "");
  std::optional<TimeUs> woken;
  log().client(3).fetch({"out", 0}, 0, Isolation::read_committed, 1 << 20, seconds(20),
                        [&](Result<env::FetchResult> result) {
                          ASSERT_TRUE(result.ok());
                          EXPECT_THAT(test::values_of(result.value().batch), ElementsAre("a"));
                          woken = log().now();
                        });
  log().advance(seconds(5));
  EXPECT_FALSE(woken);
  const TimeUs before_us = log().now();
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  ASSERT_TRUE(log().run_until([&] { return woken.has_value(); }, seconds(1)));
  EXPECT_LT(*woken, before_us + seconds(1));
}

TEST_P(LogContract, LongPollOfAReadCommittedReaderWakesAtTheCommitNotAtTheAppend) {
  start();
  const auto producer = calls().init(0, "t");
  bool woken = false;
  log().client(3).fetch({"out", 0}, 0, Isolation::read_committed, 1 << 20, seconds(20),
                        [&](Result<env::FetchResult> result) {
                          ASSERT_TRUE(result.ok());
                          EXPECT_THAT(test::values_of(result.value().batch), ElementsAre("a"));
                          woken = true;
                        });
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  log().advance(seconds(1));
  EXPECT_FALSE(woken);
  ASSERT_EQ(calls().commit(0, producer), ErrorCode::ok);
  EXPECT_TRUE(log().run_until([&] { return woken; }, seconds(1)));
}

TEST_P(LogContract, LongPollWithoutRecordsAnswersEmptyWhenItsTimeIsOver) {
  start();
  const TimeUs before_us = log().now();
  const auto result = calls().fetch(3, 0, 0, Isolation::read_committed, seconds(4));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().batch.count, 0u);
  EXPECT_EQ(result.value().next_offset, 0);
  EXPECT_GE(log().now(), before_us + seconds(4));
}

TEST_P(LogContract, LaterMemberOfAnInstanceFencesTheEarlierOne) {
  start();
  const auto join = [&](int client, const std::string& instance) {
    return calls().wait<uint64_t>([&](auto reply) { log().client(client).join_group("g", instance, reply); }).take();
  };
  const auto commit = [&](int client, const std::string& instance, uint64_t member, int64_t offset) {
    return calls().wait_done([&](auto done) {
      log().client(client).commit_offset("g", instance, member, {"out", 0}, offset, done);
    });
  };
  const auto committed = [&] {
    return calls()
        .wait<std::optional<int64_t>>([&](auto reply) {
          log().client(2).committed_offset("g", {"out", 0}, reply);
        })
        .take();
  };
  const uint64_t old_member = join(0, "i");
  EXPECT_EQ(committed(), std::nullopt);
  EXPECT_EQ(commit(0, "i", old_member, 5), ErrorCode::ok);
  const uint64_t new_member = join(1, "i");
  EXPECT_EQ(commit(0, "i", old_member, 9), ErrorCode::fenced_instance_id);
  EXPECT_EQ(committed(), 5);
  EXPECT_EQ(commit(1, "i", new_member, 7), ErrorCode::ok);
  EXPECT_EQ(committed(), 7);
  const uint64_t other = join(0, "j");
  EXPECT_EQ(commit(0, "j", other, 8), ErrorCode::ok) << "another instance fences nobody";
  EXPECT_EQ(commit(1, "i", new_member, 9), ErrorCode::ok);
}

TEST_P(LogContract, FireAndForgetIsDoneAtOnceAndUsuallyArrives) {
  start();
  const auto producer = calls().init(0, "");
  const TimeUs before_us = log().now();
  EXPECT_EQ(calls().wait_done([&](auto done) {
    log().client(0).append(producer, {"out", 0}, test::batch_of({"a"}), env::Acks::none, done);
  }),
            ErrorCode::ok);
  EXPECT_LT(log().now(), before_us + 100) << "nobody was waited for";
  log().advance(seconds(1));
  EXPECT_THAT(calls().read(0), ElementsAre("a"));
}

TEST_P(LogContract, TransactionOverPartitionsOfTwoBrokersIsAtomic) {
  start();
  const auto producer = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, producer, 0, {"a"}), ErrorCode::ok);
  ASSERT_EQ(calls().append(0, producer, 1, {"b"}), ErrorCode::ok);
  ASSERT_EQ(calls().commit(0, producer), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(0) && calls().settled(1));
  const auto next = calls().init(0, "t");
  ASSERT_EQ(calls().append(0, next, 0, {"c"}), ErrorCode::ok);
  ASSERT_EQ(calls().append(0, next, 1, {"d"}), ErrorCode::ok);
  ASSERT_EQ(calls().abort(0, next), ErrorCode::ok);
  ASSERT_TRUE(calls().settled(0) && calls().settled(1));
  EXPECT_THAT(calls().read(0), ElementsAre("a"));
  EXPECT_THAT(calls().read(1), ElementsAre("b"));
}

}  // namespace
}  // namespace onceproof
