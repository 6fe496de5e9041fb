// SPDX-License-Identifier: Apache-2.0
// Fail checkpoint: one write of the checkpoint storage is refused: shorthand for the storage fault. The nasty kind is
// store_but_written: the storage says "failed" when the checkpoint is there. Effective when a call was refused.
#pragma once

#include "simulator/fault_source.h"

namespace onceproof::simulator::faults {

class FailCheckpoint final : public FaultSource {
 public:
  explicit FailCheckpoint(FailCheckpointFault options) : options_(options) {}

  bool fire(FaultControl& control) override {
    StorageFault what;
    switch (options_.part) {
      case FailPart::store:
        what.target = "jobmanager";
        what.path = kMetadata;
        break;
      case FailPart::store_but_written:
        what.target = "jobmanager";
        what.path = kMetadata;
        what.call = control.random().percent(50) ? StorageCall::rename : StorageCall::sync_directory;
        what.effect = StorageEffect::fails_but_written;
        break;
      case FailPart::task:
        what.target = "taskmanager";
        what.call = StorageCall::append;
        break;
    }
    control.fail_storage_once(what);
    return true;
  }

 private:
  static constexpr const char* kMetadata = "checkpoints/completed";  // of completed checkpoints
  FailCheckpointFault options_;
};

}  // namespace onceproof::simulator::faults
