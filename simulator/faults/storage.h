// SPDX-License-Identifier: Apache-2.0
// Storage: calls of the checkpoint storage fail, fail although they did their work, hang or are slow, for a while and
// for those processes and paths alone. Model: a file server that is overloaded, cut off or full. Healing lets go of the
// calls that hang. Effective with the first call that suffers.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class Storage final : public FaultSource {
 public:
  explicit Storage(StorageFault options) : options_(std::move(options)) {}

  bool fire(FaultControl& control) override {
    StorageFault what = options_;
    if (what.target == "@hit") {
      const auto hit = control.process(what.target);
      if (!hit) return false;
      what.target = control.name(*hit);
    }
    control.in_force();
    control.fail_storage(std::move(what));
    control.call_back(control.now() + options_.duration_us, 0);
    return true;
  }
  void on_timer(FaultControl& control, uint64_t) override {
    control.heal_storage();
    control.over();
  }

 private:
  StorageFault options_;
};

}  // namespace onceproof::simulator::faults
