// SPDX-License-Identifier: Apache-2.0
// TransactionCoordinator: the decisions of Kafka's TransactionCoordinator.scala over the transaction log, without
// messages, timers or probes. Invariant: what is decided (Prepare*) is never undecided; every transaction that
// ends without its producer's consent raises the epoch first. For the broker that coordinates the id.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/log/log_store.h"

namespace onceproof::simulator::log {

class TransactionCoordinator {
 public:
  TransactionCoordinator(LogStore& store, int32_t broker, DurationUs max_timeout_us)
      : store_(store), broker_(broker), max_timeout_us_(max_timeout_us) {}

  // The id has an ongoing transaction: fence_and_prepare_abort() it, then let the client ask again.
  bool must_fence(const std::string& id) const;
  // Errors: invalid_transaction_timeout, concurrent_transactions.
  Result<env::ProducerIdentity> init_producer_id(const std::string& id, DurationUs timeout_us);

  // added: the partition was new, so the transaction log was written.
  struct Added {
    Status status;
    bool added = false;
  };
  Added add_partition(const env::ProducerIdentity& producer, const env::TopicPartition& partition, TimeUs now_us);
  // KIP-890 part 1: may the leader accept the first records of this transaction?
  Status verify(const env::ProducerIdentity& producer, const env::TopicPartition& partition) const;

  // prepare: the answer is ok and prepare() must make it durable first.
  struct EndDecision {
    Status status;
    bool prepare = false;
  };
  EndDecision decide_end(const env::ProducerIdentity& producer, bool commit) const;
  void prepare(const std::string& id, bool commit, TimeUs now_us);
  // Raises the epoch and decides abort, on behalf of a successor or of the clock.
  void fence_and_prepare_abort(const std::string& id, TimeUs now_us, bool timed_out);

  Marker marker_of(const std::string& id) const;
  env::TransactionDescription describe(const std::string& id) const;
  // True when that was the last one: the transaction is complete.
  bool marker_written(const std::string& id, uint64_t number, const env::TopicPartition& partition, TimeUs now_us);

  // Ids of this broker, in order: ongoing for longer than their timeout; decided but not complete.
  std::vector<std::string> expired(TimeUs now_us) const;
  std::vector<std::string> prepared() const;

  TransactionMetadata* find(const std::string& id) const;

 private:
  Status check_producer(const TransactionMetadata* metadata, const env::ProducerIdentity& producer) const;
  bool mine(const std::string& id) const { return store_.coordinator(id) == broker_; }

  LogStore& store_;
  int32_t broker_;
  DurationUs max_timeout_us_;
};

}  // namespace onceproof::simulator::log
