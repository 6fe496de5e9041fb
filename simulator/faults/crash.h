// SPDX-License-Identifier: Apache-2.0
// Crash: the process dies where it stands, possibly in the middle of a handler, and comes back after a delay
// with an empty memory. Model: SIGKILL, or with no notice to the peers the loss of its host. Effective when the
// process was alive.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class Crash final : public FaultSource {
 public:
  explicit Crash(CrashFault options) : options_(std::move(options)) {}

  bool fire(FaultControl& control) override {
    const auto target = control.process(options_.target);
    if (!target) return false;
    if (!control.alive(*target)) return true;  // fired at a dead process: no effect, nothing to heal
    target_ = *target;
    control.effective();
    control.in_force();
    control.crash(*target, options_.notice == Notice::silent);
    control.call_back(control.now() + options_.restart_after_us, 0);
    return true;
  }
  void on_timer(FaultControl& control, uint64_t) override {
    control.restart(target_);
    control.over();
  }

 private:
  CrashFault options_;
  env::ProcessId target_ = 0;
};

}  // namespace onceproof::simulator::faults
