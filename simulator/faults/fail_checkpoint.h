// SPDX-License-Identifier: Apache-2.0
// Fail checkpoint: one write of the checkpoint storage is refused. The nasty kind is store_but_written: the
// storage says "failed" and the data are durable. Effective when a call was refused.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class FailCheckpoint final : public FaultSource {
 public:
  explicit FailCheckpoint(FailCheckpointFault options) : options_(options) {}

  bool fire(FaultControl& control) override {
    switch (options_.part) {
      case FailPart::store: control.fail_next_sync("jobmanager", false); break;
      case FailPart::store_but_written: control.fail_next_sync("jobmanager", true); break;
      case FailPart::task: control.fail_next_append("taskmanager"); break;
    }
    return true;
  }

 private:
  FailCheckpointFault options_;
};

}  // namespace onceproof::simulator::faults
