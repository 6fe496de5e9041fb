// SPDX-License-Identifier: Apache-2.0
// FaultLevers: all that faults may know of the world and do to it. The kernel implements it for the fault driver and
// for FaultControl, which know nothing else of the kernel; LogLevers is the part that the log's cluster implements.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/random.h"
#include "simulator/disk.h"
#include "simulator/fault_plan.h"
#include "simulator/network.h"

namespace onceproof::simulator {

struct PointHit;

class LogLevers {
 public:
  virtual ~LogLevers() = default;
  // The number of the broker that leads, -1 when none does. nullopt: there is no such partition.
  virtual std::optional<int32_t> leader(LogTopic topic, int32_t partition) const = 0;
  // Asks the controller to let another in-sync copy lead, when there is one: the preferred one, if it does not now.
  virtual void move_leader(LogTopic topic, int32_t partition) = 0;
};

class FaultLevers {
 public:
  virtual ~FaultLevers() = default;

  virtual TimeUs now() const = 0;
  virtual RandomStream stream(std::string_view name) const = 0;
  virtual const std::vector<std::string>& names() const = 0;  // of the processes, by their ids
  virtual std::optional<env::ProcessId> process_named(const std::string& name) const = 0;
  virtual bool alive(env::ProcessId process) const = 0;
  virtual void record(PointHit hit) = 0;
  // FaultDriver::on_timer(fault, tag) at that time, or now when it has passed.
  virtual void call_fault_back(TimeUs at_us, int fault, uint64_t tag) = 0;

  virtual void crash(env::ProcessId process, bool silent) = 0;
  virtual void restart(env::ProcessId process) = 0;
  // A pause belongs to the fault that made it, and to this life of the process.
  virtual void pause(env::ProcessId process, int fault) = 0;
  virtual bool resume(env::ProcessId process, int fault) = 0;  // true when the pause held something back
  virtual bool stall(env::ProcessId process, bool hitting, DurationUs delay_us) = 0;
  virtual void stall_next(int fault, env::Point point, DurationUs delay_us) = 0;
  // 300: everything costs three times as much. Each fault has one factor, or none.
  virtual void set_cpu_percent(env::ProcessId process, int fault, std::optional<uint32_t> percent) = 0;
  virtual bool busy_since(env::ProcessId process, TimeUs since_us) const = 0;

  virtual void cut(int fault, std::vector<std::pair<env::ProcessId, env::ProcessId>> directions, CutMode mode) = 0;
  virtual void heal_cut(int fault) = 0;
  virtual void delay_next(DelayRule rule) = 0;
  virtual void fail_storage(DiskFault fault) = 0;
  virtual void heal_storage(int fault) = 0;
  virtual LogLevers* log() = 0;  // null: a world without a log
};

}  // namespace onceproof::simulator
