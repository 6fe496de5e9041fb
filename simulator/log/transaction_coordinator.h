// SPDX-License-Identifier: Apache-2.0
// TransactionCoordinator: the decisions of Kafka's TransactionCoordinator.scala without messages, timers or
// probes, over what the transaction log says. A decision that changes something carries the record to write; it
// counts once that is replicated and installed. Invariants: what is decided (Prepare*) is never undecided; every
// transaction that ends without its producer's consent raises the epoch. For the broker that coordinates the id.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/seeded_bugs.h"
#include "simulator/log/transaction_state.h"

namespace onceproof::simulator::log {

struct CoordinatorOptions {
  DurationUs max_timeout_us = seconds(900);
  TransactionVersion version = TransactionVersion::classic;  // of the cluster
  uint16_t last_epoch = 32766;  // Short.MaxValue - 1: one more is kept for fencing
  SeededBugs bugs;
};

// Versions of EndTxn that differ in their answers: below 2 a fenced producer is told INVALID_PRODUCER_EPOCH, from 5 on
// the request belongs to transactions V2.
inline constexpr int kEndTxnClassic = 3;
inline constexpr int kEndTxnV2 = 5;

class TransactionCoordinator {
 public:
  using NewProducerId = std::function<uint64_t()>;
  TransactionCoordinator(CoordinatorOptions options, NewProducerId new_producer_id)
      : options_(options), new_producer_id_(std::move(new_producer_id)) {}

  struct Decision {
    Status status;                            // the answer, once `write` is durable
    std::optional<TransactionMetadata> write;  // nullopt: nothing changes
    env::ProducerIdentity identity;           // what the producer goes on with (init, end at version 5)
  };
  // Errors: invalid_transaction_timeout, concurrent_transactions (also with `write`: the ongoing transaction of the
  // id is aborted first and the client asks again).
  Decision init_producer_id(const std::string& id, DurationUs timeout_us) const;
  Decision add_partitions(const env::ProducerIdentity& producer, const std::vector<PartitionId>& partitions,
                          TransactionVersion version, TimeUs now_us) const;
  // KIP-890 part 1: may the leader accept the first records of this transaction?
  Status verify(const env::ProducerIdentity& producer, PartitionId partition) const;
  Decision end(const env::ProducerIdentity& producer, bool commit, int request_version) const;
  // Raises the epoch and decides abort, on behalf of a successor or of the clock. The id has an ongoing transaction.
  TransactionMetadata fence(const std::string& id, bool timed_out) const;
  env::TransactionDescription describe(const std::string& id) const;

  // The marker of a decided transaction; all but the coordinator's epoch.
  Marker marker_of(const std::string& id) const;
  // The record to write when that was the last one; nullopt: others are missing, or the answer is of another time.
  std::optional<TransactionMetadata> marker_written(const std::string& id, uint64_t number, PartitionId partition);
  std::vector<PartitionId> awaiting_markers(const std::string& id) const;

  // Ids, in order: ongoing for longer than their timeout; decided but not complete; ongoing at all.
  std::vector<std::string> expired(TimeUs now_us) const;
  std::vector<std::string> prepared() const;
  std::optional<TimeUs> next_expiry_us() const;

  // What the transaction log says, as it was written or read back.
  void install(TransactionMetadata metadata);
  // Between a decision and its installation the id answers concurrent_transactions to everybody else.
  void set_pending(const std::string& id, bool pending);
  void forget_all(const std::function<bool(const std::string& id)>& which);
  const TransactionMetadata* find(const std::string& id) const;
  std::vector<std::string> ids() const;

 private:
  struct Entry {
    TransactionMetadata metadata;
    std::vector<PartitionId> awaiting;  // while Prepare*: partitions whose marker is not written
    bool pending = false;
  };
  const Entry* entry_of(const std::string& id) const;
  Status check_producer(const Entry* entry, const env::ProducerIdentity& producer) const;
  Decision end_v2(const Entry& entry, const env::ProducerIdentity& producer, bool commit) const;
  Decision prepare(const TransactionMetadata& now, bool commit, bool v2) const;

  CoordinatorOptions options_;
  NewProducerId new_producer_id_;
  std::map<std::string, Entry> entries_;
};

}  // namespace onceproof::simulator::log
