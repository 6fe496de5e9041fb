// SPDX-License-Identifier: Apache-2.0
// The rules of ProducerAppendInfo.java (epochs and sequences) and ProducerStateManager.java (unstable offsets).
#include "simulator/log/partition_log.h"

#include <algorithm>

#include <fmt/format.h>

namespace onceproof::simulator::log {

const char* to_string(TransactionState state) {
  switch (state) {
    case TransactionState::Empty: return "Empty";
    case TransactionState::Ongoing: return "Ongoing";
    case TransactionState::PrepareCommit: return "PrepareCommit";
    case TransactionState::PrepareAbort: return "PrepareAbort";
    case TransactionState::CompleteCommit: return "CompleteCommit";
    case TransactionState::CompleteAbort: return "CompleteAbort";
    case TransactionState::Dead: return "Dead";
    case TransactionState::PrepareEpochFence: return "PrepareEpochFence";
  }
  return "unknown";
}

const char* to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::open: return "open";
    case Outcome::committed: return "committed";
    case Outcome::aborted: return "aborted";
  }
  return "unknown";
}

bool PartitionLog::begins_transaction(uint64_t producer_id) const {
  const auto found = producers_.find(producer_id);
  return found == producers_.end() || found->second.open < 0;
}

bool PartitionLog::is_retry(const ProducerState& state, const AppendRequest& request, uint32_t count) const {
  if (bugs_.has(SeededBug::no_sequence_check) || request.epoch != state.epoch) return false;
  const int32_t last = request.base_sequence + static_cast<int32_t>(count) - 1;
  return std::any_of(state.batches.begin(), state.batches.end(), [&](const Sequences& batch) {
    return batch.first == request.base_sequence && batch.last == last;
  });
}

Status PartitionLog::check(const AppendRequest& request, uint32_t count) const {
  const auto found = producers_.find(request.producer_id);
  if (request.producer_id == 0 || found == producers_.end()) return {};
  const ProducerState& state = found->second;
  if (request.epoch < state.epoch && !bugs_.has(SeededBug::no_fencing)) {
    return Status(ErrorCode::invalid_producer_epoch,
                  fmt::format("producer {} writes with epoch {}, the partition knows epoch {}", request.producer_id,
                              request.epoch, state.epoch));
  }
  if (request.base_sequence == kNoSequence || bugs_.has(SeededBug::no_sequence_check)) return {};
  if (request.epoch < state.epoch) return {};  // a zombie that nobody fences
  if (is_retry(state, request, count)) return {};
  const bool known = request.epoch == state.epoch && !state.batches.empty();
  // A partition that knows only a marker of this producer accepts any first sequence, as Kafka does.
  if (request.epoch == state.epoch && state.batches.empty()) return {};
  const int32_t expected = known ? state.batches.back().last + 1 : 0;
  if (request.base_sequence == expected) return {};
  return Status(ErrorCode::out_of_order_sequence, fmt::format("producer {} sent sequence {}, the partition expects {}",
                                                              request.producer_id, request.base_sequence, expected));
}

Status PartitionLog::append(const AppendRequest& request, const env::RecordBatch& batch, TimeUs now_us) {
  Status allowed = check(request, batch.count);
  if (!allowed.ok()) return allowed;
  ByteView rest = batch.records;
  env::LogRecord record;
  uint32_t count = 0;
  while (env::next_log_record(rest, record)) ++count;
  if (count != batch.count || !rest.empty() || count == 0) {
    return Status(ErrorCode::corrupt, "a batch's bytes are not as many whole records as it says");
  }
  StoredBatch stored{.base_offset = next_offset_,
                     .count = count,
                     .epoch = request.epoch,
                     .producer_id = request.producer_id,
                     .appended_us = now_us};
  if (request.producer_id != 0) {
    ProducerState& state = producers_[request.producer_id];
    const bool zombie = request.epoch < state.epoch;
    if (!zombie && request.base_sequence != kNoSequence && is_retry(state, request, count)) return {};
    if (request.epoch > state.epoch) {
      state.epoch = request.epoch;
      state.batches.clear();
    }
    if (!zombie && request.base_sequence != kNoSequence) {
      if (state.batches.size() == kRememberedBatches) state.batches.erase(state.batches.begin());
      state.batches.push_back({request.base_sequence, request.base_sequence + static_cast<int32_t>(count) - 1});
    }
    if (request.transactional) {
      if (state.open < 0) {
        state.open = static_cast<int32_t>(transactions_.size());
        transactions_.push_back(
            {.producer_id = request.producer_id, .epoch = request.epoch, .first_offset = next_offset_});
        open_.emplace(next_offset_, state.open);
      }
      stored.transaction = state.open;
    }
  }
  push_batch(stored, batch.records);
  return {};
}

void PartitionLog::push_batch(StoredBatch batch, ByteView records) {
  batch.position = arena_.size();
  batch.size = records.size();
  arena_.append(records);
  // The broker gives out the offsets.
  char* at = arena_.data() + batch.position;
  for (int64_t offset = batch.base_offset; offset < batch.base_offset + batch.count && !batch.control; ++offset) {
    store(at, offset);
    at += env::kLogRecordHeader + uint64_t{load<uint32_t>(at + 16)} + load<uint32_t>(at + 20) + load<uint32_t>(at + 24);
  }
  next_offset_ += batch.count;
  batches_.push_back(batch);
}

Result<bool> PartitionLog::append_marker(const Marker& marker, TimeUs now_us) {
  ProducerState& state = producers_[marker.producer_id];
  if (marker.number <= state.marker_number) return false;
  if (marker.epoch < state.epoch && !bugs_.has(SeededBug::no_fencing)) {
    return Error{ErrorCode::invalid_producer_epoch,
                 fmt::format("a marker of epoch {} came behind epoch {}", marker.epoch, state.epoch)};
  }
  if (marker.epoch > state.epoch) {
    state.epoch = marker.epoch;
    state.batches.clear();
  }
  state.marker_number = marker.number;
  const int32_t ended = state.open;
  if (ended >= 0) {
    PartitionTransaction& transaction = transactions_[static_cast<size_t>(ended)];
    transaction.outcome = marker.commit ? Outcome::committed : Outcome::aborted;
    transaction.marker_offset = next_offset_;
    open_.erase(transaction.first_offset);
    state.open = -1;
  }
  push_batch({.base_offset = next_offset_,
              .count = 1,
              .control = true,
              .epoch = marker.epoch,
              .transaction = ended,
              .producer_id = marker.producer_id,
              .appended_us = now_us},
             {});
  return true;
}

int64_t PartitionLog::limit_of(env::Isolation isolation) const {
  const bool committed = isolation == env::Isolation::read_committed && !bugs_.has(SeededBug::expose_unstable);
  return committed ? last_stable_offset() : next_offset_;
}

const StoredBatch* PartitionLog::batch_at(int64_t offset) const {
  if (offset < 0 || offset >= next_offset_) return nullptr;
  const auto behind = std::upper_bound(batches_.begin(), batches_.end(), offset,
                                       [](int64_t at, const StoredBatch& batch) { return at < batch.base_offset; });
  return &*(behind - 1);
}

Result<PartitionLog::Read> PartitionLog::read(int64_t offset, env::Isolation isolation, uint32_t max_bytes,
                                              Bytes& out) const {
  if (offset < 0 || offset > next_offset_) {
    return Error{ErrorCode::offset_out_of_range, fmt::format("offset {} is not in [0, {}]", offset, next_offset_)};
  }
  Read result{.next_offset = offset};
  const int64_t limit = limit_of(isolation);
  const StoredBatch* const first = batch_at(offset);
  if (first == nullptr) return result;
  const StoredBatch* const end = batches_.data() + batches_.size();
  for (const StoredBatch* batch = first; batch != end && batch->base_offset < limit; ++batch) {
    const bool aborted = isolation == env::Isolation::read_committed && batch->transaction >= 0 &&
                         transactions_[static_cast<size_t>(batch->transaction)].outcome == Outcome::aborted;
    if (!batch->control && !aborted) {
      ByteView bytes = records(*batch);
      uint32_t count = batch->count;
      for (int64_t at = batch->base_offset; at < offset; ++at, --count) {
        env::LogRecord skipped;
        CHECK(env::next_log_record(bytes, skipped), "the log holds whole records");
      }
      if (result.count > 0 && out.size() + bytes.size() > max_bytes) break;
      out.append(bytes);
      result.count += count;
    }
    result.next_offset = batch->base_offset + batch->count;
  }
  return result;
}

}  // namespace onceproof::simulator::log
