// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/extract.h"

#include <algorithm>

namespace onceproof::simulator::log {

namespace {

Visibility visibility_of(const PartitionLog& log, const StoredBatch& batch) {
  if (batch.transaction < 0) return Visibility::non_transactional;
  switch (log.transactions()[static_cast<size_t>(batch.transaction)].outcome) {
    case Outcome::open: return Visibility::open;
    case Outcome::committed: return Visibility::committed;
    case Outcome::aborted: return Visibility::aborted;
  }
  return Visibility::open;
}

SinkRecord sink_record(int32_t partition, const env::LogRecord& record, const PartitionLog& log,
                       const StoredBatch& batch, TimeUs at_us) {
  return {partition,         record.offset, record.timestamp_us,       record.key, record.value, record.lineage,
          batch.producer_id, batch.epoch,   visibility_of(log, batch), at_us};
}

bool is_stable(const PartitionLog& log) { return log.last_stable_offset() == log.high_watermark(); }

}  // namespace

std::vector<SinkRecord> sink_records(const LogStore& store, const std::string& topic) {
  std::vector<SinkRecord> records;
  const Topic* found = store.topic(topic);
  if (found == nullptr) return records;
  for (size_t partition = 0; partition < found->partitions.size(); ++partition) {
    const PartitionLog& log = found->partitions[partition];
    for (const StoredBatch& batch : log.batches()) {
      ByteView bytes = log.records(batch);
      env::LogRecord record;
      while (env::next_log_record(bytes, record)) {
        records.push_back(sink_record(static_cast<int32_t>(partition), record, log, batch, batch.appended_us));
      }
    }
  }
  return records;
}

std::vector<SinkRecord> observed_records(const LogStore& store, const ReaderJournal& journal) {
  std::vector<SinkRecord> records;
  records.reserve(journal.records);
  for (const Observation& seen : journal.observations) {
    const PartitionLog* log = store.partition({journal.topic, seen.partition});
    CHECK(log != nullptr, "a reader reads a topic of this store");
    ByteView bytes = seen.batch.records;
    env::LogRecord record;
    while (env::next_log_record(bytes, record)) {
      const StoredBatch* batch = log->batch_at(record.offset);
      CHECK(batch != nullptr, "a reader saw an offset that the log does not have");
      records.push_back(sink_record(seen.partition, record, *log, *batch, seen.at_us));
    }
  }
  return records;
}

std::vector<HangingTransaction> hanging_transactions(const LogStore& store) {
  std::vector<HangingTransaction> hanging;
  for (const auto& [name, topic] : store.topics()) {
    for (size_t index = 0; index < topic.partitions.size(); ++index) {
      const env::TopicPartition partition{name, static_cast<int32_t>(index)};
      for (const PartitionTransaction& open : topic.partitions[index].transactions()) {
        if (open.outcome != Outcome::open) continue;
        const bool known =
            std::any_of(store.transactions().begin(), store.transactions().end(), [&](const auto& entry) {
              return entry.second.producer_id == open.producer_id && entry.second.partitions.contains(partition);
            });
        if (!known) hanging.push_back({partition, open.producer_id, open.epoch, open.first_offset});
      }
    }
  }
  return hanging;
}

bool quiescent(const LogStore& store, const std::string& topic) {
  const Topic* found = store.topic(topic);
  return found == nullptr || std::all_of(found->partitions.begin(), found->partitions.end(), is_stable);
}

// A coordinator may still be waiting for the word of a leader whose marker everybody can read already.
bool quiescent(const LogStore& store) {
  const auto is_prepared = [](const auto& entry) {
    const TransactionState state = entry.second.state;
    return state == TransactionState::PrepareCommit || state == TransactionState::PrepareAbort ||
           state == TransactionState::PrepareEpochFence;
  };
  return std::all_of(store.topics().begin(), store.topics().end(),
                     [&](const auto& topic) { return quiescent(store, topic.first); }) &&
         std::none_of(store.transactions().begin(), store.transactions().end(), is_prepared);
}

}  // namespace onceproof::simulator::log
