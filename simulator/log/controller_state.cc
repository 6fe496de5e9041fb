// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/controller_state.h"

#include <algorithm>

namespace onceproof::simulator::log {

namespace {
bool contains(const std::vector<int32_t>& set, int32_t broker) {
  return std::find(set.begin(), set.end(), broker) != set.end();
}
}  // namespace

void ControllerState::lead(PartitionInfo& partition, int32_t leader) {
  partition.leader = leader;
  ++partition.leader_epoch;
  ++partition.version;
}

// In the order of the replicas: the preferred one first.
int32_t ControllerState::successor(const PartitionInfo& partition) const {
  for (const int32_t broker : partition.replicas) {
    if (broker != partition.leader && live(broker) && contains(partition.isr, broker)) return broker;
  }
  return kNoBroker;
}

uint64_t ControllerState::register_broker(int32_t broker, uint64_t life) {
  BrokerState& state = brokers_[static_cast<size_t>(broker)];
  state.life = life;
  const bool first = state.epoch == 0;
  state.epoch = ++last_epoch_;
  if (first) {
    state.live = true;
    ++image_.version;
    return state.epoch;
  }
  if (state.live) fence(broker);
  unfence(broker);
  return state.epoch;
}

bool ControllerState::fence(int32_t broker) {
  brokers_[static_cast<size_t>(broker)].live = false;
  bool changed = false;
  for (PartitionInfo& partition : image_.partitions) {
    if (!contains(partition.isr, broker)) continue;
    changed = true;
    if (partition.isr.size() > 1) {
      std::erase(partition.isr, broker);
      ++partition.version;
    }
    if (partition.leader == broker) lead(partition, successor(partition));
  }
  if (changed) ++image_.version;
  return changed;
}

bool ControllerState::unfence(int32_t broker) {
  brokers_[static_cast<size_t>(broker)].live = true;
  for (PartitionInfo& partition : image_.partitions) {
    if (partition.leader == kNoBroker && contains(partition.isr, broker)) lead(partition, broker);
  }
  ++image_.version;
  return true;
}

bool ControllerState::alter_isr(int32_t leader, PartitionId id, uint32_t leader_epoch, uint32_t version,
                                const std::vector<int32_t>& isr) {
  PartitionInfo& partition = image_.partitions[id];
  const bool knows = partition.leader == leader && partition.leader_epoch == leader_epoch;
  if (!knows || partition.version != version || !contains(isr, leader)) return false;
  for (const int32_t broker : isr) {
    if (!contains(partition.replicas, broker) || !live(broker)) return false;
  }
  partition.isr = isr;
  ++partition.version;
  ++image_.version;
  return true;
}

bool ControllerState::move_leader(PartitionId id) {
  PartitionInfo& partition = image_.partitions[id];
  const int32_t next = successor(partition);
  if (next == kNoBroker) return false;
  lead(partition, next);
  ++image_.version;
  return true;
}

}  // namespace onceproof::simulator::log
