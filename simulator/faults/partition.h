// SPDX-License-Identifier: Apache-2.0
// Partition: no message passes between the target and its peer for a while. hold: TCP resends, everything
// arrives after healing, in order; reset: connections are lost and both sides told. Effective when a message
// was held or a connection lost.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class Partition final : public FaultSource {
 public:
  explicit Partition(PartitionFault options) : options_(std::move(options)) {}

  bool fire(FaultControl& control) override {
    targets_ = control.processes(options_.target);
    if (targets_.empty() || control.processes(options_.peer).empty()) return false;
    control.in_force();
    control.cut(targets_, options_.peer, options_.direction, options_.mode);
    control.call_back(control.now() + options_.duration_us, 0);
    return true;
  }
  void on_timer(FaultControl& control, uint64_t) override {
    control.heal_cut(targets_, options_.peer);
    control.over();
  }

 private:
  PartitionFault options_;
  std::vector<env::ProcessId> targets_;
};

}  // namespace onceproof::simulator::faults
