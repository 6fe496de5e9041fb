// SPDX-License-Identifier: Apache-2.0
// Reconnect: log clients lose connections on which requests are under way, and the requests still arrive, late, beside
// what the clients send again: the only way in which a request is met twice. Effective with the first such request.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class Reconnect final : public FaultSource {
 public:
  explicit Reconnect(ReconnectFault options) : options_(std::move(options)) {}

  bool fire(FaultControl& control) override {
    std::optional<env::ProcessId> sender;
    if (options_.target != "*") {
      sender = control.process(options_.target);
      if (!sender) return false;
    }
    if (options_.count > 0) control.reconnect_next(sender, options_.mail, options_.count, options_.delay_us);
    return true;
  }

 private:
  ReconnectFault options_;
};

}  // namespace onceproof::simulator::faults
