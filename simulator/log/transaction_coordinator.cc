// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/transaction_coordinator.h"

#include <fmt/format.h>

#include <algorithm>

namespace onceproof::simulator::log {

const char* to_string(TransactionState state) {
  switch (state) {
    case TransactionState::Empty: return "Empty";
    case TransactionState::Ongoing: return "Ongoing";
    case TransactionState::PrepareCommit: return "PrepareCommit";
    case TransactionState::PrepareAbort: return "PrepareAbort";
    case TransactionState::CompleteCommit: return "CompleteCommit";
    case TransactionState::CompleteAbort: return "CompleteAbort";
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

namespace {

Status concurrent(const TransactionMetadata& metadata) {
  return Status(ErrorCode::concurrent_transactions, fmt::format("transaction of \"{}\" is in state {}",
                                                                metadata.transactional_id, to_string(metadata.state)));
}

Status invalid_state(const TransactionMetadata& metadata, const char* what) {
  return Status(ErrorCode::invalid_txn_state, fmt::format("cannot {} \"{}\" in state {}", what,
                                                          metadata.transactional_id, to_string(metadata.state)));
}

Status wrong_epoch(const TransactionMetadata& metadata, const env::ProducerIdentity& producer) {
  return Status(ErrorCode::producer_fenced, fmt::format("\"{}\" is at epoch {}, the request came with epoch {}",
                                                        metadata.transactional_id, metadata.epoch, producer.epoch));
}

}  // namespace

// ---- state ---------------------------------------------------------------------------------------------------

const TransactionCoordinator::Entry* TransactionCoordinator::entry_of(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

const TransactionMetadata* TransactionCoordinator::find(const std::string& id) const {
  const Entry* entry = entry_of(id);
  return entry == nullptr || entry->metadata.transactional_id.empty() ? nullptr : &entry->metadata;
}

std::vector<std::string> TransactionCoordinator::ids() const {
  std::vector<std::string> all;
  for (const auto& [id, entry] : entries_) {
    if (!entry.metadata.transactional_id.empty()) all.push_back(id);
  }
  return all;
}

void TransactionCoordinator::install(TransactionMetadata metadata) {
  Entry& entry = entries_[metadata.transactional_id];
  entry.awaiting.clear();
  if (is_prepared(metadata.state)) entry.awaiting = metadata.partitions;
  entry.metadata = std::move(metadata);
  entry.pending = false;
}

void TransactionCoordinator::set_pending(const std::string& id, bool pending) { entries_[id].pending = pending; }

void TransactionCoordinator::forget_all(const std::function<bool(const std::string& id)>& which) {
  std::erase_if(entries_, [&](const auto& entry) { return which(entry.first); });
}

// ---- decisions -----------------------------------------------------------------------------------------------

TransactionCoordinator::Decision TransactionCoordinator::init_producer_id(const std::string& id,
                                                                          DurationUs timeout_us) const {
  if (timeout_us <= 0 || timeout_us > options_.max_timeout_us) {
    const std::string why =
        fmt::format("transaction timeout {} ms is not in (0, {} ms], the broker's transaction.max.timeout.ms",
                    timeout_us / 1000, options_.max_timeout_us / 1000);
    return {Status(ErrorCode::invalid_transaction_timeout, why), {}, {}};
  }
  const Entry* entry = entry_of(id);
  if (entry != nullptr && entry->pending) return {concurrent(entry->metadata), {}, {}};
  TransactionMetadata next;
  if (entry == nullptr || entry->metadata.transactional_id.empty()) {
    next.transactional_id = id;
    next.producer_id = new_producer_id_();
  } else {
    next = entry->metadata;
    if (is_prepared(next.state)) return {concurrent(next), {}, {}};
    if (next.state == TransactionState::Ongoing) {
      const Status again(ErrorCode::concurrent_transactions, "the previous transaction is being aborted");
      return {again, fence(id, false), {}};
    }
    if (next.epoch >= options_.last_epoch) {
      next.previous_producer_id = next.producer_id;
      next.producer_id = new_producer_id_();
      next.epoch = 0;
    } else {
      ++next.epoch;
    }
  }
  next.state = TransactionState::Empty;
  next.version = options_.version;
  next.timeout_us = timeout_us;
  const env::ProducerIdentity identity{id, next.producer_id, next.epoch};
  return {Status(), std::move(next), identity};
}

Status TransactionCoordinator::check_producer(const Entry* entry, const env::ProducerIdentity& producer) const {
  if (entry == nullptr || entry->metadata.producer_id != producer.producer_id) {
    return Status(ErrorCode::invalid_producer_id_mapping,
                  fmt::format("producer id {} is not that of \"{}\"", producer.producer_id, producer.transactional_id));
  }
  if (entry->metadata.epoch != producer.epoch && !options_.bugs.has(SeededBug::no_fencing)) {
    return wrong_epoch(entry->metadata, producer);
  }
  return {};
}

TransactionCoordinator::Decision TransactionCoordinator::add_partitions(const env::ProducerIdentity& producer,
                                                                        const std::vector<PartitionId>& partitions,
                                                                        TransactionVersion version,
                                                                        TimeUs now_us) const {
  const Entry* entry = entry_of(producer.transactional_id);
  Status status = check_producer(entry, producer);
  if (!status.ok()) return {std::move(status), {}, {}};
  if (entry->pending || is_prepared(entry->metadata.state)) return {concurrent(entry->metadata), {}, {}};
  TransactionMetadata next = entry->metadata;
  if (next.state != TransactionState::Ongoing) {
    next.state = TransactionState::Ongoing;
    next.partitions.clear();
    next.start_us = now_us;
    ++next.number;
    next.writer_producer_id = next.producer_id;
    next.writer_epoch = producer.epoch;
    next.timed_out = next.fenced = false;
  }
  next.version = version;
  const size_t before = next.partitions.size();
  for (const PartitionId partition : partitions) {
    const auto at = std::lower_bound(next.partitions.begin(), next.partitions.end(), partition);
    if (at == next.partitions.end() || *at != partition) next.partitions.insert(at, partition);
  }
  if (next.partitions.size() == before) return {Status(), {}, {}};
  return {Status(), std::move(next), {}};
}

Status TransactionCoordinator::verify(const env::ProducerIdentity& producer, PartitionId partition) const {
  const Entry* entry = entry_of(producer.transactional_id);
  Status status = check_producer(entry, producer);
  if (!status.ok()) return status;
  const TransactionMetadata& metadata = entry->metadata;
  if (entry->pending || is_prepared(metadata.state)) return concurrent(metadata);
  const bool member = std::binary_search(metadata.partitions.begin(), metadata.partitions.end(), partition);
  if (metadata.state == TransactionState::Ongoing && member) return {};
  return invalid_state(metadata, "write into a transaction of");
}

TransactionMetadata TransactionCoordinator::fence(const std::string& id, bool timed_out) const {
  const Entry* entry = entry_of(id);
  CHECK(entry != nullptr && entry->metadata.state == TransactionState::Ongoing, "only an ongoing one is fenced");
  TransactionMetadata next = entry->metadata;
  next.state = TransactionState::PrepareAbort;
  next.version = options_.version;
  ++next.epoch;
  next.timed_out = timed_out;
  next.fenced = !timed_out;
  return next;
}

// ---- the end of a transaction --------------------------------------------------------------------------------

TransactionCoordinator::Decision TransactionCoordinator::prepare(const TransactionMetadata& now, bool commit,
                                                                 bool v2) const {
  TransactionMetadata next = now;
  const bool empty = now.state != TransactionState::Ongoing;
  if (empty) {  // the abort of nothing, which only V2 accepts, has a number of its own
    ++next.number;
    next.partitions.clear();
    next.writer_producer_id = now.producer_id;
    next.writer_epoch = now.epoch;
    next.timed_out = next.fenced = false;
  }
  next.state = commit ? TransactionState::PrepareCommit : TransactionState::PrepareAbort;
  next.version = v2 ? TransactionVersion::v2 : TransactionVersion::classic;
  env::ProducerIdentity identity{now.transactional_id, now.producer_id, now.epoch};
  if (v2) {
    ++next.epoch;
    identity.epoch = next.epoch;
    if (now.epoch >= options_.last_epoch) {
      next.next_producer_id = new_producer_id_();
      identity = {now.transactional_id, next.next_producer_id, 0};
    }
  }
  return {Status(), std::move(next), identity};
}

TransactionCoordinator::Decision TransactionCoordinator::end(const env::ProducerIdentity& producer, bool commit,
                                                             int request_version) const {
  const Entry* entry = entry_of(producer.transactional_id);
  if (request_version >= kEndTxnV2) {
    if (options_.version != TransactionVersion::v2) {
      return {Status(ErrorCode::unsupported_version, "the cluster's transaction.version is 0"), {}, {}};
    }
    if (entry != nullptr) return end_v2(*entry, producer, commit);
  }
  Status status = check_producer(entry, producer);
  if (status.code() == ErrorCode::producer_fenced && request_version < 2) {
    status = Status(ErrorCode::invalid_producer_epoch, status.error().message);
  }
  if (!status.ok()) return {std::move(status), {}, {}};
  const TransactionMetadata& metadata = entry->metadata;
  if (entry->pending) return {concurrent(metadata), {}, {}};
  const char* what = commit ? "commit" : "abort";
  switch (metadata.state) {
    case TransactionState::Ongoing: return prepare(metadata, commit, false);
    case TransactionState::PrepareCommit:
      return {commit ? concurrent(metadata) : invalid_state(metadata, what), {}, {}};
    case TransactionState::PrepareAbort:
      return {commit ? invalid_state(metadata, what) : concurrent(metadata), {}, {}};
    case TransactionState::CompleteCommit: return {commit ? Status() : invalid_state(metadata, what), {}, producer};
    case TransactionState::CompleteAbort: return {commit ? invalid_state(metadata, what) : Status(), {}, producer};
    case TransactionState::Empty: break;
  }
  return {invalid_state(metadata, what), {}, {}};
}

// With an epoch for each transaction a repetition is told from the next request by its epoch.
TransactionCoordinator::Decision TransactionCoordinator::end_v2(const Entry& entry,
                                                                const env::ProducerIdentity& producer,
                                                                bool commit) const {
  const TransactionMetadata& metadata = entry.metadata;
  if (entry.pending) return {concurrent(metadata), {}, {}};
  const bool fences = !options_.bugs.has(SeededBug::no_fencing);
  const bool v2 = metadata.version == TransactionVersion::v2;
  const bool rotated = v2 && metadata.previous_producer_id == producer.producer_id &&
                       producer.epoch == options_.last_epoch && metadata.epoch == 0;
  const bool repeated = rotated || (v2 && metadata.epoch == producer.epoch + 1);
  if (metadata.producer_id != producer.producer_id && !rotated) return {check_producer(nullptr, producer), {}, {}};
  const bool same = metadata.epoch == producer.epoch;
  const char* what = commit ? "commit" : "abort";
  switch (metadata.state) {
    case TransactionState::Ongoing:
      if (!same && fences) return {wrong_epoch(metadata, producer), {}, {}};
      return prepare(metadata, commit, true);
    case TransactionState::Empty:
      if (!same && fences) return {wrong_epoch(metadata, producer), {}, {}};
      break;
    case TransactionState::PrepareCommit:
    case TransactionState::PrepareAbort:
      if (!repeated && (fences && (v2 || !same))) return {wrong_epoch(metadata, producer), {}, {}};
      if (commit == (metadata.state == TransactionState::PrepareCommit)) return {concurrent(metadata), {}, {}};
      return {invalid_state(metadata, what), {}, {}};
    case TransactionState::CompleteCommit:
    case TransactionState::CompleteAbort:
      if (!repeated && !same && fences) return {wrong_epoch(metadata, producer), {}, {}};
      if (!repeated) break;  // the next transaction of this producer, and nothing was written into it
      if (commit != (metadata.state == TransactionState::CompleteCommit)) return {invalid_state(metadata, what), {}, {}};
      return {Status(), {}, {metadata.transactional_id, metadata.producer_id, metadata.epoch}};
  }
  if (commit) return {invalid_state(metadata, what), {}, {}};
  return prepare(metadata, false, true);
}

// ---- what is known -------------------------------------------------------------------------------------------

env::TransactionDescription TransactionCoordinator::describe(const std::string& id) const {
  const TransactionMetadata* metadata = find(id);
  if (metadata == nullptr) return {};
  const env::ProducerIdentity producer{id, metadata->producer_id, metadata->epoch};
  // Who wrote a transaction that ended with its producer's consent; a fenced one names the epoch that fences.
  const bool taken = metadata->timed_out || metadata->fenced;
  const env::ProducerIdentity writer =
      taken ? producer : env::ProducerIdentity{id, metadata->writer_producer_id, metadata->writer_epoch};
  switch (metadata->state) {
    case TransactionState::Ongoing: return {env::TransactionPhase::ongoing, producer};
    case TransactionState::PrepareCommit: return {env::TransactionPhase::committing, writer};
    case TransactionState::CompleteCommit: return {env::TransactionPhase::committed, writer};
    case TransactionState::PrepareAbort: return {env::TransactionPhase::aborting, writer};
    case TransactionState::CompleteAbort: return {env::TransactionPhase::aborted, writer};
    case TransactionState::Empty: break;
  }
  return {env::TransactionPhase::empty, producer};
}

Marker TransactionCoordinator::marker_of(const std::string& id) const {
  const TransactionMetadata* metadata = find(id);
  CHECK(metadata != nullptr && is_prepared(metadata->state), "markers follow a decision");
  return {id,
          metadata->producer_id,
          metadata->epoch,
          metadata->number,
          metadata->state == TransactionState::PrepareCommit,
          0};
}

std::vector<PartitionId> TransactionCoordinator::awaiting_markers(const std::string& id) const {
  const Entry* entry = entry_of(id);
  return entry == nullptr ? std::vector<PartitionId>{} : entry->awaiting;
}

std::optional<TransactionMetadata> TransactionCoordinator::marker_written(const std::string& id, uint64_t number,
                                                                          PartitionId partition) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  Entry& entry = found->second;
  if (entry.metadata.number != number || !is_prepared(entry.metadata.state) || entry.pending) return std::nullopt;
  std::erase(entry.awaiting, partition);
  if (!entry.awaiting.empty()) return std::nullopt;
  TransactionMetadata next = entry.metadata;
  next.state = next.state == TransactionState::PrepareCommit ? TransactionState::CompleteCommit
                                                             : TransactionState::CompleteAbort;
  next.partitions.clear();
  next.start_us = -1;
  if (next.next_producer_id != 0) {
    next.previous_producer_id = next.producer_id;
    next.producer_id = next.next_producer_id;
    next.next_producer_id = 0;
    next.epoch = 0;
  }
  return next;
}

std::vector<std::string> TransactionCoordinator::expired(TimeUs now_us) const {
  std::vector<std::string> late;
  for (const auto& [id, entry] : entries_) {
    const TransactionMetadata& metadata = entry.metadata;
    if (metadata.state != TransactionState::Ongoing || entry.pending) continue;
    if (metadata.start_us + metadata.timeout_us < now_us) late.push_back(id);
  }
  return late;
}

std::optional<TimeUs> TransactionCoordinator::next_expiry_us() const {
  std::optional<TimeUs> next;
  for (const auto& [id, entry] : entries_) {
    if (entry.metadata.state != TransactionState::Ongoing) continue;
    const TimeUs due_us = entry.metadata.start_us + entry.metadata.timeout_us;
    if (!next || due_us < *next) next = due_us;
  }
  return next;
}

std::vector<std::string> TransactionCoordinator::prepared() const {
  std::vector<std::string> decided;
  for (const auto& [id, entry] : entries_) {
    if (is_prepared(entry.metadata.state) && !entry.pending) decided.push_back(id);
  }
  return decided;
}

}  // namespace onceproof::simulator::log
