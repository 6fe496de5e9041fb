// SPDX-License-Identifier: Apache-2.0
// Log: a client's view of Kafka's transactional log (KIP-98, KIP-345, KIP-890). All calls return at once; the
// answer comes later, as a callback inside the caller's own handler, or never when the client is destroyed first.
// The client retries retriable errors itself until its delivery timeout and finds leaders and coordinators that
// have moved; an answer of timed_out or connection_lost means: outcome unknown, and it may still happen.
// Two requests do more when they are executed twice, and a late copy of one could undo what its caller has built on
// the answer: init_producer of an id (raises the epoch again) and commit_offset (moves the offset back). The client
// never repeats these after an unknown outcome: it answers, and the caller, who knows what a late copy would do, decides.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/base/time.h"

namespace onceproof::env {

enum class Isolation : uint8_t { read_uncommitted, read_committed };
enum class Acks : uint8_t { none, all };  // none: fire and forget, never retried, never answered by the broker

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
  template <class Archive>
  void fields(Archive& archive) {
    archive(topic, partition);
  }
};

// What fences: a later init_producer of the same transactional id raises the epoch.
struct ProducerIdentity {
  std::string transactional_id;  // empty: idempotent only
  uint64_t producer_id = 0;
  uint16_t epoch = 0;
  bool operator==(const ProducerIdentity&) const = default;
  template <class Archive>
  void fields(Archive& archive) {
    archive(transactional_id, producer_id, epoch);
  }
};

// The stored form of a record, the same in a produce request, in the log and in a fetch response:
//   i64 offset | i64 timestamp_us | u32 key size | u32 value size | u32 lineage size | key | value | lineage
// The broker overwrites the offset when it appends. `lineage` is a header of sinks' records: positions in any order.
struct LogRecord {
  int64_t offset = 0;
  TimeUs timestamp_us = 0;
  ByteView key;
  ByteView value;
  ByteView lineage;
};
inline constexpr size_t kLogRecordHeader = 28;

inline void append_log_record(const LogRecord& record, Bytes& out) {
  const size_t at = out.size();
  out.resize(at + kLogRecordHeader + record.key.size() + record.value.size() + record.lineage.size());
  MemoryWriter writer(out.data() + at);
  writer.fixed(record.offset);
  writer.fixed(record.timestamp_us);
  writer.fixed(static_cast<uint32_t>(record.key.size()));
  writer.fixed(static_cast<uint32_t>(record.value.size()));
  writer.fixed(static_cast<uint32_t>(record.lineage.size()));
  writer.raw(record.key);
  writer.raw(record.value);
  writer.raw(record.lineage);
}

// Takes one record off the front of `in`; false at the end or when the rest is not a whole record.
inline bool next_log_record(ByteView& in, LogRecord& record) {
  if (in.size() < kLogRecordHeader) return false;
  const uint32_t key = load<uint32_t>(in.data() + 16);
  const uint32_t value = load<uint32_t>(in.data() + 20);
  const uint32_t lineage = load<uint32_t>(in.data() + 24);
  const uint64_t size = kLogRecordHeader + uint64_t{key} + value + lineage;
  if (in.size() < size) return false;
  record = {load<int64_t>(in.data()), load<int64_t>(in.data() + 8), in.substr(kLogRecordHeader, key),
            in.substr(kLogRecordHeader + key, value), in.substr(kLogRecordHeader + key + value, lineage)};
  in.remove_prefix(size);
  return true;
}

struct RecordBatch {
  uint32_t count = 0;
  Bytes records;  // `count` stored records, one behind the other
  template <class Archive>
  void fields(Archive& archive) {
    archive(count, records);
  }
};

// What an error means for the caller (after KafkaProducer's contract and KIP-1050).
enum class ErrorClass : uint8_t {
  none,
  retriable,  // the client retries it; one that comes out at all was retried until the delivery timeout
  unknown,    // it may have happened, or may still: a transaction must be aborted, anything else asked about
  abortable,  // the transaction must be aborted; the producer may go on
  fatal,      // the producer or the member has been replaced, or the request can never work
};
ErrorClass classify(ErrorCode code);

// What the transaction coordinator knows of a transactional id (Kafka: DescribeTransactions).
enum class TransactionPhase : uint8_t { none, empty, ongoing, committing, committed, aborting, aborted };
struct TransactionDescription {
  TransactionPhase phase = TransactionPhase::none;  // none: the id is unknown
  // Whose transaction `phase` speaks of: a higher epoch (or another producer id) than one's own means fenced. With
  // transactions V2 this is the epoch of the writes, although the producer goes on with the next one.
  ProducerIdentity producer;
  template <class Archive>
  void fields(Archive& archive) {
    archive(phase, producer);
  }
};

struct FetchResult {
  RecordBatch batch;        // only records that the isolation level lets through; may be empty
  int64_t next_offset = 0;  // where to fetch from next: also skips aborted records and control markers
  int64_t high_watermark = 0;
  int64_t last_stable_offset = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(batch, next_offset, high_watermark, last_stable_offset);
  }
};

class Log {
 public:
  using Done = std::function<void(Status)>;
  template <class T>
  using Reply = std::function<void(Result<T>)>;

  virtual ~Log() = default;

  // Transactional: aborts an ongoing transaction of the same id, raises the epoch (fences), and answers when
  // that is done. Fresh ids start at epoch 0; when the epochs are used up the producer id changes and the epoch is 0
  // again. Sent once. Errors: invalid_transaction_timeout, timed_out, connection_lost.
  virtual void init_producer(const std::string& transactional_id, DurationUs transaction_timeout,
                             Reply<ProducerIdentity> reply) = 0;

  // Appends one batch. In a transaction (`producer.transactional_id` not empty) the partition is added to it
  // first. Batches of one producer and partition keep their order (up to five are in flight); sequence numbers make
  // retries idempotent. After an unknown outcome an idempotent producer takes no more batches for that partition.
  // Errors: producer_fenced, invalid_producer_epoch, invalid_txn_state, out_of_order_sequence, timed_out.
  virtual void append(const ProducerIdentity& producer, const TopicPartition& partition, RecordBatch batch, Acks acks,
                      Done done) = 0;

  // Offsets of a group that count when this transaction commits (sendOffsetsToTransaction). Errors: as append(), and
  // fenced_instance_id.
  virtual void send_offsets(const ProducerIdentity& producer, const std::string& group, const std::string& instance_id,
                            uint64_t member_epoch, const std::map<TopicPartition, int64_t>& offsets, Done done) = 0;

  // Ends the transaction of this identity; also one that another client began (resume after a crash). Repeating the
  // same outcome is ok until the next transaction of the id. ok: decided and durable; readers see it a little later.
  // The identity stays the caller's name for the producer: with transactions V2 each end raises the epoch, and this
  // client goes on with the new one under the old name. Errors: producer_fenced, invalid_txn_state (the opposite
  // outcome; nothing to end; V2: it was timed out), invalid_producer_id_mapping, timed_out. TRAP: fenced is
  // ambiguous, the transaction may have been committed before: ask describe_transaction(), or do not initialise an
  // id whose commit may have to be repeated.
  virtual void commit(const ProducerIdentity& producer, Done done) = 0;
  virtual void abort(const ProducerIdentity& producer, Done done) = 0;

  // Changes nothing; an unknown id is an answer, not an error. Errors: timed_out.
  virtual void describe_transaction(const std::string& transactional_id, Reply<TransactionDescription> reply) = 0;
  // Of every id that the log knows, by id.
  virtual void list_transactions(Reply<std::vector<TransactionDescription>> reply) = 0;

  // Long poll: answers when at least one record is visible or after max_wait (empty batch).
  virtual void fetch(const TopicPartition& partition, int64_t offset, Isolation isolation, uint32_t max_bytes,
                     DurationUs max_wait, Reply<FetchResult> reply) = 0;
  // read_committed: the last stable offset; read_uncommitted: the high watermark; never beyond what a fetch can see,
  // but for one case. A preloaded topic, whose records appear at their timestamps, is a bounded source: it answers
  // where it will end, from the start, and a reader asks once and keeps the answer with its position.
  virtual void end_offset(const TopicPartition& partition, Isolation isolation, Reply<int64_t> reply) = 0;
  // For each partition the first offset that can be seen whose timestamp is not below; nullopt: there is none yet.
  virtual void offsets_for_times(const std::map<TopicPartition, TimeUs>& timestamps, Isolation isolation,
                                 Reply<std::map<TopicPartition, std::optional<int64_t>>> reply) = 0;

  // Static membership (KIP-345): joining with an instance id fences every earlier member of that instance.
  // The answer is the member epoch to present in commit_offset (error: fenced_instance_id). A commit is never
  // repeated after an unknown outcome, because a late copy could overwrite a newer commit of the same member: the
  // answer is timed_out or connection_lost, and the caller joins again before it reads or commits.
  virtual void join_group(const std::string& group, const std::string& instance_id, Reply<uint64_t> reply) = 0;
  virtual void commit_offset(const std::string& group, const std::string& instance_id, uint64_t member_epoch,
                             const TopicPartition& partition, int64_t next_offset, Done done) = 0;
  // Waits while a transaction holds an offset of the partition that is not decided.
  virtual void committed_offset(const std::string& group, const TopicPartition& partition,
                                Reply<std::optional<int64_t>> reply) = 0;
};

}  // namespace onceproof::env
