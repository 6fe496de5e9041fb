// SPDX-License-Identifier: Apache-2.0
// What the transaction log and a partition remember of transactions. Names and states are Kafka's
// (TransactionMetadata.scala, ProducerStateEntry.java). Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/env/log.h"
#include "simulator/log/metadata.h"

namespace onceproof::simulator::log {

// Empty -> Ongoing -> PrepareCommit -> CompleteCommit -> Ongoing ...
//              |   \> PrepareAbort  -> CompleteAbort  -> Ongoing ...
// init_producer: Empty, Complete* -> Empty (another epoch); Ongoing -> PrepareAbort (fenced). Nothing else leaves
// Prepare*, and every arrow is one record of the transaction log.
enum class TransactionState : uint8_t {
  Empty,          // the id is known, no transaction was begun with this epoch
  Ongoing,        // partitions were added; the only state that can time out
  PrepareCommit,  // decided and durable: will be committed whatever happens
  PrepareAbort,
  CompleteCommit,  // all markers are written
  CompleteAbort,
};
const char* to_string(TransactionState state);
// Decided, not yet complete.
inline bool is_prepared(TransactionState state) {
  return state == TransactionState::PrepareCommit || state == TransactionState::PrepareAbort;
}

enum class Outcome : uint8_t { open, committed, aborted };
const char* to_string(Outcome outcome);

// Kafka's feature transaction.version: 0 is the classic protocol, 2 is KIP-890 part 2.
enum class TransactionVersion : uint8_t { classic = 0, v2 = 2 };

// One record of the transaction log: what became of a transactional id.
struct TransactionMetadata {
  std::string transactional_id;
  uint64_t producer_id = 0;
  uint16_t epoch = 0;
  uint64_t previous_producer_id = 0;  // before the last rotation: a late repetition of EndTxn still names it
  uint64_t next_producer_id = 0;      // takes over when this transaction is complete (the epochs are used up)
  TransactionVersion version = TransactionVersion::classic;  // of the request that wrote this record
  DurationUs timeout_us = 0;
  TransactionState state = TransactionState::Empty;
  std::vector<PartitionId> partitions;  // of the transaction, ascending; empty once it is complete
  TimeUs start_us = -1;                 // first partition added: what the timeout counts from
  uint64_t number = 0;                  // counts the transactions of this id, so that late markers are recognised
  uint64_t writer_producer_id = 0;      // who wrote transaction `number`: what its records carry
  uint16_t writer_epoch = 0;
  bool timed_out = false;
  bool fenced = false;  // aborted by an init_producer of the same id
  template <class Archive>
  void fields(Archive& archive) {
    archive(transactional_id, producer_id, epoch, previous_producer_id, next_producer_id, version, timeout_us, state,
            partitions, start_us, number, writer_producer_id, writer_epoch, timed_out, fenced);
  }
};

// One transaction from its first partition to its last marker, as its records in the transaction log tell it. An
// id, an epoch and a number are a transaction: in the classic protocol several have one epoch.
struct TransactionEntry {
  std::string transactional_id;
  uint64_t producer_id = 0;
  uint16_t epoch = 0;  // of the writes
  uint64_t number = 0;
  TimeUs begun_us = -1;
  TimeUs decided_us = -1;
  TimeUs completed_us = -1;
  Outcome outcome = Outcome::open;  // as decided, durable from decided_us on
  bool timed_out = false;
  bool fenced = false;
};

// What a coordinator tells a partition's leader: the decision about its part of one transaction.
struct Marker {
  std::string transactional_id;
  uint64_t producer_id = 0;
  uint16_t epoch = 0;
  uint64_t number = 0;
  bool commit = false;
  uint32_t coordinator_epoch = 0;  // the leader epoch of the coordinator's partition
  template <class Archive>
  void fields(Archive& archive) {
    archive(transactional_id, producer_id, epoch, number, commit, coordinator_epoch);
  }
};

}  // namespace onceproof::simulator::log
