// SPDX-License-Identifier: Apache-2.0
// Metadata: what the controller decides and everybody else learns: topics, who leads each partition in which
// epoch, who is in sync. Topics are fixed before the world's first step, so a partition's number (its place in
// the list) means the same to every broker and client for ever; requests carry numbers, never names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/env/log.h"

namespace onceproof::simulator::log {

using PartitionId = uint32_t;
inline constexpr int32_t kNoBroker = -1;
inline constexpr const char* kTransactionTopic = "__transaction_state";
inline constexpr const char* kOffsetsTopic = "__consumer_offsets";

struct TopicInfo {
  std::string name;
  PartitionId first = 0;
  int32_t partitions = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(name, first, partitions);
  }
};

struct PartitionInfo {
  int32_t leader = kNoBroker;
  uint32_t leader_epoch = 0;  // raised at every change of the leader, and when it comes back with an empty memory
  uint32_t version = 0;       // raised at every change at all: guards changes of the in-sync set
  std::vector<int32_t> replicas;  // the first one is preferred
  std::vector<int32_t> isr;       // never empty
  template <class Archive>
  void fields(Archive& archive) {
    archive(leader, leader_epoch, version, replicas, isr);
  }
};

struct ClusterImage {
  uint64_t version = 0;  // 0: nothing is known yet
  std::vector<TopicInfo> topics;  // the two internal ones first
  std::vector<PartitionInfo> partitions;

  const TopicInfo* topic(const std::string& name) const;
  std::optional<PartitionId> find(const env::TopicPartition& partition) const;
  env::TopicPartition name_of(PartitionId partition) const;
  // Where the coordinator of a transactional id or of a group keeps its state: who leads it coordinates.
  PartitionId transaction_partition(const std::string& transactional_id) const;
  PartitionId group_partition(const std::string& group) const;
  bool is_transaction_partition(PartitionId id) const { return id < static_cast<PartitionId>(topics[0].partitions); }
  bool is_offsets_partition(PartitionId id) const {
    return id >= topics[1].first && id < topics[1].first + static_cast<PartitionId>(topics[1].partitions);
  }

  template <class Archive>
  void fields(Archive& archive) {
    archive(version, topics, partitions);
  }
};

// A topic's partitions go round the brokers from a place that its name decides; replicas are the next brokers.
void place_topic(ClusterImage& image, const std::string& name, int32_t partitions, int32_t brokers, int32_t factor);

}  // namespace onceproof::simulator::log
