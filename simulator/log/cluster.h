// SPDX-License-Identifier: Apache-2.0
// LogCluster: the brokers of one world, their controller, the factory of log clients, and what lies on their
// disks. Make it before the World and let it outlive the World. The world's own view (reading the logs, moving a
// leader) is for scenarios, faults and tests; brokers and clients share no memory and never call it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "simulator/fault_levers.h"
#include "simulator/log/controller_state.h"
#include "simulator/log/options.h"
#include "simulator/log/partition_log.h"
#include "simulator/log/source_topic.h"
#include "simulator/world.h"

namespace onceproof::simulator::log {

// What survives a crash of one broker: its copies of the partitions. By number; nullptr: it has no copy.
// Page cache survives a crash of the process; the loss of a host's power is not modelled.
struct BrokerDisk {
  std::vector<std::unique_ptr<PartitionLog>> copies;
};

class LogCluster final : public LogLevers {
 public:
  explicit LogCluster(ClusterOptions options);
  LogCluster(const LogCluster&) = delete;
  LogCluster& operator=(const LogCluster&) = delete;

  // ---- before the world's first step -------------------------------------------------------------------------
  void add_topic(const std::string& name, int32_t partitions);
  void add_source(std::shared_ptr<const SourceTopic> source);  // preloaded and read-only
  // Adds the processes "broker-0", "broker-1", ... and "controller", makes Env::open_log() give out clients of this
  // cluster, and tells the world how to move a leader.
  void join(World& world);

  const ClusterOptions& options() const { return options_; }
  // Process of each broker index; known once join() has returned.
  const std::vector<env::ProcessId>& processes() const { return processes_; }
  env::ProcessId controller_process() const { return controller_process_; }

  // ---- the world's view --------------------------------------------------------------------------------------
  const ClusterImage& image() const { return controller_.image(); }
  int32_t leader(const env::TopicPartition& partition) const;
  int32_t coordinator(const std::string& transactional_id) const;
  int32_t group_coordinator(const std::string& group) const;
  // The leader's copy; without a leader the longest in-sync one. nullptr: unknown, or a source.
  const PartitionLog* partition(const env::TopicPartition& partition) const;
  const PartitionLog& partition(PartitionId id) const;
  const PartitionLog* copy(int32_t broker, const env::TopicPartition& partition) const;
  // The controller moves the leader of a partition to another in-sync broker, as an operator would have it. False:
  // there is no such partition. Whether there is another broker is for the controller to see.
  bool move_leader(const std::string& topic, int32_t partition);
  // The same by what a topic is for: the sink's is the first that is neither internal nor a source.
  std::optional<int32_t> leader(LogTopic topic, int32_t partition) const override;
  void move_leader(LogTopic topic, int32_t partition) override;

  // How far sources have asked for a source topic's partition, each time that one asked for more, in the order of the
  // times: it is done with what lies below.
  struct Asked {
    TimeUs at_us = 0;
    int64_t offset = 0;
  };
  const std::vector<Asked>& asked(const env::TopicPartition& partition) const;
  int64_t asked() const { return asked_total_; }  // over all source partitions

  // ---- for the cluster's own actors --------------------------------------------------------------------------
  ControllerState& controller() { return controller_; }
  BrokerDisk& disk(int32_t broker) { return disks_[static_cast<size_t>(broker)]; }
  const SourceTopic* source(PartitionId id, int32_t& partition) const;
  // False from the moment a crash has struck, also inside the crashing handler itself.
  bool alive(env::ProcessId process) const { return world_->alive(process); }
  void note_asked(PartitionId id, int64_t offset);

 private:
  void make_copies();
  const TopicInfo* topic_for(LogTopic use) const;

  ClusterOptions options_;
  ControllerState controller_;
  std::vector<BrokerDisk> disks_;
  std::vector<std::shared_ptr<const SourceTopic>> sources_;
  std::vector<std::vector<Asked>> asked_;  // by number
  int64_t asked_total_ = 0;
  World* world_ = nullptr;
  std::vector<env::ProcessId> processes_;
  env::ProcessId controller_process_ = 0;
};

}  // namespace onceproof::simulator::log
