// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/log_store.h"

#include "runtime/base/hash.h"

namespace onceproof::simulator::log {

void LogStore::add_topic(const std::string& name, int32_t partitions) {
  CHECK(partitions > 0, "a topic has at least one partition");
  Topic topic{.hash = hash64(name), .source = nullptr, .partitions = {}};
  topic.partitions.assign(static_cast<size_t>(partitions), PartitionLog(bugs_));
  CHECK(topics_.emplace(name, std::move(topic)).second, "a topic was added twice");
}

void LogStore::add_source(std::shared_ptr<const SourceTopic> source) {
  CHECK(source != nullptr, "a source topic has content");
  const std::string name = source->name();
  const bool added =
      topics_.emplace(name, Topic{.hash = hash64(name), .source = std::move(source), .partitions = {}}).second;
  CHECK(added, "a topic was added twice");
}

const Topic* LogStore::topic(const std::string& name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

const PartitionLog* LogStore::partition(const env::TopicPartition& partition) const {
  const Topic* found = topic(partition.topic);
  if (found == nullptr || partition.partition < 0) return nullptr;
  const auto index = static_cast<size_t>(partition.partition);
  return index < found->partitions.size() ? &found->partitions[index] : nullptr;
}

PartitionLog* LogStore::partition(const env::TopicPartition& partition) {
  return const_cast<PartitionLog*>(std::as_const(*this).partition(partition));
}

int32_t LogStore::leader(const env::TopicPartition& partition) const {
  const Topic* found = topic(partition.topic);
  const uint64_t hash = found != nullptr ? found->hash : hash64(partition.topic);
  return static_cast<int32_t>((hash + static_cast<uint64_t>(partition.partition)) % static_cast<uint64_t>(brokers_));
}

int32_t LogStore::coordinator(const std::string& transactional_id) const {
  return static_cast<int32_t>(hash64(transactional_id) % static_cast<uint64_t>(brokers_));
}

int32_t LogStore::group_coordinator(const std::string& group) const {
  return static_cast<int32_t>(hash64(group) % static_cast<uint64_t>(brokers_));
}

}  // namespace onceproof::simulator::log
