// SPDX-License-Identifier: Apache-2.0
// Messages between log clients and brokers, after Kafka's protocol guide. A request is
//   u8 type | u64 correlation | fields;   a response is   payload | u64 correlation | u8 error
// so that a fetched range of the log is the front of the response and is moved, not copied, to the caller.
// The payload of an error is its message.
#pragma once

#include <vector>

#include "runtime/base/result.h"
#include "runtime/env/log.h"
#include "simulator/log/transaction_state.h"

namespace onceproof::simulator::log {

enum class RequestType : uint8_t {
  init_producer_id,
  add_partitions_to_txn,
  verify_transaction,  // broker to broker
  produce,
  end_txn,
  fetch,
  list_offsets,
  join_group,
  offset_commit,
  offset_fetch,
  describe_transaction,
};
inline constexpr size_t kRequestHeader = 9;
inline constexpr size_t kResponseTrailer = 9;

struct InitProducerIdRequest {
  std::string transactional_id;
  DurationUs timeout_us = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(transactional_id, timeout_us);
  }
};
// Of add_partitions_to_txn and of verify_transaction.
struct PartitionRequest {
  env::ProducerIdentity producer;
  env::TopicPartition partition;
  template <class Archive>
  void fields(Archive& archive) {
    archive(producer, partition);
  }
};
struct ProduceRequest {
  env::ProducerIdentity producer;
  env::TopicPartition partition;
  int32_t base_sequence = -1;
  env::Acks acks = env::Acks::all;
  env::RecordBatch batch;
  template <class Archive>
  void fields(Archive& archive) {
    archive(producer, partition, base_sequence, acks, batch);
  }
};
struct EndTxnRequest {
  env::ProducerIdentity producer;
  bool commit = false;
  template <class Archive>
  void fields(Archive& archive) {
    archive(producer, commit);
  }
};
struct DescribeTransactionRequest {
  std::string transactional_id;
  template <class Archive>
  void fields(Archive& archive) {
    archive(transactional_id);
  }
};
struct FetchRequest {
  env::TopicPartition partition;
  int64_t offset = 0;
  env::Isolation isolation = env::Isolation::read_committed;
  uint32_t max_bytes = 0;
  DurationUs max_wait_us = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(partition, offset, isolation, max_bytes, max_wait_us);
  }
};
// Behind the records in the payload of a fetch response.
struct FetchTail {
  uint32_t count = 0;
  int64_t next_offset = 0;
  int64_t high_watermark = 0;
  int64_t last_stable_offset = 0;
  static constexpr size_t kSize = 28;
  template <class Archive>
  void fields(Archive& archive) {
    archive(count, next_offset, high_watermark, last_stable_offset);
  }
};
struct ListOffsetsRequest {
  env::TopicPartition partition;
  env::Isolation isolation = env::Isolation::read_committed;
  template <class Archive>
  void fields(Archive& archive) {
    archive(partition, isolation);
  }
};
struct JoinGroupRequest {
  std::string group;
  std::string instance_id;
  template <class Archive>
  void fields(Archive& archive) {
    archive(group, instance_id);
  }
};
struct OffsetCommitRequest {
  std::string group;
  std::string instance_id;
  uint64_t member_epoch = 0;
  env::TopicPartition partition;
  int64_t next_offset = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(group, instance_id, member_epoch, partition, next_offset);
  }
};
struct OffsetFetchRequest {
  std::string group;
  env::TopicPartition partition;
  template <class Archive>
  void fields(Archive& archive) {
    archive(group, partition);
  }
};
inline constexpr int64_t kNoOffset = -1;  // an offset_fetch's answer: nothing was committed

// MailKind::transaction_markers, coordinator to leader and back (the answer repeats the id only).
struct MarkersMessage {
  bool is_answer = false;
  uint64_t id = 0;
  Marker marker;
  std::vector<env::TopicPartition> partitions;
  template <class Archive>
  void fields(Archive& archive) {
    archive(is_answer, id, marker, partitions);
  }
};

template <class Request>
Bytes make_request(RequestType type, const Request& request) {
  Bytes out;
  Encoder encoder(out);
  encoder(type, uint64_t{0}, request);
  return out;
}
inline void set_correlation(Bytes& request, uint64_t correlation) { store(request.data() + 1, correlation); }

inline void finish_response(Bytes& payload, uint64_t correlation, ErrorCode error) {
  char trailer[kResponseTrailer];
  store(trailer, correlation);
  store(trailer + 8, error);
  payload.append(trailer, sizeof trailer);
}

struct ResponseTrailer {
  uint64_t correlation = 0;
  ErrorCode error = ErrorCode::corrupt;
};
// Cuts the trailer off, so that `body` is the payload. False when there is none.
inline bool take_trailer(Bytes& body, ResponseTrailer& trailer) {
  if (body.size() < kResponseTrailer) return false;
  const char* at = body.data() + body.size() - kResponseTrailer;
  trailer = {load<uint64_t>(at), load<ErrorCode>(at + 8)};
  body.resize(body.size() - kResponseTrailer);
  return true;
}

}  // namespace onceproof::simulator::log
