// SPDX-License-Identifier: Apache-2.0
// The one place that knows every kind of fault.
#include <memory>

#include "simulator/faults/crash.h"
#include "simulator/faults/delay.h"
#include "simulator/faults/fail_checkpoint.h"
#include "simulator/faults/move_leader.h"
#include "simulator/faults/partition.h"
#include "simulator/faults/pause.h"
#include "simulator/faults/reconnect.h"
#include "simulator/faults/slow.h"
#include "simulator/faults/slow_checkpoint.h"
#include "simulator/faults/stall.h"
#include "simulator/faults/storage.h"
#include "simulator/world.h"

namespace onceproof::simulator {

namespace {
struct Make {
  std::unique_ptr<FaultSource> operator()(const CrashFault& f) const { return std::make_unique<faults::Crash>(f); }
  std::unique_ptr<FaultSource> operator()(const PauseFault& f) const { return std::make_unique<faults::Pause>(f); }
  std::unique_ptr<FaultSource> operator()(const PartitionFault& f) const {
    return std::make_unique<faults::Partition>(f);
  }
  std::unique_ptr<FaultSource> operator()(const DelayFault& f) const { return std::make_unique<faults::Delay>(f); }
  std::unique_ptr<FaultSource> operator()(const SlowCheckpointFault& f) const {
    return std::make_unique<faults::SlowCheckpoint>(f);
  }
  std::unique_ptr<FaultSource> operator()(const FailCheckpointFault& f) const {
    return std::make_unique<faults::FailCheckpoint>(f);
  }
  std::unique_ptr<FaultSource> operator()(const StorageFault& f) const { return std::make_unique<faults::Storage>(f); }
  std::unique_ptr<FaultSource> operator()(const StallFault& f) const { return std::make_unique<faults::Stall>(f); }
  std::unique_ptr<FaultSource> operator()(const SlowFault& f) const { return std::make_unique<faults::Slow>(f); }
  std::unique_ptr<FaultSource> operator()(const ReconnectFault& f) const {
    return std::make_unique<faults::Reconnect>(f);
  }
  std::unique_ptr<FaultSource> operator()(const MoveLeaderFault& f) const {
    return std::make_unique<faults::MoveLeader>(f);
  }
};
}  // namespace

std::unique_ptr<FaultSource> make_fault_source(const Fault& fault) { return std::visit(Make{}, fault.action); }

}  // namespace onceproof::simulator
