// SPDX-License-Identifier: Apache-2.0
// PartitionLog, SourceTopic: what lies on a broker's disk, without brokers.
#include "simulator/log/partition_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/log/source_topic.h"
#include "tests/support/log_calls.h"

namespace onceproof::simulator::log {
namespace {

using env::Isolation;
using test::batch_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> read(const PartitionLog& log, Isolation isolation, int64_t offset = 0,
                              uint32_t max_bytes = 1 << 20) {
  env::RecordBatch batch;
  const auto result = log.read(offset, isolation, max_bytes, batch.records);
  EXPECT_TRUE(result.ok());
  batch.count = result.value().count;
  return test::values_of(batch);
}

ErrorCode append(PartitionLog& log, uint64_t producer, uint16_t epoch, int32_t sequence,
                 const std::vector<std::string>& values, bool transactional = true) {
  const env::RecordBatch batch = batch_of(values);
  const auto appended = log.append({producer, epoch, sequence, transactional}, batch.count, batch.records, 0);
  log.advance_high_watermark(log.end_offset());
  return appended.code();
}

// True when it was written now, false when an earlier delivery had done it.
Result<bool> mark(PartitionLog& log, const Marker& marker) {
  const int64_t before = log.end_offset();
  const auto written = log.append_marker(marker, 0, 0);
  if (!written.ok()) return written.error();
  log.advance_high_watermark(log.end_offset());
  return log.end_offset() > before;
}

Marker marker(uint64_t producer, uint16_t epoch, uint64_t number, bool commit) {
  return {"t", producer, epoch, number, commit};
}

TEST(PartitionLog, LastStableOffsetIsTheFirstOffsetOfTheEarliestOpenTransaction) {
  PartitionLog log;
  ASSERT_EQ(append(log, 0, 0, kNoSequence, {"plain"}, false), ErrorCode::ok);
  EXPECT_EQ(log.last_stable_offset(), 1);
  ASSERT_EQ(append(log, 1, 0, 0, {"a", "b"}), ErrorCode::ok);
  ASSERT_EQ(append(log, 2, 0, 0, {"c"}), ErrorCode::ok);
  EXPECT_EQ(log.last_stable_offset(), 1);
  EXPECT_EQ(log.high_watermark(), 4);
  ASSERT_TRUE(mark(log, marker(1, 0, 1, true)).value());
  EXPECT_EQ(log.last_stable_offset(), 3);
  ASSERT_TRUE(mark(log, marker(2, 0, 1, false)).value());
  EXPECT_EQ(log.last_stable_offset(), log.high_watermark());
  EXPECT_EQ(log.high_watermark(), 6) << "markers occupy offsets";
  EXPECT_THAT(read(log, Isolation::read_committed), ElementsAre("plain", "a", "b"));
  EXPECT_THAT(read(log, Isolation::read_uncommitted), ElementsAre("plain", "a", "b", "c"));
}

TEST(PartitionLog, AbortOfOneTransactionDoesNotHideTheNextOneOfTheSameProducer) {
  PartitionLog log;
  ASSERT_EQ(append(log, 1, 0, 0, {"aborted"}), ErrorCode::ok);
  ASSERT_TRUE(mark(log, marker(1, 0, 1, false)).value());
  ASSERT_EQ(append(log, 1, 0, 1, {"committed"}), ErrorCode::ok);
  ASSERT_TRUE(mark(log, marker(1, 0, 2, true)).value());
  EXPECT_THAT(read(log, Isolation::read_committed), ElementsAre("committed"));
}

TEST(PartitionLog, AbortMarkerWithoutRecordsHidesNothing) {
  PartitionLog log;
  ASSERT_TRUE(mark(log, marker(1, 0, 1, false)).value());
  ASSERT_EQ(append(log, 1, 0, 0, {"committed"}), ErrorCode::ok);
  ASSERT_TRUE(mark(log, marker(1, 0, 2, true)).value());
  EXPECT_THAT(read(log, Isolation::read_committed), ElementsAre("committed"));
}

TEST(PartitionLog, RetriedBatchIsAcceptedAndNotAppendedAgain) {
  PartitionLog log;
  for (int32_t sequence = 0; sequence < 4; ++sequence)
    ASSERT_EQ(append(log, 1, 0, sequence, {"x"}, false), ErrorCode::ok);
  EXPECT_EQ(append(log, 1, 0, 1, {"x"}, false), ErrorCode::ok);
  EXPECT_EQ(log.high_watermark(), 4);
}

TEST(PartitionLog, OnlyTheLastFiveBatchesAreRecognisedAsRetries) {
  PartitionLog log;
  for (int32_t sequence = 0; sequence < 6; ++sequence)
    ASSERT_EQ(append(log, 1, 0, sequence, {"x"}, false), ErrorCode::ok);
  EXPECT_EQ(append(log, 1, 0, 1, {"x"}, false), ErrorCode::ok);
  EXPECT_EQ(append(log, 1, 0, 0, {"x"}, false), ErrorCode::out_of_order_sequence);
}

TEST(PartitionLog, GapInTheSequenceIsRefused) {
  PartitionLog log;
  ASSERT_EQ(append(log, 1, 0, 0, {"a", "b"}, false), ErrorCode::ok);
  EXPECT_EQ(append(log, 1, 0, 3, {"d"}, false), ErrorCode::out_of_order_sequence);
  EXPECT_EQ(append(log, 1, 0, 2, {"c"}, false), ErrorCode::ok);
  EXPECT_EQ(append(log, 1, 1, 3, {"d"}, false), ErrorCode::out_of_order_sequence) << "a new epoch starts at zero";
  EXPECT_EQ(append(log, 1, 1, 0, {"d"}, false), ErrorCode::ok);
}

TEST(PartitionLog, LowerEpochIsRefusedAlsoWhenOnlyAMarkerRaisedIt) {
  PartitionLog log;
  ASSERT_EQ(append(log, 1, 3, 0, {"a"}), ErrorCode::ok);
  ASSERT_TRUE(mark(log, marker(1, 4, 1, false)).value());
  EXPECT_EQ(append(log, 1, 3, 1, {"late"}), ErrorCode::invalid_producer_epoch);
  EXPECT_EQ(mark(log, marker(1, 3, 2, true)).code(), ErrorCode::invalid_producer_epoch);
  EXPECT_EQ(append(log, 1, 5, 0, {"b"}), ErrorCode::ok);
}

TEST(PartitionLog, MarkerThatIsDeliveredTwiceDoesNotEndTheNextTransaction) {
  PartitionLog log;
  ASSERT_EQ(append(log, 1, 0, 0, {"a"}), ErrorCode::ok);
  ASSERT_TRUE(mark(log, marker(1, 0, 1, true)).value());
  ASSERT_EQ(append(log, 1, 0, 1, {"b"}), ErrorCode::ok);
  EXPECT_FALSE(mark(log, marker(1, 0, 1, true)).value());
  EXPECT_THAT(read(log, Isolation::read_committed), ElementsAre("a"));
}

TEST(PartitionLog, BatchWhoseBytesAndCountDisagreeIsRefused) {
  PartitionLog log;
  env::RecordBatch batch = batch_of({"a", "b"});
  batch.count = 3;
  EXPECT_EQ(log.append({}, batch.count, batch.records, 0).code(), ErrorCode::corrupt);
  batch.count = 2;
  batch.records.pop_back();
  EXPECT_EQ(log.append({}, batch.count, batch.records, 0).code(), ErrorCode::corrupt);
  EXPECT_EQ(log.append({}, 0, {}, 0).code(), ErrorCode::corrupt);
  EXPECT_EQ(log.high_watermark(), 0);
}

TEST(PartitionLog, ReadReturnsAtLeastOneBatchAndThenStaysWithinItsBytes) {
  PartitionLog log;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(append(log, 0, 0, kNoSequence, {"value"}, false), ErrorCode::ok);
  EXPECT_THAT(read(log, Isolation::read_committed, 0, 1), ElementsAre("value"));
  EXPECT_THAT(read(log, Isolation::read_committed, 0, 2 * (env::kLogRecordHeader + 5)), ElementsAre("value", "value"));
}

TEST(PartitionLog, SeededBugsDoWhatTheySay) {
  SeededBugs no_sequence_check;
  no_sequence_check.add(SeededBug::no_sequence_check);
  PartitionLog repeating(no_sequence_check);
  ASSERT_EQ(append(repeating, 1, 0, 0, {"a"}, false), ErrorCode::ok);
  ASSERT_EQ(append(repeating, 1, 0, 0, {"a"}, false), ErrorCode::ok);
  EXPECT_EQ(repeating.high_watermark(), 2);

  SeededBugs expose_unstable;
  expose_unstable.add(SeededBug::expose_unstable);
  PartitionLog exposing(expose_unstable);
  ASSERT_EQ(append(exposing, 1, 0, 0, {"open"}), ErrorCode::ok);
  EXPECT_THAT(read(exposing, Isolation::read_committed), ElementsAre("open"));

  SeededBugs no_fencing;
  no_fencing.add(SeededBug::no_fencing);
  PartitionLog trusting(no_fencing);
  ASSERT_EQ(append(trusting, 1, 4, 0, {"owner"}), ErrorCode::ok);
  ASSERT_EQ(append(trusting, 1, 3, 7, {"zombie"}), ErrorCode::ok);
  ASSERT_TRUE(mark(trusting, marker(1, 4, 1, true)).value());
  EXPECT_THAT(read(trusting, Isolation::read_committed), ElementsAre("owner", "zombie"));
}

TEST(SourceTopic, RecordIsVisibleFromItsTimestampOn) {
  const auto topic = make_source_topic("in", {{{100, "a"}, {200, "b"}, {200, "c"}}, {}});
  const SourcePartition& partition = topic->partitions()[0];
  EXPECT_EQ(partition.end(), 3);
  EXPECT_EQ(partition.visible_end(99), 0);
  EXPECT_EQ(partition.visible_end(100), 1);
  EXPECT_EQ(partition.visible_end(200), 3);
  EXPECT_EQ(partition.visible_us(1), 200);
  EXPECT_EQ(topic->partitions()[1].end(), 0);
}

TEST(SourceTopic, ARecordAppearsWhenItWasSentWhateverItsTimestamp) {
  const auto topic = make_source_topic("in", {{{500, "a", {}, 0}, {100, "b", {}, 150}, {900, "c", {}, 210}}}, 100);
  const SourcePartition& partition = topic->partitions()[0];
  EXPECT_EQ(partition.visible_end(0), 1);
  EXPECT_EQ(partition.visible_end(199), 1);
  EXPECT_EQ(partition.visible_end(200), 2);
  EXPECT_EQ(partition.visible_end(300), 3);
}

TEST(SourceTopic, LingerDelaysVisibilityToTheNextMultiple) {
  const auto topic = make_source_topic("in", {{{0, "a"}, {1, "b"}, {100, "c"}, {101, "d"}}}, 100);
  const SourcePartition& partition = topic->partitions()[0];
  EXPECT_EQ(partition.visible_end(0), 1);
  EXPECT_EQ(partition.visible_end(99), 1);
  EXPECT_EQ(partition.visible_end(100), 3);
  EXPECT_EQ(partition.visible_end(200), 4);
}

TEST(SourceTopic, RangeIsOneRunOfStoredRecords) {
  const auto topic = make_source_topic("in", {{{0, "a"}, {0, "bb"}, {0, "ccc", "key"}}});
  const SourcePartition& partition = topic->partitions()[0];
  const auto two = partition.range(0, 3, 2 * env::kLogRecordHeader + 3);
  EXPECT_EQ(two.count, 2u);
  EXPECT_EQ(partition.range(0, 3, 1).count, 1u) << "at least one";
  EXPECT_EQ(partition.range(0, 1, 1000).count, 1u) << "not beyond the limit";
  auto rest = partition.range(1, 3, 1000);
  env::LogRecord record;
  ASSERT_TRUE(env::next_log_record(rest.bytes, record));
  EXPECT_EQ(record.offset, 1);
  EXPECT_EQ(record.value, "bb");
  ASSERT_TRUE(env::next_log_record(rest.bytes, record));
  EXPECT_EQ(record.key, "key");
  EXPECT_TRUE(rest.bytes.empty());
}

// ---- copies --------------------------------------------------------------------------------------------------

// What the leader has beyond the follower's end.
void follow(PartitionLog& follower, const PartitionLog& leader, uint32_t max_bytes = 1 << 20) {
  ASSERT_TRUE(follower.append_replicated(leader.batches_from(follower.end_offset(), max_bytes)));
}

TEST(PartitionLog, CopyIsAFunctionOfItsBatches) {
  PartitionLog leader;
  leader.begin_epoch(3);
  ASSERT_EQ(append(leader, 1, 0, 0, {"a", "b"}), ErrorCode::ok);
  ASSERT_EQ(append(leader, 2, 0, 0, {"c"}), ErrorCode::ok);
  ASSERT_TRUE(mark(leader, marker(1, 0, 1, false)).value());
  ASSERT_EQ(append(leader, 1, 0, 2, {"d"}), ErrorCode::ok);
  PartitionLog copy;
  while (copy.end_offset() < leader.end_offset()) follow(copy, leader, 1);
  copy.advance_high_watermark(leader.high_watermark());
  EXPECT_EQ(copy.last_stable_offset(), leader.last_stable_offset());
  EXPECT_THAT(read(copy, Isolation::read_uncommitted), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(append(copy, 1, 0, 2, {"d"}), ErrorCode::ok) << "the batch is known here too";
  EXPECT_EQ(copy.end_offset(), leader.end_offset());
  EXPECT_EQ(append(copy, 1, 0, 5, {"gap"}), ErrorCode::out_of_order_sequence);
  EXPECT_FALSE(mark(copy, marker(1, 0, 1, false)).value()) << "and so is the marker";
  EXPECT_FALSE(copy.append_replicated(leader.batches_from(1, 1))) << "what does not continue the copy is refused";
}

// It led for a while and wrote nothing; the next leader has records of an older epoch, and they begin where its own would
// have. Taken for its own epoch's, they would be cut off again although they are committed.
TEST(PartitionLog, AnEpochInWhichNothingWasWrittenIsForgottenWhenOlderRecordsFollow) {
  PartitionLog leader;
  const env::RecordBatch batch = batch_of({"a"});
  ASSERT_TRUE(leader.append({1, 0, 0, true, 0}, batch.count, batch.records, 0).ok());
  PartitionLog follower;
  follower.begin_epoch(1);
  EXPECT_EQ(follower.last_epoch(), 1u);
  follow(follower, leader);
  EXPECT_EQ(follower.last_epoch(), 0u);
  EXPECT_EQ(follower.end_of_epoch(0).end_offset, 1);
}

TEST(PartitionLog, ReadersSeeNothingAboveTheHighWatermark) {
  PartitionLog log;
  const env::RecordBatch batch = batch_of({"a"});
  ASSERT_TRUE(log.append({}, batch.count, batch.records, 0).ok());
  EXPECT_THAT(read(log, Isolation::read_uncommitted), IsEmpty());
  log.advance_high_watermark(1);
  EXPECT_THAT(read(log, Isolation::read_uncommitted), ElementsAre("a"));
}

TEST(PartitionLog, TransactionIsStableOnlyWhenItsMarkerIsReplicated) {
  PartitionLog log;
  ASSERT_EQ(append(log, 1, 0, 0, {"a"}), ErrorCode::ok);
  ASSERT_TRUE(log.append_marker(marker(1, 0, 1, true), 0, 0).ok());
  EXPECT_EQ(log.last_stable_offset(), 0) << "the decision may be lost with this copy";
  log.advance_high_watermark(2);
  EXPECT_EQ(log.last_stable_offset(), 2);
}

TEST(PartitionLog, TruncationForgetsProducersAndTransactionsOfWhatIsCut) {
  PartitionLog log;
  log.begin_epoch(1);
  const env::RecordBatch first = batch_of({"a"});
  ASSERT_TRUE(log.append({1, 0, 0, true, 1}, first.count, first.records, 0).ok());
  const env::RecordBatch batch = batch_of({"b"});
  ASSERT_TRUE(log.append({1, 0, 1, true, 2}, batch.count, batch.records, 0).ok());
  ASSERT_TRUE(log.append_marker(marker(1, 0, 1, true), 2, 0).ok());
  EXPECT_EQ(log.end_of_epoch(0).end_offset, 0) << "of an epoch before all others";
  EXPECT_EQ(log.end_of_epoch(1).end_offset, 1);
  EXPECT_EQ(log.end_of_epoch(7).end_offset, 3);
  log.truncate(1);
  EXPECT_EQ(log.end_offset(), 1);
  EXPECT_EQ(log.last_epoch(), 1u);
  EXPECT_EQ(log.last_stable_offset(), 0) << "the transaction is open again";
  EXPECT_EQ(append(log, 1, 0, 1, {"b"}), ErrorCode::ok) << "the sequence is free again";
  EXPECT_TRUE(mark(log, marker(1, 0, 1, true)).value());
  EXPECT_THAT(read(log, Isolation::read_committed), ElementsAre("a", "b"));
}

TEST(PartitionLog, LaterBatchOfAnUnknownProducerDoesNotGetInFirst) {
  PartitionLog log;
  EXPECT_EQ(append(log, 1, 0, 1, {"b"}, false), ErrorCode::out_of_order_sequence);
  EXPECT_EQ(append(log, 1, 0, 0, {"a"}, false), ErrorCode::ok);
  EXPECT_EQ(append(log, 1, 0, 1, {"b"}, false), ErrorCode::ok);
}

TEST(PartitionLog, MarkerOfAnEarlierCoordinatorIsRefused) {
  PartitionLog log;
  Marker newer = marker(1, 0, 1, true);
  newer.coordinator_epoch = 5;
  ASSERT_EQ(append(log, 1, 0, 0, {"a"}), ErrorCode::ok);
  ASSERT_TRUE(mark(log, newer).value());
  Marker zombie = marker(1, 0, 2, false);
  zombie.coordinator_epoch = 4;
  EXPECT_EQ(mark(log, zombie).code(), ErrorCode::not_coordinator);
  EXPECT_EQ(log.coordinator_epoch(1), 5u);
}

TEST(PartitionLog, FindsTheFirstVisibleRecordOfATime) {
  PartitionLog log;
  env::RecordBatch batch;
  for (const TimeUs at_us : {10, 30, 20}) {
    env::append_log_record({.timestamp_us = at_us, .key = {}, .value = "x", .lineage = {}}, batch.records);
  }
  ASSERT_TRUE(log.append({}, 3, batch.records, 0).ok());
  EXPECT_EQ(log.offset_for_time(15, Isolation::read_committed), -1);
  log.advance_high_watermark(3);
  EXPECT_EQ(log.offset_for_time(15, Isolation::read_committed), 1);
  EXPECT_EQ(log.offset_for_time(31, Isolation::read_committed), -1);
}

}  // namespace
}  // namespace onceproof::simulator::log
