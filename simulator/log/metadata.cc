// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/metadata.h"

#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace onceproof::simulator::log {

const TopicInfo* ClusterImage::topic(const std::string& name) const {
  for (const TopicInfo& topic : topics) {
    if (topic.name == name) return &topic;
  }
  return nullptr;
}

std::optional<PartitionId> ClusterImage::find(const env::TopicPartition& partition) const {
  const TopicInfo* found = topic(partition.topic);
  if (found == nullptr || partition.partition < 0 || partition.partition >= found->partitions) return std::nullopt;
  return found->first + static_cast<PartitionId>(partition.partition);
}

env::TopicPartition ClusterImage::name_of(PartitionId partition) const {
  for (const TopicInfo& topic : topics) {
    if (partition < topic.first + static_cast<PartitionId>(topic.partitions)) {
      return {topic.name, static_cast<int32_t>(partition - topic.first)};
    }
  }
  CHECK(false, "there is no such partition");
}

PartitionId ClusterImage::transaction_partition(const std::string& transactional_id) const {
  return static_cast<PartitionId>(hash64(transactional_id) % static_cast<uint64_t>(topics[0].partitions));
}

PartitionId ClusterImage::group_partition(const std::string& group) const {
  return topics[1].first + static_cast<PartitionId>(hash64(group) % static_cast<uint64_t>(topics[1].partitions));
}

void place_topic(ClusterImage& image, const std::string& name, int32_t partitions, int32_t brokers, int32_t factor) {
  CHECK(partitions > 0, "a topic has at least one partition");
  CHECK(image.topic(name) == nullptr, "a topic was added twice");
  image.topics.push_back({name, static_cast<PartitionId>(image.partitions.size()), partitions});
  const uint64_t hash = hash64(name) % static_cast<uint64_t>(brokers);
  for (int32_t index = 0; index < partitions; ++index) {
    PartitionInfo& partition = image.partitions.emplace_back();
    for (int32_t copy = 0; copy < factor; ++copy) {
      const auto place = hash + static_cast<uint64_t>(index) + static_cast<uint64_t>(copy);
      partition.replicas.push_back(static_cast<int32_t>(place % static_cast<uint64_t>(brokers)));
    }
    partition.leader = partition.replicas.front();
    partition.isr = partition.replicas;
  }
}

}  // namespace onceproof::simulator::log
