// SPDX-License-Identifier: Apache-2.0
// Delay: the next messages of one kind leave their sender late, and whatever else it sends on the same connection
// waits behind them (a full send buffer): order is kept. Effective with the first message that it delays.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class Delay final : public FaultSource {
 public:
  explicit Delay(DelayFault options) : options_(std::move(options)) {}

  bool fire(FaultControl& control) override {
    std::optional<env::ProcessId> sender;
    if (options_.target != "*") {
      sender = control.process(options_.target);
      if (!sender) return false;
    }
    if (options_.count > 0) control.delay_next(sender, options_.mail, options_.count, options_.delay_us);
    return true;
  }

 private:
  DelayFault options_;
};

}  // namespace onceproof::simulator::faults
