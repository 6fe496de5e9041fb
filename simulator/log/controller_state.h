// SPDX-License-Identifier: Apache-2.0
// ControllerState: the decisions of Kafka's controller (ReplicationControlManager.java) without messages or
// timers: who leads, who is in sync, which brokers live. Durable. Invariants: a leader is in sync (no unclean
// election); the in-sync set is never empty; every new leader has a higher epoch than all before it.
#pragma once

#include <vector>

#include "simulator/log/metadata.h"

namespace onceproof::simulator::log {

class ControllerState {
 public:
  explicit ControllerState(int32_t brokers) : brokers_(static_cast<size_t>(brokers)) {}

  ClusterImage& image() { return image_; }
  const ClusterImage& image() const { return image_; }

  // A broker process began a life: a new broker epoch. What it led in an earlier life gets a new leader, or itself
  // again with a higher epoch, because its memory is gone.
  uint64_t register_broker(int32_t broker, uint64_t life);
  uint64_t broker_epoch(int32_t broker) const { return brokers_[static_cast<size_t>(broker)].epoch; }
  uint64_t life(int32_t broker) const { return brokers_[static_cast<size_t>(broker)].life; }  // which has that epoch
  bool live(int32_t broker) const { return brokers_[static_cast<size_t>(broker)].live; }
  // Its session is over: it leaves every in-sync set that has another member. True when anything changed.
  bool fence(int32_t broker);
  // It is heard of again: partitions that waited for it get their leader back.
  bool unfence(int32_t broker);
  // The leader asks for another in-sync set. False: refused (it is no longer the leader, its knowledge is old, or a
  // new member is not alive).
  bool alter_isr(int32_t leader, PartitionId partition, uint32_t leader_epoch, uint32_t version,
                 const std::vector<int32_t>& isr);
  // Another live in-sync broker takes over; the preferred one, if it can and does not lead now. False: there is none.
  bool move_leader(PartitionId partition);

 private:
  struct BrokerState {
    uint64_t epoch = 0;  // 0: never registered
    uint64_t life = 0;
    bool live = false;
  };
  int32_t successor(const PartitionInfo& partition) const;
  void lead(PartitionInfo& partition, int32_t leader);

  ClusterImage image_;
  std::vector<BrokerState> brokers_;
  uint64_t last_epoch_ = 0;
};

}  // namespace onceproof::simulator::log
