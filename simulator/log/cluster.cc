// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/cluster.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulator/kernel.h"
#include "simulator/log/broker.h"
#include "simulator/log/client.h"
#include "simulator/log/controller.h"

namespace onceproof::simulator::log {

LogCluster::LogCluster(ClusterOptions options) : options_(options), controller_(options.brokers) {
  CHECK(options_.replication_factor >= 1 && options_.replication_factor <= options_.brokers,
        "there are at most as many copies as brokers");
  add_topic(kTransactionTopic, options_.transaction_partitions);
  add_topic(kOffsetsTopic, options_.offsets_partitions);
}

void LogCluster::add_topic(const std::string& name, int32_t partitions) {
  place_topic(controller_.image(), name, partitions, options_.brokers, options_.replication_factor);
  sources_.emplace_back();
}

void LogCluster::add_source(std::shared_ptr<const SourceTopic> source) {
  CHECK(source != nullptr, "a source topic has content");
  const auto partitions = static_cast<int32_t>(source->partitions().size());
  place_topic(controller_.image(), source->name(), partitions, options_.brokers, options_.replication_factor);
  sources_.push_back(std::move(source));
}

const SourceTopic* LogCluster::source(PartitionId id, int32_t& partition) const {
  const std::vector<TopicInfo>& topics = image().topics;
  for (size_t i = 0; i < topics.size(); ++i) {
    if (id >= topics[i].first + static_cast<PartitionId>(topics[i].partitions)) continue;
    partition = static_cast<int32_t>(id - topics[i].first);
    return sources_[i].get();
  }
  return nullptr;
}

// Before a broker's first mail: topics may be added between join() and the first step.
void LogCluster::make_copies() {
  if (!disks_.empty()) return;
  disks_.resize(static_cast<size_t>(options_.brokers));
  for (BrokerDisk& disk : disks_) disk.copies.resize(image().partitions.size());
  for (PartitionId id = 0; id < image().partitions.size(); ++id) {
    int32_t partition = 0;
    if (source(id, partition) != nullptr) continue;
    for (const int32_t broker : image().partitions[id].replicas) {
      disks_[static_cast<size_t>(broker)].copies[id] = std::make_unique<PartitionLog>(options_.bugs);
    }
  }
}

void LogCluster::join(World& world) {
  CHECK(world_ == nullptr, "a log cluster joins one world");
  world_ = &world;
  for (int32_t index = 0; index < options_.brokers; ++index) {
    processes_.push_back(world.add_process(fmt::format("broker-{}", index), [this, index](env::Env& env) {
      make_copies();
      return std::make_unique<Broker>(env, *this, index);
    }));
  }
  controller_process_ =
      world.add_process("controller", [this](env::Env& env) { return std::make_unique<Controller>(env, *this); });
  world.set_log_factory([this](env::Env& env, const std::string&) {
    return std::make_unique<Client>(env, options_, processes_);
  });
  world.kernel().set_log_levers(this);
}

int32_t LogCluster::leader(const env::TopicPartition& partition) const {
  const auto id = image().find(partition);
  return id ? image().partitions[*id].leader : kNoBroker;
}
int32_t LogCluster::coordinator(const std::string& transactional_id) const {
  return image().partitions[image().transaction_partition(transactional_id)].leader;
}
int32_t LogCluster::group_coordinator(const std::string& group) const {
  return image().partitions[image().group_partition(group)].leader;
}

const PartitionLog& LogCluster::partition(PartitionId id) const {
  static const PartitionLog never_written;
  if (disks_.empty()) return never_written;
  const PartitionInfo& info = image().partitions[id];
  int32_t best = info.leader;
  for (const int32_t broker : info.isr) {
    if (info.leader != kNoBroker) break;
    const auto end = [&](int32_t b) { return disks_[static_cast<size_t>(b)].copies[id]->end_offset(); };
    if (best == kNoBroker || end(broker) > end(best)) best = broker;
  }
  return *disks_[static_cast<size_t>(best)].copies[id];
}

const PartitionLog* LogCluster::partition(const env::TopicPartition& partition) const {
  const auto id = image().find(partition);
  int32_t index = 0;
  if (!id || source(*id, index) != nullptr) return nullptr;
  return &this->partition(*id);
}

const PartitionLog* LogCluster::copy(int32_t broker, const env::TopicPartition& partition) const {
  const auto id = image().find(partition);
  if (!id || disks_.empty()) return nullptr;
  return disks_[static_cast<size_t>(broker)].copies[*id].get();
}

const TopicInfo* LogCluster::topic_for(LogTopic use) const {
  const std::vector<TopicInfo>& topics = image().topics;
  if (use == LogTopic::transactions) return &topics[0];
  if (use == LogTopic::offsets) return &topics[1];
  for (size_t i = 2; i < topics.size(); ++i) {
    if ((sources_[i] != nullptr) == (use == LogTopic::source)) return &topics[i];
  }
  return nullptr;
}

std::optional<int32_t> LogCluster::leader(LogTopic use, int32_t partition) const {
  const TopicInfo* topic = topic_for(use);
  if (topic == nullptr || partition < 0 || partition >= topic->partitions) return std::nullopt;
  return leader(env::TopicPartition{topic->name, partition});
}

void LogCluster::move_leader(LogTopic use, int32_t partition) {
  const TopicInfo* topic = topic_for(use);
  if (topic != nullptr) static_cast<void>(move_leader(topic->name, partition));
}

bool LogCluster::move_leader(const std::string& topic, int32_t partition) {
  const auto id = image().find({topic, partition});
  if (!id) return false;
  Kernel& kernel = world_->kernel();
  Binding* controller = kernel.bound(controller_process_, env::kMainEndpoint);
  if (controller != nullptr) kernel.post(*controller, env::MailKind::move_leader, *id, 0);
  return true;
}

const std::vector<LogCluster::Asked>& LogCluster::asked(const env::TopicPartition& partition) const {
  static const std::vector<Asked> nothing;
  const std::optional<PartitionId> id = image().find(partition);
  return id && *id < asked_.size() ? asked_[*id] : nothing;
}

void LogCluster::note_asked(PartitionId id, int64_t offset) {
  if (id >= asked_.size()) asked_.resize(id + 1);
  std::vector<Asked>& asked = asked_[id];
  const int64_t before = asked.empty() ? 0 : asked.back().offset;
  if (offset <= before) return;
  asked_total_ += offset - before;
  asked.push_back({world_->now(), offset});
}

}  // namespace onceproof::simulator::log
