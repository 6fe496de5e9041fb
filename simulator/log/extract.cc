// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/extract.h"

#include <algorithm>
#include <tuple>

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

// The marker that decided the batch's transaction.
const StoredBatch* marker_of(const PartitionLog& log, const StoredBatch& batch) {
  if (batch.transaction < 0) return nullptr;
  const PartitionTransaction& transaction = log.transactions()[static_cast<size_t>(batch.transaction)];
  return transaction.outcome == Outcome::open ? nullptr : log.batch_at(transaction.marker_offset);
}

SinkRecord sink_record(int32_t partition, const env::LogRecord& record, const PartitionLog& log,
                       const StoredBatch& batch, TimeUs at_us) {
  const StoredBatch* marker = marker_of(log, batch);
  return {partition,         record.offset, record.timestamp_us,       record.key, record.value, record.lineage,
          batch.producer_id, batch.epoch,   visibility_of(log, batch), at_us,
          marker == nullptr ? -1 : marker->appended_us,
          marker == nullptr ? 0 : marker->number};
}

bool is_source(const LogCluster& log, const TopicInfo& topic) {
  int32_t partition = 0;
  return log.source(topic.first, partition) != nullptr;
}

bool is_stable(const LogCluster& log, const TopicInfo& topic) {
  for (int32_t i = 0; i < topic.partitions; ++i) {
    const PartitionLog& copy = log.partition(topic.first + static_cast<PartitionId>(i));
    if (copy.last_stable_offset() != copy.end_offset()) return false;
  }
  return true;
}

// What one record says about the transaction that it names.
void note_record(const TransactionMetadata& record, TimeUs at_us, std::map<uint64_t, TransactionEntry>& by_number) {
  if (record.number == 0) return;
  const auto found = by_number.find(record.number);
  if (record.state == TransactionState::Ongoing) {
    if (found != by_number.end()) return;
    by_number[record.number] = {.transactional_id = record.transactional_id,
                                .producer_id = record.writer_producer_id,
                                .epoch = record.writer_epoch,
                                .number = record.number,
                                .begun_us = at_us};
    return;
  }
  if (found == by_number.end()) return;  // the abort of nothing
  TransactionEntry& entry = found->second;
  switch (record.state) {
    case TransactionState::PrepareCommit:
    case TransactionState::PrepareAbort:
      entry.outcome = record.state == TransactionState::PrepareCommit ? Outcome::committed : Outcome::aborted;
      entry.decided_us = at_us;
      entry.timed_out = record.timed_out;
      entry.fenced = record.fenced;
      return;
    case TransactionState::CompleteCommit:
    case TransactionState::CompleteAbort: entry.completed_us = at_us; return;
    case TransactionState::Empty:
    case TransactionState::Ongoing: return;
  }
}

template <class Visit>
void each_transaction_record(const LogCluster& log, Visit visit) {
  const TopicInfo& topic = log.image().topics[0];
  for (int32_t i = 0; i < topic.partitions; ++i) {
    const PartitionLog& copy = log.partition(topic.first + static_cast<PartitionId>(i));
    for (const StoredBatch& batch : copy.batches()) {
      ByteView bytes = copy.records(batch);
      env::LogRecord record;
      while (env::next_log_record(bytes, record)) {
        TransactionMetadata metadata;
        CHECK(decode(record.value, metadata), "the transaction log holds its records");
        visit(std::move(metadata), batch.appended_us);
      }
    }
  }
}

}  // namespace

std::vector<SinkRecord> sink_records(const LogCluster& log, const std::string& topic) {
  std::vector<SinkRecord> records;
  const TopicInfo* found = log.image().topic(topic);
  if (found == nullptr || is_source(log, *found)) return records;
  size_t count = 0;
  for (int32_t partition = 0; partition < found->partitions; ++partition) {
    for (const StoredBatch& batch : log.partition(found->first + static_cast<PartitionId>(partition)).batches()) {
      count += batch.control ? 0 : batch.count;
    }
  }
  records.reserve(count);
  for (int32_t partition = 0; partition < found->partitions; ++partition) {
    const PartitionLog& copy = log.partition(found->first + static_cast<PartitionId>(partition));
    for (const StoredBatch& batch : copy.batches()) {
      ByteView bytes = copy.records(batch);
      env::LogRecord record;
      while (env::next_log_record(bytes, record)) {
        records.push_back(sink_record(partition, record, copy, batch, batch.appended_us));
      }
    }
  }
  return records;
}

std::vector<SinkRecord> observed_records(const LogCluster& log, const ReaderJournal& journal) {
  std::vector<SinkRecord> records;
  records.reserve(journal.records);
  for (const Observation& seen : journal.observations) {
    const PartitionLog* copy = log.partition({journal.topic, seen.partition});
    CHECK(copy != nullptr, "a reader reads a topic of this log");
    ByteView bytes = seen.batch.records;
    env::LogRecord record;
    while (env::next_log_record(bytes, record)) {
      const StoredBatch* batch = copy->batch_at(record.offset);
      CHECK(batch != nullptr, "a reader saw an offset that the log does not have");
      records.push_back(sink_record(seen.partition, record, *copy, *batch, seen.at_us));
    }
  }
  return records;
}

std::map<std::string, TransactionMetadata> transactions(const LogCluster& log) {
  std::map<std::string, TransactionMetadata> present;
  each_transaction_record(log, [&](TransactionMetadata record, TimeUs) {
    const std::string id = record.transactional_id;
    present[id] = std::move(record);
  });
  return present;
}

std::vector<TransactionEntry> transaction_history(const LogCluster& log) {
  std::map<std::string, std::map<uint64_t, TransactionEntry>> by_id;
  each_transaction_record(log, [&](const TransactionMetadata& record, TimeUs at_us) {
    note_record(record, at_us, by_id[record.transactional_id]);
  });
  std::vector<TransactionEntry> history;
  for (const auto& [id, by_number] : by_id) {
    for (const auto& [number, entry] : by_number) history.push_back(entry);
  }
  std::stable_sort(history.begin(), history.end(), [](const TransactionEntry& a, const TransactionEntry& b) {
    return std::tie(a.begun_us, a.transactional_id) < std::tie(b.begun_us, b.transactional_id);
  });
  return history;
}

std::vector<HangingTransaction> hanging_transactions(const LogCluster& log) {
  std::vector<HangingTransaction> hanging;
  const std::map<std::string, TransactionMetadata> known = transactions(log);
  for (const TopicInfo& topic : log.image().topics) {
    if (is_source(log, topic)) continue;
    for (int32_t i = 0; i < topic.partitions; ++i) {
      const PartitionId id = topic.first + static_cast<PartitionId>(i);
      for (const PartitionTransaction& open : log.partition(id).transactions()) {
        if (open.outcome != Outcome::open) continue;
        const bool held = std::any_of(known.begin(), known.end(), [&](const auto& entry) {
          const std::vector<PartitionId>& parts = entry.second.partitions;
          return entry.second.producer_id == open.producer_id && std::binary_search(parts.begin(), parts.end(), id);
        });
        if (!held) hanging.push_back({{topic.name, i}, open.producer_id, open.epoch, open.first_offset});
      }
    }
  }
  return hanging;
}

bool quiescent(const LogCluster& log, const std::string& topic) {
  const TopicInfo* found = log.image().topic(topic);
  return found == nullptr || is_source(log, *found) || is_stable(log, *found);
}

// A coordinator may still be waiting for the word of a leader whose marker everybody can read already.
bool quiescent(const LogCluster& log) {
  const bool stable = std::all_of(log.image().topics.begin(), log.image().topics.end(), [&](const TopicInfo& topic) {
    return is_source(log, topic) || is_stable(log, topic);
  });
  if (!stable) return false;
  const std::map<std::string, TransactionMetadata> known = transactions(log);
  return std::none_of(known.begin(), known.end(), [](const auto& entry) { return is_prepared(entry.second.state); });
}

bool caught_up(const LogCluster& log, const ReaderJournal& journal) {
  const TopicInfo* topic = log.image().topic(journal.topic);
  if (topic == nullptr) return true;
  Bytes ignored;
  for (int32_t i = 0; i < topic->partitions; ++i) {
    const PartitionLog& copy = log.partition(topic->first + static_cast<PartitionId>(i));
    const auto next = copy.read(journal.next_offset[static_cast<size_t>(i)], env::Isolation::read_committed, 1, ignored);
    if (!next.ok() || next.value().count > 0) return false;
  }
  return true;
}

}  // namespace onceproof::simulator::log
