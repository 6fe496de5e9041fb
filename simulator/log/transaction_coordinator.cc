// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/transaction_coordinator.h"

#include <fmt/format.h>

namespace onceproof::simulator::log {

namespace {

// Short.MaxValue - 1: the last epoch is kept for fencing.
constexpr uint16_t kLastEpoch = 32766;

bool is_prepared(TransactionState state) {
  return state == TransactionState::PrepareCommit || state == TransactionState::PrepareAbort ||
         state == TransactionState::PrepareEpochFence;
}

Status concurrent(const TransactionMetadata& metadata) {
  return Status(ErrorCode::concurrent_transactions, fmt::format("transaction of \"{}\" is in state {}",
                                                                metadata.transactional_id, to_string(metadata.state)));
}

Status invalid_state(const TransactionMetadata& metadata, const char* what) {
  return Status(ErrorCode::invalid_txn_state, fmt::format("cannot {} \"{}\" in state {}", what,
                                                          metadata.transactional_id, to_string(metadata.state)));
}

}  // namespace

TransactionMetadata* TransactionCoordinator::find(const std::string& id) const {
  const auto found = store_.transactions().find(id);
  return found == store_.transactions().end() ? nullptr : &found->second;
}

bool TransactionCoordinator::must_fence(const std::string& id) const {
  const TransactionMetadata* metadata = find(id);
  return metadata != nullptr && metadata->state == TransactionState::Ongoing;
}

Result<env::ProducerIdentity> TransactionCoordinator::init_producer_id(const std::string& id, DurationUs timeout_us) {
  if (id.empty()) return env::ProducerIdentity{"", store_.next_producer_id(), 0};
  if (timeout_us <= 0 || timeout_us > max_timeout_us_) {
    return Error{ErrorCode::invalid_transaction_timeout,
                 fmt::format("transaction timeout {} ms is not in (0, {} ms], the broker's transaction.max.timeout.ms",
                             timeout_us / 1000, max_timeout_us_ / 1000)};
  }
  TransactionMetadata* metadata = find(id);
  if (metadata == nullptr) {
    metadata = &store_.transactions()[id];
    metadata->transactional_id = id;
    metadata->producer_id = store_.next_producer_id();
  } else if (is_prepared(metadata->state)) {
    return concurrent(*metadata).error();
  } else {
    CHECK(metadata->state != TransactionState::Ongoing, "an ongoing transaction is fenced first");
    if (metadata->epoch >= kLastEpoch) {
      metadata->producer_id = store_.next_producer_id();
      metadata->epoch = 0;
    } else {
      ++metadata->epoch;
    }
  }
  metadata->state = TransactionState::Empty;
  metadata->timeout_us = timeout_us;
  return env::ProducerIdentity{id, metadata->producer_id, metadata->epoch};
}

Status TransactionCoordinator::check_producer(const TransactionMetadata* metadata,
                                              const env::ProducerIdentity& producer) const {
  if (metadata == nullptr || metadata->producer_id != producer.producer_id) {
    return Status(ErrorCode::invalid_producer_id_mapping,
                  fmt::format("producer id {} is not that of \"{}\"", producer.producer_id, producer.transactional_id));
  }
  if (metadata->epoch != producer.epoch && !store_.bugs().has(SeededBug::no_fencing)) {
    return Status(ErrorCode::producer_fenced, fmt::format("\"{}\" is at epoch {}, the request came with epoch {}",
                                                          producer.transactional_id, metadata->epoch, producer.epoch));
  }
  return {};
}

TransactionCoordinator::Added TransactionCoordinator::add_partition(const env::ProducerIdentity& producer,
                                                                    const env::TopicPartition& partition,
                                                                    TimeUs now_us) {
  TransactionMetadata* metadata = find(producer.transactional_id);
  Status status = check_producer(metadata, producer);
  if (!status.ok()) return {std::move(status)};
  if (is_prepared(metadata->state)) return {concurrent(*metadata)};
  if (store_.partition(partition) == nullptr) {
    return {Status(ErrorCode::unknown_topic_or_partition,
                   fmt::format("{}-{} does not exist", partition.topic, partition.partition))};
  }
  if (metadata->state != TransactionState::Ongoing) {
    metadata->state = TransactionState::Ongoing;
    metadata->partitions.clear();
    metadata->start_us = now_us;
    ++metadata->number;
    metadata->history = static_cast<int64_t>(store_.history().size());
    store_.history().push_back({.transactional_id = metadata->transactional_id,
                                .producer_id = metadata->producer_id,
                                .epoch = producer.epoch,
                                .begun_us = now_us});
  }
  return {Status(), metadata->partitions.insert(partition).second};
}

Status TransactionCoordinator::verify(const env::ProducerIdentity& producer,
                                      const env::TopicPartition& partition) const {
  const TransactionMetadata* metadata = find(producer.transactional_id);
  Status status = check_producer(metadata, producer);
  if (!status.ok()) return status;
  if (is_prepared(metadata->state)) return concurrent(*metadata);
  if (metadata->state == TransactionState::Ongoing && metadata->partitions.contains(partition)) return {};
  return invalid_state(*metadata, "write into a transaction of");
}

TransactionCoordinator::EndDecision TransactionCoordinator::decide_end(const env::ProducerIdentity& producer,
                                                                       bool commit) const {
  const TransactionMetadata* metadata = find(producer.transactional_id);
  Status status = check_producer(metadata, producer);
  if (!status.ok()) return {std::move(status)};
  const char* what = commit ? "commit" : "abort";
  switch (metadata->state) {
    case TransactionState::Ongoing: return {Status(), true};
    case TransactionState::PrepareCommit: return {commit ? concurrent(*metadata) : invalid_state(*metadata, what)};
    case TransactionState::PrepareAbort: return {commit ? invalid_state(*metadata, what) : concurrent(*metadata)};
    case TransactionState::CompleteCommit: return {commit ? Status() : invalid_state(*metadata, what)};
    case TransactionState::CompleteAbort: return {commit ? invalid_state(*metadata, what) : Status()};
    case TransactionState::Empty:
    case TransactionState::Dead:
    case TransactionState::PrepareEpochFence: break;
  }
  return {invalid_state(*metadata, what)};
}

void TransactionCoordinator::prepare(const std::string& id, bool commit, TimeUs now_us) {
  TransactionMetadata* metadata = find(id);
  CHECK(metadata != nullptr, "only a known transaction is decided");
  CHECK(metadata->state == TransactionState::Ongoing || metadata->state == TransactionState::PrepareEpochFence,
        "only an ongoing transaction is decided");
  metadata->state = commit ? TransactionState::PrepareCommit : TransactionState::PrepareAbort;
  metadata->awaiting_markers = metadata->partitions;
  TransactionEntry& entry = store_.history()[static_cast<size_t>(metadata->history)];
  entry.outcome = commit ? Outcome::committed : Outcome::aborted;
  entry.decided_us = now_us;
}

void TransactionCoordinator::fence_and_prepare_abort(const std::string& id, TimeUs now_us, bool timed_out) {
  TransactionMetadata* metadata = find(id);
  CHECK(metadata != nullptr && metadata->state == TransactionState::Ongoing, "only an ongoing transaction is fenced");
  metadata->state = TransactionState::PrepareEpochFence;
  ++metadata->epoch;
  TransactionEntry& entry = store_.history()[static_cast<size_t>(metadata->history)];
  entry.timed_out = timed_out;
  entry.fenced = !timed_out;
  prepare(id, false, now_us);
}

env::TransactionDescription TransactionCoordinator::describe(const std::string& id) const {
  const TransactionMetadata* metadata = find(id);
  if (metadata == nullptr || metadata->state == TransactionState::Dead) return {};
  const env::ProducerIdentity producer{id, metadata->producer_id, metadata->epoch};
  switch (metadata->state) {
    case TransactionState::Ongoing: return {env::TransactionPhase::ongoing, producer};
    case TransactionState::PrepareCommit: return {env::TransactionPhase::committing, producer};
    case TransactionState::CompleteCommit: return {env::TransactionPhase::committed, producer};
    case TransactionState::PrepareAbort:
    case TransactionState::PrepareEpochFence: return {env::TransactionPhase::aborting, producer};
    case TransactionState::CompleteAbort: return {env::TransactionPhase::aborted, producer};
    case TransactionState::Empty:
    case TransactionState::Dead: break;
  }
  return {env::TransactionPhase::empty, producer};
}

Marker TransactionCoordinator::marker_of(const std::string& id) const {
  const TransactionMetadata* metadata = find(id);
  CHECK(metadata != nullptr && is_prepared(metadata->state), "markers follow a decision");
  return {id, metadata->producer_id, metadata->epoch, metadata->number,
          metadata->state == TransactionState::PrepareCommit};
}

bool TransactionCoordinator::marker_written(const std::string& id, uint64_t number,
                                            const env::TopicPartition& partition, TimeUs now_us) {
  TransactionMetadata* metadata = find(id);
  if (metadata == nullptr || metadata->number != number || !is_prepared(metadata->state)) return false;
  metadata->awaiting_markers.erase(partition);
  if (!metadata->awaiting_markers.empty()) return false;
  metadata->state = metadata->state == TransactionState::PrepareCommit ? TransactionState::CompleteCommit
                                                                       : TransactionState::CompleteAbort;
  metadata->partitions.clear();
  metadata->start_us = -1;
  store_.history()[static_cast<size_t>(metadata->history)].completed_us = now_us;
  return true;
}

std::vector<std::string> TransactionCoordinator::expired(TimeUs now_us) const {
  std::vector<std::string> ids;
  for (const auto& [id, metadata] : store_.transactions()) {
    if (metadata.state != TransactionState::Ongoing || metadata.start_us + metadata.timeout_us >= now_us) continue;
    if (mine(id)) ids.push_back(id);
  }
  return ids;
}

std::vector<std::string> TransactionCoordinator::prepared() const {
  std::vector<std::string> ids;
  for (const auto& [id, metadata] : store_.transactions()) {
    if (is_prepared(metadata.state) && mine(id)) ids.push_back(id);
  }
  return ids;
}

}  // namespace onceproof::simulator::log
