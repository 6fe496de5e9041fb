// SPDX-License-Identifier: Apache-2.0
// PartitionLog: one broker's copy of one partition: stored records in an arena, an index of batches, control
// markers that occupy offsets, leader epochs, and what follows from them (producer states, transactions).
// Invariants: a copy is a function of its batches, so leader and followers agree where their batches agree; what
// lies below the high watermark is never truncated; the last stable offset is the high watermark, or the first
// offset of the earliest transaction that is open or whose marker lies above it. Written by its own broker only.
#pragma once

#include <map>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/seeded_bugs.h"
#include "runtime/env/log.h"
#include "simulator/log/transaction_state.h"

namespace onceproof::simulator::log {

inline constexpr int32_t kNoSequence = -1;

// What the index knows of a run of consecutive offsets that were appended together. What is sent to followers is
// everything but `transaction` and `position`, which each copy finds itself.
struct StoredBatch {
  int64_t base_offset = 0;
  uint32_t count = 0;
  bool control = false;
  bool commit = false;  // of a control batch
  bool transactional = false;
  uint16_t epoch = 0;
  uint32_t leader_epoch = 0;
  int32_t base_sequence = kNoSequence;
  uint64_t producer_id = 0;  // 0: none
  uint64_t number = 0;       // of a control batch: Marker::number
  uint32_t coordinator_epoch = 0;
  TimeUs appended_us = 0;
  int32_t transaction = -1;  // index into transactions(); -1: not transactional
  uint64_t position = 0;     // in the arena
  uint64_t size = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(base_offset, count, control, commit, transactional, epoch, leader_epoch, base_sequence, producer_id, number,
            coordinator_epoch, appended_us, size);
  }
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
  uint32_t leader_epoch = 0;
};

class PartitionLog {
 public:
  explicit PartitionLog(SeededBugs bugs = {}) : bugs_(bugs) {}

  // ---- the leader ------------------------------------------------------------------------------------------
  // What append() would refuse, without appending: invalid_producer_epoch, out_of_order_sequence, corrupt (count and
  // bytes disagree). repeated: the batch is there already, up to end_offset.
  struct Checked {
    Status status;
    bool repeated = false;
    int64_t end_offset = 0;
  };
  Checked check(const AppendRequest& request, uint32_t count, ByteView records) const;
  // The end offset that has to be replicated before the batch is acknowledged.
  Result<int64_t> append(const AppendRequest& request, uint32_t count, ByteView records, TimeUs now_us);
  // True when the producer has no open transaction of this epoch here, so that the coordinator must be asked first. One of
  // an earlier epoch may still wait for its marker; what is written behind it is not part of it.
  bool begins_transaction(uint64_t producer_id, uint16_t epoch) const;
  // The highest epoch of a transaction coordinator that has written a marker for this producer here.
  uint32_t coordinator_epoch(uint64_t producer_id) const;

  // May the marker be appended? repeated: an earlier delivery has done it. Status: invalid_producer_epoch when a
  // higher epoch was seen, not_coordinator when a newer coordinator has written here.
  Checked check(const Marker& marker) const;
  Result<int64_t> append_marker(const Marker& marker, uint32_t leader_epoch, TimeUs now_us);
  void begin_epoch(uint32_t leader_epoch);  // the leader's first act

  // ---- the follower ----------------------------------------------------------------------------------------
  // Batches from `offset` on in their wire form, at least one when there is one.
  Bytes batches_from(int64_t offset, uint32_t max_bytes) const;
  // False when they do not continue this copy; what came before is kept.
  bool append_replicated(ByteView batches);
  void truncate(int64_t end_offset);
  uint32_t last_epoch() const { return epochs_.empty() ? 0 : epochs_.back().epoch; }
  // Where the last epoch that is not above `leader_epoch` ends (KIP-101).
  struct EpochEnd {
    uint32_t epoch = 0;
    int64_t end_offset = 0;
  };
  EpochEnd end_of_epoch(uint32_t leader_epoch) const;

  // ---- both ------------------------------------------------------------------------------------------------
  int64_t end_offset() const { return next_offset_; }
  int64_t high_watermark() const { return high_watermark_; }
  int64_t last_stable_offset() const;
  void advance_high_watermark(int64_t to);  // never goes back

  // Appends to `out` the stored records that the isolation lets through. Returns the next offset to fetch
  // from; count: how many were appended. Status: offset_out_of_range.
  struct Read {
    uint32_t count = 0;
    int64_t next_offset = 0;
  };
  Result<Read> read(int64_t offset, env::Isolation isolation, uint32_t max_bytes, Bytes& out) const;
  int64_t limit_of(env::Isolation isolation) const;
  // The first visible record whose timestamp is not below; -1: none.
  int64_t offset_for_time(TimeUs timestamp_us, env::Isolation isolation) const;

  const std::vector<StoredBatch>& batches() const { return batches_; }
  const std::vector<PartitionTransaction>& transactions() const { return transactions_; }
  ByteView records(const StoredBatch& batch) const { return ByteView(arena_).substr(batch.position, batch.size); }
  // The batch that holds `offset`; nullptr beyond the end.
  const StoredBatch* batch_at(int64_t offset) const;

 private:
  static constexpr size_t kRememberedBatches = 5;  // Kafka's, and the most that a producer may have in flight
  struct Sequences {
    int32_t first = 0;
    int32_t last = 0;
    int64_t end_offset = 0;
  };
  struct ProducerState {
    uint16_t epoch = 0;
    std::vector<Sequences> batches;  // the last five, oldest first
    int32_t open = -1;               // index into transactions_
    uint64_t marker_number = 0;      // of the last transaction that was ended here
    uint32_t coordinator_epoch = 0;
  };
  struct EpochStart {
    uint32_t epoch = 0;
    int64_t start_offset = 0;
  };

  const Sequences* repeated(const ProducerState& state, const AppendRequest& request, uint32_t count) const;
  void push(StoredBatch batch, ByteView records);
  void note(StoredBatch& batch);
  void note_marker(StoredBatch& batch, ProducerState& state);
  void note_records(StoredBatch& batch, ProducerState& state);
  void settle();

  SeededBugs bugs_;
  Bytes arena_;
  std::vector<StoredBatch> batches_;
  std::vector<EpochStart> epochs_;
  int64_t next_offset_ = 0;
  int64_t high_watermark_ = 0;
  // Derived from the batches, rebuilt by truncate():
  std::vector<PartitionTransaction> transactions_;
  std::map<int64_t, int32_t> unstable_;  // first offset -> index: open, or its marker is not replicated
  std::vector<int32_t> decided_;         // of those: with a marker, in the markers' order
  std::map<uint64_t, ProducerState> producers_;
};

}  // namespace onceproof::simulator::log
