// SPDX-License-Identifier: Apache-2.0
// LogStore: the durable state of the whole log: topics, the transaction log, consumer groups. It is replicated
// elsewhere, so it survives every broker's crash; brokers keep only what a real one would lose. Brokers write,
// each only what it leads; scenarios and tests read.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/log/partition_log.h"
#include "simulator/log/source_topic.h"

namespace onceproof::simulator::log {

struct Topic {
  uint64_t hash = 0;
  std::shared_ptr<const SourceTopic> source;  // set: preloaded and read-only
  std::vector<PartitionLog> partitions;       // empty when `source` is set
  size_t partition_count() const { return source ? source->partitions().size() : partitions.size(); }
};

// Static members only (KIP-345): a join with an instance id fences that instance's earlier members.
struct Group {
  uint64_t last_epoch = 0;
  std::map<std::string, uint64_t> members;  // instance id -> member epoch
  std::map<env::TopicPartition, int64_t> offsets;
};

class LogStore {
 public:
  explicit LogStore(int32_t brokers, SeededBugs bugs = {}) : brokers_(brokers), bugs_(bugs) {}
  LogStore(const LogStore&) = delete;
  LogStore& operator=(const LogStore&) = delete;

  void add_topic(const std::string& name, int32_t partitions);
  void add_source(std::shared_ptr<const SourceTopic> source);

  // nullptr: unknown.
  const Topic* topic(const std::string& name) const;
  PartitionLog* partition(const env::TopicPartition& partition);  // of a written topic
  const PartitionLog* partition(const env::TopicPartition& partition) const;
  const std::map<std::string, Topic>& topics() const { return topics_; }

  // Broker indexes, the same at every client and broker.
  int32_t leader(const env::TopicPartition& partition) const;
  int32_t coordinator(const std::string& transactional_id) const;
  int32_t group_coordinator(const std::string& group) const;
  int32_t brokers() const { return brokers_; }
  SeededBugs bugs() const { return bugs_; }

  uint64_t next_producer_id() { return next_producer_id_++; }
  std::map<std::string, TransactionMetadata>& transactions() { return transactions_; }
  const std::map<std::string, TransactionMetadata>& transactions() const { return transactions_; }
  std::vector<TransactionEntry>& history() { return history_; }
  const std::vector<TransactionEntry>& history() const { return history_; }
  std::map<std::string, Group>& groups() { return groups_; }

 private:
  int32_t brokers_;
  SeededBugs bugs_;
  std::map<std::string, Topic> topics_;
  std::map<std::string, TransactionMetadata> transactions_;
  std::vector<TransactionEntry> history_;
  std::map<std::string, Group> groups_;
  uint64_t next_producer_id_ = 1;
};

}  // namespace onceproof::simulator::log
