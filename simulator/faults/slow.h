// SPDX-License-Identifier: Apache-2.0
// Slow: a process computes at a fraction of its speed for a while (a noisy neighbour, a throttled container); also its
// next life, when it dies meanwhile. Effective when the process worked while it was slow.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class Slow final : public FaultSource {
 public:
  explicit Slow(SlowFault options) : options_(std::move(options)) {}

  bool fire(FaultControl& control) override {
    const auto target = control.process(options_.target);
    if (!target) return false;
    target_ = *target;
    fired_us_ = control.now();
    control.in_force();
    control.slow_down(target_, options_.cpu_percent);
    control.call_back(control.now() + options_.duration_us, 0);
    return true;
  }
  void on_timer(FaultControl& control, uint64_t) override {
    if (control.busy_since(target_, fired_us_)) control.effective();
    control.speed_up(target_);
    control.over();
  }

 private:
  SlowFault options_;
  env::ProcessId target_ = 0;
  TimeUs fired_us_ = 0;
};

}  // namespace onceproof::simulator::faults
