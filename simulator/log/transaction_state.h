// SPDX-License-Identifier: Apache-2.0
// What the transaction log and a partition remember of transactions. Names and states are Kafka's
// (TransactionMetadata.scala, ProducerStateEntry.java). Plain data, owned by LogStore.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "runtime/base/time.h"
#include "runtime/env/log.h"

namespace onceproof::simulator::log {

enum class TransactionState : uint8_t {
  Empty,          // the id is known, no transaction was begun with this epoch
  Ongoing,        // partitions were added; the only state that can time out
  PrepareCommit,  // decided and durable: will be committed whatever happens
  PrepareAbort,
  CompleteCommit,  // all markers are written
  CompleteAbort,
  Dead,               // expired; the id is unknown from then on
  PrepareEpochFence,  // the epoch is being raised in order to abort
};
const char* to_string(TransactionState state);

enum class Outcome : uint8_t { open, committed, aborted };
const char* to_string(Outcome outcome);

// One entry of the transaction log: the present state of a transactional id.
struct TransactionMetadata {
  std::string transactional_id;
  uint64_t producer_id = 0;
  uint16_t epoch = 0;
  DurationUs timeout_us = 0;
  TransactionState state = TransactionState::Empty;
  std::set<env::TopicPartition> partitions;        // of the ongoing transaction
  std::set<env::TopicPartition> awaiting_markers;  // while Prepare*
  TimeUs start_us = -1;                            // first partition added: what the timeout counts from
  uint64_t number = 0;   // counts the transactions of this id, so that late markers are recognised
  int64_t history = -1;  // index into LogStore::history(); -1: none began yet
};

// One transaction from its first partition to its last marker.
struct TransactionEntry {
  std::string transactional_id;
  uint64_t producer_id = 0;
  uint16_t epoch = 0;  // of the writes
  TimeUs begun_us = -1;
  TimeUs decided_us = -1;
  TimeUs completed_us = -1;
  Outcome outcome = Outcome::open;  // as decided, durable from decided_us on
  bool timed_out = false;
  bool fenced = false;  // aborted by an init_producer of the same id
};

// What a coordinator tells a partition's leader: the decision about its part of one transaction.
struct Marker {
  std::string transactional_id;
  uint64_t producer_id = 0;
  uint16_t epoch = 0;
  uint64_t number = 0;
  bool commit = false;
  template <class Archive>
  void fields(Archive& archive) {
    archive(transactional_id, producer_id, epoch, number, commit);
  }
};

}  // namespace onceproof::simulator::log
