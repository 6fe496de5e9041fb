// SPDX-License-Identifier: Apache-2.0
// Move leader: the log's controller lets another copy lead a partition (or coordinate, where the partition is internal),
// and later moves it once more. Effective when another broker leads at the end than at the beginning.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class MoveLeader final : public FaultSource {
 public:
  explicit MoveLeader(MoveLeaderFault options) : options_(options) {}

  bool fire(FaultControl& control) override {
    before_ = control.leader(options_.topic, options_.partition);
    if (!before_) return false;
    control.in_force();
    control.move_leader(options_.topic, options_.partition);
    control.call_back(control.now() + options_.duration_us, 0);
    return true;
  }
  void on_timer(FaultControl& control, uint64_t) override {
    if (control.leader(options_.topic, options_.partition) != before_) {
      control.effective();
      control.move_leader(options_.topic, options_.partition);
    }
    control.over();
  }

 private:
  MoveLeaderFault options_;
  std::optional<int32_t> before_;
};

}  // namespace onceproof::simulator::faults
