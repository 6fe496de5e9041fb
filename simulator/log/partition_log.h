// SPDX-License-Identifier: Apache-2.0
// PartitionLog: the durable content of one partition: stored records in an arena, an index of batches,
// control markers that occupy offsets, producer states and the transactions with a part here. Invariant: the
// last stable offset is the first offset of the earliest open transaction, or the high watermark. Replicated
// elsewhere, so what is appended is durable. Written by the partition's leader only.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/seeded_bugs.h"
#include "runtime/env/log.h"
#include "simulator/log/transaction_state.h"

namespace onceproof::simulator::log {

inline constexpr int32_t kNoSequence = -1;

// What the index knows of a run of consecutive offsets that were appended together.
struct StoredBatch {
  int64_t base_offset = 0;
  uint32_t count = 0;
  bool control = false;
  uint16_t epoch = 0;
  int32_t transaction = -1;  // index into transactions(); -1: not transactional
  uint64_t producer_id = 0;  // 0: none
  uint64_t position = 0;     // in the arena
  uint64_t size = 0;
  TimeUs appended_us = 0;
};

// One transaction's part in this partition. [first_offset, marker_offset] of its producer is the aborted range
// when the outcome is aborted.
struct PartitionTransaction {
  uint64_t producer_id = 0;
  uint16_t epoch = 0;
  int64_t first_offset = 0;
  int64_t marker_offset = -1;
  Outcome outcome = Outcome::open;
};

struct AppendRequest {
  uint64_t producer_id = 0;  // 0: no idempotence
  uint16_t epoch = 0;
  int32_t base_sequence = kNoSequence;
  bool transactional = false;
};

class PartitionLog {
 public:
  explicit PartitionLog(SeededBugs bugs = {}) : bugs_(bugs) {}

  // ok (also for a retried batch, which is not appended again), invalid_producer_epoch,
  // out_of_order_sequence, corrupt (count and bytes disagree).
  Status append(const AppendRequest& request, const env::RecordBatch& batch, TimeUs now_us);
  // What append() would refuse, without appending.
  Status check(const AppendRequest& request, uint32_t count) const;
  // True when the producer has no open transaction here, so that the coordinator must be asked first.
  bool begins_transaction(uint64_t producer_id) const;

  // Ends the producer's transaction here and refuses lower epochs from now on. False: already done by an
  // earlier delivery. Status: invalid_producer_epoch when a higher epoch was seen.
  Result<bool> append_marker(const Marker& marker, TimeUs now_us);

  int64_t high_watermark() const { return next_offset_; }
  int64_t last_stable_offset() const { return open_.empty() ? next_offset_ : open_.begin()->first; }

  // Appends to `out` the stored records that the isolation lets through. Returns the next offset to fetch
  // from; count: how many were appended. Status: offset_out_of_range.
  struct Read {
    uint32_t count = 0;
    int64_t next_offset = 0;
  };
  Result<Read> read(int64_t offset, env::Isolation isolation, uint32_t max_bytes, Bytes& out) const;

  const std::vector<StoredBatch>& batches() const { return batches_; }
  const std::vector<PartitionTransaction>& transactions() const { return transactions_; }
  ByteView records(const StoredBatch& batch) const { return ByteView(arena_).substr(batch.position, batch.size); }
  // The batch that holds `offset`; nullptr beyond the end.
  const StoredBatch* batch_at(int64_t offset) const;

 private:
  static constexpr size_t kRememberedBatches = 5;
  struct Sequences {
    int32_t first = 0;
    int32_t last = 0;
  };
  struct ProducerState {
    uint16_t epoch = 0;
    std::vector<Sequences> batches;  // the last five, oldest first
    int32_t open = -1;               // index into transactions_
    uint64_t marker_number = 0;      // of the last transaction that was ended here
  };

  bool is_retry(const ProducerState& state, const AppendRequest& request, uint32_t count) const;
  int64_t limit_of(env::Isolation isolation) const;
  void push_batch(StoredBatch batch, ByteView records);

  SeededBugs bugs_;
  Bytes arena_;
  std::vector<StoredBatch> batches_;
  std::vector<PartitionTransaction> transactions_;
  std::map<int64_t, int32_t> open_;  // first offset -> index into transactions_
  std::map<uint64_t, ProducerState> producers_;
  int64_t next_offset_ = 0;
};

}  // namespace onceproof::simulator::log
