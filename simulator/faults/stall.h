// SPDX-License-Identifier: Apache-2.0
// Stall: the actor that hits a protocol point is held there, before or after the effect (a long system call, a page
// fault, a scheduler that looks away): what it does behind the point leaves late, its mailbox fills. The rest of the
// process goes on. Effective when there was such an actor.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class Stall final : public FaultSource {
 public:
  explicit Stall(StallFault options) : options_(std::move(options)) {}

  bool fire(FaultControl& control) override {
    const auto target = control.process(options_.target);
    if (!target) return false;
    if (!control.alive(*target)) return true;
    if (!control.stall(*target, options_.target == "@hit", options_.delay_us)) return true;
    control.effective();
    control.in_force();
    control.call_back(control.now() + options_.delay_us, 0);
    return true;
  }
  void on_timer(FaultControl& control, uint64_t) override { control.over(); }

 private:
  StallFault options_;
};

}  // namespace onceproof::simulator::faults
