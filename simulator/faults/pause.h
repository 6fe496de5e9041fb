// SPDX-License-Identifier: Apache-2.0
// Pause: the process stops and does not know it (a long garbage collection, SIGSTOP); afterwards it goes on
// with everything that was held for it, in order: the zombie. A handler that is running when the pause
// strikes finishes, but what it sends from then on leaves after the pause. Effective when anything was held.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class Pause final : public FaultSource {
 public:
  explicit Pause(PauseFault options) : options_(std::move(options)) {}

  bool fire(FaultControl& control) override {
    const auto target = control.process(options_.target);
    if (!target) return false;
    if (!control.alive(*target)) return true;
    target_ = *target;
    control.in_force();
    control.pause(*target);
    control.call_back(control.now() + options_.duration_us, 0);
    return true;
  }
  void on_timer(FaultControl& control, uint64_t) override {
    if (control.resume(target_)) control.effective();
    control.over();
  }

 private:
  PauseFault options_;
  env::ProcessId target_ = 0;
};

}  // namespace onceproof::simulator::faults
