// SPDX-License-Identifier: Apache-2.0
// Slow checkpoint: one trigger, one snapshot or one acknowledgement takes long, and the rest of the job goes
// on. Effective when it found its message or its snapshot.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class SlowCheckpoint final : public FaultSource {
 public:
  explicit SlowCheckpoint(SlowCheckpointFault options) : options_(options) {}

  bool fire(FaultControl& control) override {
    switch (options_.part) {
      case SlowPart::trigger:
        control.delay_next(std::nullopt, env::MailKind::trigger_checkpoint, 1, options_.delay_us);
        break;
      case SlowPart::sync: control.stall_next(env::Point::snapshot_sync, options_.delay_us); break;
      case SlowPart::ack:
        control.delay_next(std::nullopt, env::MailKind::acknowledge_checkpoint, 1, options_.delay_us);
        break;
    }
    return true;
  }

 private:
  SlowCheckpointFault options_;
};

}  // namespace onceproof::simulator::faults
