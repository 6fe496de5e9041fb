// SPDX-License-Identifier: Apache-2.0
// DurableDisk: the only way in which a broker writes its copies. A fault may kill the process at any point; from
// then on nothing reaches the disk, whatever the dying handler still does, so that no forgotten check can write
// after death. Reading is free. One for each life of a broker.
#pragma once

#include "runtime/env/probe.h"
#include "simulator/log/cluster.h"

namespace onceproof::simulator::log {

class DurableDisk {
 public:
  DurableDisk(LogCluster& cluster, int32_t broker, env::ProcessId process, env::Probe& probe)
      : cluster_(cluster), disk_(cluster.disk(broker)), process_(process), probe_(probe) {}

  bool alive() const { return cluster_.alive(process_); }
  const PartitionLog* copy(PartitionId id) const { return disk_.copies[id].get(); }

  // False: the process is dead, nothing was written and nothing more may be done.
  template <class Write>
  [[nodiscard]] bool write(PartitionId id, Write act) {
    if (!alive()) return false;
    act(*disk_.copies[id]);
    return true;
  }
  // A point without a write of its own, or one half of a step that ends later.
  [[nodiscard]] bool hit(env::Point point, env::Phase phase, const env::ProbeArgs& args) {
    if (!alive()) return false;
    probe_.hit(point, phase, args);
    return alive();
  }
  // before -> write -> after.
  template <class Write>
  [[nodiscard]] bool step(env::Point point, const env::ProbeArgs& args, PartitionId id, Write act) {
    return hit(point, env::Phase::before, args) && write(id, act) && hit(point, env::Phase::after, args);
  }

 private:
  LogCluster& cluster_;
  BrokerDisk& disk_;
  env::ProcessId process_;
  env::Probe& probe_;
};

}  // namespace onceproof::simulator::log
