// SPDX-License-Identifier: Apache-2.0
// The rules of ProducerAppendInfo.java (epochs and sequences) and ProducerStateManager.java (unstable offsets).
#include "simulator/log/partition_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace onceproof::simulator::log {

namespace {
const size_t kHeaderSize = encode(StoredBatch{}).size();  // of a batch's wire form: all its fields have fixed widths
}  // namespace

// ---- the leader: producers ---------------------------------------------------------------------------------

bool PartitionLog::begins_transaction(uint64_t producer_id, uint16_t epoch) const {
  const auto found = producers_.find(producer_id);
  return found == producers_.end() || found->second.open < 0 || found->second.epoch != epoch;
}

uint32_t PartitionLog::coordinator_epoch(uint64_t producer_id) const {
  const auto found = producers_.find(producer_id);
  return found == producers_.end() ? 0 : found->second.coordinator_epoch;
}

const PartitionLog::Sequences* PartitionLog::repeated(const ProducerState& state, const AppendRequest& request,
                                                      uint32_t count) const {
  if (bugs_.has(SeededBug::no_sequence_check) || request.epoch != state.epoch) return nullptr;
  if (request.base_sequence == kNoSequence) return nullptr;
  const int32_t last = request.base_sequence + static_cast<int32_t>(count) - 1;
  const auto found = std::find_if(state.batches.begin(), state.batches.end(), [&](const Sequences& batch) {
    return batch.first == request.base_sequence && batch.last == last;
  });
  return found == state.batches.end() ? nullptr : &*found;
}

PartitionLog::Checked PartitionLog::check(const AppendRequest& request, uint32_t count, ByteView records) const {
  ByteView rest = records;
  env::LogRecord record;
  uint32_t whole = 0;
  while (env::next_log_record(rest, record)) ++whole;
  if (whole != count || !rest.empty() || whole == 0) {
    return {Status(ErrorCode::corrupt, "a batch's bytes are not as many whole records as it says")};
  }
  if (request.producer_id == 0) return {};
  const auto found = producers_.find(request.producer_id);
  const ProducerState unknown;
  const ProducerState& state = found == producers_.end() ? unknown : found->second;
  if (request.epoch < state.epoch && !bugs_.has(SeededBug::no_fencing)) {
    return {Status(ErrorCode::invalid_producer_epoch,
                   fmt::format("producer {} writes with epoch {}, the partition knows epoch {}", request.producer_id,
                               request.epoch, state.epoch))};
  }
  if (request.base_sequence == kNoSequence || bugs_.has(SeededBug::no_sequence_check)) return {};
  if (request.epoch < state.epoch) return {};  // a zombie that nobody fences
  if (const Sequences* batch = repeated(state, request, count)) return {Status(), true, batch->end_offset};
  // Producer states are never dropped here, so an unknown producer starts at zero: with several batches in flight a
  // later one must not get in before the first.
  const bool known = request.epoch == state.epoch && !state.batches.empty();
  const int32_t expected = known ? state.batches.back().last + 1 : 0;
  if (request.base_sequence == expected) return {};
  return {Status(ErrorCode::out_of_order_sequence,
                 fmt::format("producer {} sent sequence {}, the partition expects {}", request.producer_id,
                             request.base_sequence, expected))};
}

Result<int64_t> PartitionLog::append(const AppendRequest& request, uint32_t count, ByteView records, TimeUs now_us) {
  const Checked checked = check(request, count, records);
  if (!checked.status.ok()) return checked.status.error();
  if (checked.repeated) return checked.end_offset;
  push({.base_offset = next_offset_,
        .count = count,
        .transactional = request.transactional,
        .epoch = request.epoch,
        .leader_epoch = request.leader_epoch,
        .base_sequence = request.base_sequence,
        .producer_id = request.producer_id,
        .appended_us = now_us},
       records);
  return next_offset_;
}

PartitionLog::Checked PartitionLog::check(const Marker& marker) const {
  const auto found = producers_.find(marker.producer_id);
  if (found == producers_.end()) return {};
  const ProducerState& state = found->second;
  // Whoever repeats a marker waits until all that lies here is replicated: the first one may not be yet.
  if (marker.number <= state.marker_number) return {Status(), true, next_offset_};
  if (bugs_.has(SeededBug::no_fencing)) return {};
  if (marker.coordinator_epoch < state.coordinator_epoch) {
    return {Status(ErrorCode::not_coordinator, "a newer transaction coordinator has written here")};
  }
  if (marker.epoch < state.epoch) {
    return {Status(ErrorCode::invalid_producer_epoch,
                   fmt::format("a marker of epoch {} came behind epoch {}", marker.epoch, state.epoch))};
  }
  return {};
}

Result<int64_t> PartitionLog::append_marker(const Marker& marker, uint32_t leader_epoch, TimeUs now_us) {
  const Checked checked = check(marker);
  if (!checked.status.ok()) return checked.status.error();
  if (checked.repeated) return checked.end_offset;
  push({.base_offset = next_offset_,
        .count = 1,
        .control = true,
        .commit = marker.commit,
        .epoch = marker.epoch,
        .leader_epoch = leader_epoch,
        .producer_id = marker.producer_id,
        .number = marker.number,
        .coordinator_epoch = marker.coordinator_epoch,
        .appended_us = now_us},
       {});
  return next_offset_;
}

void PartitionLog::begin_epoch(uint32_t leader_epoch) {
  if (epochs_.empty() || epochs_.back().epoch < leader_epoch) epochs_.push_back({leader_epoch, next_offset_});
}

// ---- what follows from a batch, at the leader and at every follower ----------------------------------------

void PartitionLog::push(StoredBatch batch, ByteView records) {
  batch.position = arena_.size();
  batch.size = records.size();
  arena_.append(records);
  // The broker gives out the offsets.
  char* at = arena_.data() + batch.position;
  for (int64_t offset = batch.base_offset; offset < batch.base_offset + batch.count && !batch.control; ++offset) {
    store(at, offset);
    at += env::kLogRecordHeader + uint64_t{load<uint32_t>(at + 16)} + load<uint32_t>(at + 20) + load<uint32_t>(at + 24);
  }
  note(batch);
  batches_.push_back(batch);
}

void PartitionLog::note(StoredBatch& batch) {
  next_offset_ = batch.base_offset + batch.count;
  batch.transaction = -1;
  // An epoch that this copy led without writing anything is no part of the log: older records follow from the leader.
  while (!epochs_.empty() && epochs_.back().epoch > batch.leader_epoch &&
         epochs_.back().start_offset == batch.base_offset) {
    epochs_.pop_back();
  }
  if (epochs_.empty() || epochs_.back().epoch < batch.leader_epoch) {
    epochs_.push_back({batch.leader_epoch, batch.base_offset});
  }
  if (batch.producer_id == 0) return;
  ProducerState& state = producers_[batch.producer_id];
  if (batch.epoch > state.epoch) {
    state.epoch = batch.epoch;
    state.batches.clear();
  }
  if (batch.control) return note_marker(batch, state);
  note_records(batch, state);
}

void PartitionLog::note_marker(StoredBatch& batch, ProducerState& state) {
  state.marker_number = std::max(state.marker_number, batch.number);
  state.coordinator_epoch = std::max(state.coordinator_epoch, batch.coordinator_epoch);
  if (state.open < 0) return;
  batch.transaction = state.open;
  PartitionTransaction& transaction = transactions_[static_cast<size_t>(state.open)];
  transaction.outcome = batch.commit ? Outcome::committed : Outcome::aborted;
  transaction.marker_offset = batch.base_offset;
  decided_.push_back(state.open);
  state.open = -1;
}

void PartitionLog::note_records(StoredBatch& batch, ProducerState& state) {
  const bool zombie = batch.epoch < state.epoch;
  if (!zombie && batch.base_sequence != kNoSequence) {
    if (state.batches.size() == kRememberedBatches) state.batches.erase(state.batches.begin());
    const int32_t last = batch.base_sequence + static_cast<int32_t>(batch.count) - 1;
    state.batches.push_back({batch.base_sequence, last, next_offset_});
  }
  if (!batch.transactional) return;
  if (state.open < 0) {
    state.open = static_cast<int32_t>(transactions_.size());
    transactions_.push_back(
        {.producer_id = batch.producer_id, .epoch = batch.epoch, .first_offset = batch.base_offset});
    unstable_.emplace(batch.base_offset, state.open);
  }
  batch.transaction = state.open;
}

// ---- followers -----------------------------------------------------------------------------------------------

Bytes PartitionLog::batches_from(int64_t offset, uint32_t max_bytes) const {
  Bytes out;
  const StoredBatch* const first = batch_at(offset);
  if (first == nullptr) return out;
  Encoder encoder(out);
  for (const StoredBatch* batch = first; batch != batches_.data() + batches_.size(); ++batch) {
    encoder(*batch);
    out.append(records(*batch));
    if (out.size() >= max_bytes) break;
  }
  return out;
}

bool PartitionLog::append_replicated(ByteView batches) {
  while (!batches.empty()) {
    StoredBatch batch;
    if (batches.size() < kHeaderSize || !decode(batches.substr(0, kHeaderSize), batch)) return false;
    batches.remove_prefix(kHeaderSize);
    if (batches.size() < batch.size || batch.base_offset != next_offset_) return false;
    push(batch, batches.substr(0, batch.size));
    batches.remove_prefix(batch.size);
  }
  return true;
}

PartitionLog::EpochEnd PartitionLog::end_of_epoch(uint32_t leader_epoch) const {
  const auto later = std::upper_bound(epochs_.begin(), epochs_.end(), leader_epoch,
                                      [](uint32_t epoch, const EpochStart& start) { return epoch < start.epoch; });
  if (later == epochs_.begin()) return {0, 0};
  return {std::prev(later)->epoch, later != epochs_.end() ? later->start_offset : next_offset_};
}

void PartitionLog::truncate(int64_t end_offset) {
  CHECK(end_offset >= high_watermark_, "what was committed is never truncated");
  while (!batches_.empty() && batches_.back().base_offset >= end_offset) {
    arena_.resize(batches_.back().position);
    batches_.pop_back();
  }
  std::erase_if(epochs_, [&](const EpochStart& start) { return start.start_offset >= end_offset; });
  next_offset_ = 0;
  transactions_.clear();
  unstable_.clear();
  decided_.clear();
  producers_.clear();
  for (StoredBatch& batch : batches_) note(batch);
  settle();
}

// ---- reading -------------------------------------------------------------------------------------------------

int64_t PartitionLog::last_stable_offset() const {
  return unstable_.empty() ? high_watermark_ : std::min(high_watermark_, unstable_.begin()->first);
}

void PartitionLog::advance_high_watermark(int64_t to) {
  high_watermark_ = std::max(high_watermark_, std::min(to, next_offset_));
  settle();
}

// Markers below the high watermark end the instability of their transactions.
void PartitionLog::settle() {
  size_t settled = 0;
  for (; settled < decided_.size(); ++settled) {
    const PartitionTransaction& transaction = transactions_[static_cast<size_t>(decided_[settled])];
    if (transaction.marker_offset >= high_watermark_) break;
    unstable_.erase(transaction.first_offset);
  }
  decided_.erase(decided_.begin(), decided_.begin() + static_cast<ptrdiff_t>(settled));
}

int64_t PartitionLog::limit_of(env::Isolation isolation) const {
  const bool committed = isolation == env::Isolation::read_committed && !bugs_.has(SeededBug::expose_unstable);
  return committed ? last_stable_offset() : high_watermark_;
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
  const size_t begin = out.size();
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
      if (result.count > 0 && out.size() - begin + bytes.size() > max_bytes) break;
      out.append(bytes);
      result.count += count;
    }
    result.next_offset = batch->base_offset + batch->count;
  }
  return result;
}

int64_t PartitionLog::offset_for_time(TimeUs timestamp_us, env::Isolation isolation) const {
  const int64_t limit = limit_of(isolation);
  for (const StoredBatch& batch : batches_) {
    if (batch.base_offset >= limit) break;
    if (batch.control) continue;
    ByteView bytes = records(batch);
    env::LogRecord record;
    while (env::next_log_record(bytes, record)) {
      if (record.timestamp_us >= timestamp_us) return record.offset;
    }
  }
  return -1;
}

}  // namespace onceproof::simulator::log
