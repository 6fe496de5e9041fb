// SPDX-License-Identifier: Apache-2.0
// Messages between log clients and brokers, after Kafka's protocol guide. A request is
//   u8 type | u64 correlation | fields [| records];   a response is   payload | u64 correlation | u8 error
// so that a fetched range of the log is the front of the response and is moved, not copied, to the caller.
// The payload of an error is its message. Partitions are numbers (metadata.h).
#pragma once

#include <vector>

#include "runtime/base/result.h"
#include "runtime/env/log.h"
#include "simulator/log/metadata.h"
#include "simulator/log/transaction_state.h"

namespace onceproof::simulator::log {

enum class RequestType : uint8_t {
  metadata,
  init_producer_id,
  add_partitions_to_txn,
  verify_transaction,  // broker to broker: is the partition in the transaction? At V2 it is added.
  produce,
  end_txn,
  fetch,
  list_offsets,
  join_group,
  offset_commit,
  offset_fetch,
  describe_transaction,
  list_transactions,
};
inline constexpr size_t kRequestHeader = 9;
inline constexpr size_t kResponseTrailer = 9;

struct NoFields {
  template <class Archive>
  void fields(Archive&) {}
};
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
  PartitionId partition = 0;
  TransactionVersion version = TransactionVersion::classic;
  template <class Archive>
  void fields(Archive& archive) {
    archive(producer, partition, version);
  }
};
// The records follow the fields.
struct ProduceRequest {
  env::ProducerIdentity producer;
  PartitionId partition = 0;
  int32_t base_sequence = -1;
  env::Acks acks = env::Acks::all;
  TransactionVersion version = TransactionVersion::classic;
  uint32_t count = 0;
  uint32_t record_bytes = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(producer, partition, base_sequence, acks, version, count, record_bytes);
  }
};
struct EndTxnRequest {
  env::ProducerIdentity producer;
  bool commit = false;
  int32_t version = 3;
  template <class Archive>
  void fields(Archive& archive) {
    archive(producer, commit, version);
  }
};
struct NameRequest {  // describe_transaction
  std::string name;
  template <class Archive>
  void fields(Archive& archive) {
    archive(name);
  }
};
// A fetch message is as many of these as a client has for one broker, one behind the other. What has nothing to give
// is parked there beside what the same connection has parked before (as in a fetch session, KIP-227), and each is
// answered once.
struct FetchRequest {
  uint64_t correlation = 0;
  PartitionId partition = 0;
  int64_t offset = 0;
  env::Isolation isolation = env::Isolation::read_committed;
  uint32_t max_bytes = 0;
  DurationUs max_wait_us = 0;
  static constexpr size_t kSize = 33;
  template <class Archive>
  void fields(Archive& archive) {
    archive(correlation, partition, offset, isolation, max_bytes, max_wait_us);
  }
};
// A message of answers to fetches has correlation 0 and the payload
//   records of the first | its FetchTail | records of the second | its FetchTail | .. | u32 how many
struct FetchTail {
  uint64_t correlation = 0;
  ErrorCode error = ErrorCode::ok;
  uint32_t bytes = 0;  // of its records; of an error: of its message
  uint32_t count = 0;
  int64_t next_offset = 0;
  int64_t high_watermark = 0;
  int64_t last_stable_offset = 0;
  static constexpr size_t kSize = 41;
  template <class Archive>
  void fields(Archive& archive) {
    archive(correlation, error, bytes, count, next_offset, high_watermark, last_stable_offset);
  }
};
struct ListOffsetsRequest {
  PartitionId partition = 0;
  env::Isolation isolation = env::Isolation::read_committed;
  bool by_time = false;
  TimeUs timestamp_us = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(partition, isolation, by_time, timestamp_us);
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
// In a transaction when the producer is not empty (TxnOffsetCommit).
struct OffsetCommitRequest {
  std::string group;
  std::string instance_id;
  uint64_t member_epoch = 0;
  std::map<PartitionId, int64_t> offsets;
  env::ProducerIdentity producer;
  TransactionVersion version = TransactionVersion::classic;
  template <class Archive>
  void fields(Archive& archive) {
    archive(group, instance_id, member_epoch, offsets, producer, version);
  }
};
struct OffsetFetchRequest {
  std::string group;
  PartitionId partition = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(group, partition);
  }
};
inline constexpr int64_t kNoOffset = -1;  // an offset_fetch's or a by_time's answer: there is none

// MailKind::transaction_markers, coordinator to leader and back. The answer says which partitions have the marker.
struct MarkersMessage {
  bool is_answer = false;
  uint64_t id = 0;
  Marker marker;
  std::vector<PartitionId> partitions;
  template <class Archive>
  void fields(Archive& archive) {
    archive(is_answer, id, marker, partitions);
  }
};

// MailKind::replica_fetch, follower to leader: one for all partitions between the two.
struct ReplicaFetch {
  struct Item {
    PartitionId partition = 0;
    uint32_t leader_epoch = 0;
    uint32_t last_epoch = 0;  // of the follower's last batch: where the logs part is found by it
    int64_t offset = 0;
    int64_t high_watermark = 0;
    template <class Archive>
    void fields(Archive& archive) {
      archive(partition, leader_epoch, last_epoch, offset, high_watermark);
    }
  };
  uint64_t id = 0;
  int32_t broker = 0;
  std::vector<Item> items;
  template <class Archive>
  void fields(Archive& archive) {
    archive(id, broker, items);
  }
};
// MailKind::replica_records, the answer: partitions that have something new.
struct ReplicaRecords {
  struct Item {
    PartitionId partition = 0;
    uint32_t leader_epoch = 0;
    bool diverged = false;  // truncate to the end of `epoch`, at most to end_offset
    uint32_t epoch = 0;
    int64_t end_offset = 0;
    int64_t high_watermark = 0;
    Bytes batches;
    template <class Archive>
    void fields(Archive& archive) {
      archive(partition, leader_epoch, diverged, epoch, end_offset, high_watermark, batches);
    }
  };
  uint64_t id = 0;
  std::vector<Item> items;
  template <class Archive>
  void fields(Archive& archive) {
    archive(id, items);
  }
};

// MailKind::broker_heartbeat: epoch 0 registers.
struct BrokerHeartbeat {
  int32_t broker = 0;
  uint64_t life = 0;   // drawn anew for every life of the process (Kafka: the incarnation id)
  uint64_t epoch = 0;  // 0: it registers
  uint64_t image_version = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(broker, life, epoch, image_version);
  }
};
// MailKind::alter_partition: a leader asks for another in-sync set.
struct AlterPartition {
  int32_t broker = 0;
  PartitionId partition = 0;
  uint32_t leader_epoch = 0;
  uint32_t version = 0;
  std::vector<int32_t> isr;
  template <class Archive>
  void fields(Archive& archive) {
    archive(broker, partition, leader_epoch, version, isr);
  }
};
// MailKind::metadata_update, controller to broker.
struct MetadataUpdate {
  uint64_t life = 0;          // for whom it is: a later life of the process has to register first
  uint64_t broker_epoch = 0;  // the receiver's
  ClusterImage image;
  template <class Archive>
  void fields(Archive& archive) {
    archive(life, broker_epoch, image);
  }
};

// With room for `extra` bytes behind it.
inline constexpr size_t kRoomForFields = 96;
template <class Request>
Bytes make_request(RequestType type, const Request& request, size_t extra = 0) {
  Bytes out;
  if (extra != 0) out.reserve(kRequestHeader + kRoomForFields + extra);
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
