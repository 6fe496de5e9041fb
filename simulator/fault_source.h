// SPDX-License-Identifier: Apache-2.0
// FaultSource: what carries out one entry of a fault plan; one file a kind in simulator/faults/. The driver
// decides when it fires; the source decides what then happens, through FaultControl, and calls back later
// through timers. It draws, if at all, from its own stream.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/random.h"
#include "simulator/fault_plan.h"

namespace onceproof::simulator {

class FaultDriver;
class FaultLevers;

// One fault's view of the world.
class FaultControl {
 public:
  FaultControl(FaultDriver& driver, FaultLevers& levers, int fault, std::optional<env::ProcessId> hit)
      : driver_(driver), levers_(levers), fault_(fault), hit_(hit) {}

  TimeUs now() const;
  // "@hit" is the process that hit the point. nullopt: there is no such process.
  std::optional<env::ProcessId> process(const std::string& target) const;
  // Also of a class: "*", "every broker", "every task-manager".
  std::vector<env::ProcessId> processes(const std::string& target) const;
  bool alive(env::ProcessId process) const;
  const std::string& name(env::ProcessId process) const;
  RandomStream random() const;

  // Accounting. A fault is in force from fire() until over(); one that never calls in_force() heals nothing.
  void effective();
  void in_force();
  void over();
  void call_back(TimeUs at_us, uint64_t tag);  // tag 0 is the driver's own

  void crash(env::ProcessId process, bool silent);
  void restart(env::ProcessId process);
  void pause(env::ProcessId process);
  bool resume(env::ProcessId process);  // true when the pause held something back
  // Calls of the storage suffer from now until heal_storage(), which also lets go of those that hang.
  void fail_storage(StorageFault what);
  void heal_storage();
  // The actor that is hitting the point, or the main actor; false when there is none.
  bool stall(env::ProcessId process, bool hitting, DurationUs delay_us);
  void slow_down(env::ProcessId process, uint32_t cpu_percent);
  void speed_up(env::ProcessId process);
  bool busy_since(env::ProcessId process, TimeUs since_us) const;
  void cut(const std::vector<env::ProcessId>& targets, const std::string& peer, Direction direction, CutMode mode);
  void heal_cut(const std::vector<env::ProcessId>& targets, const std::string& peer);
  // The number of the broker that leads, -1 when none does. nullopt: there is no such partition, or no log.
  std::optional<int32_t> leader(LogTopic topic, int32_t partition) const;
  void move_leader(LogTopic topic, int32_t partition);
  // These wait for their next victim and then report effective by themselves.
  void delay_next(std::optional<env::ProcessId> sender, env::MailKind mail, uint32_t count, DurationUs delay_us);
  void reconnect_next(std::optional<env::ProcessId> sender, env::MailKind mail, uint32_t count, DurationUs delay_us);
  void stall_next(env::Point point, DurationUs delay_us);
  void fail_storage_once(StorageFault what);

 private:
  FaultDriver& driver_;
  FaultLevers& levers_;
  int fault_;
  std::optional<env::ProcessId> hit_;
};

class FaultSource {
 public:
  virtual ~FaultSource() = default;
  // False when its target does not exist: then the fault counts as never fired.
  virtual bool fire(FaultControl& control) = 0;
  virtual void on_timer(FaultControl& control, uint64_t tag) { static_cast<void>(control), static_cast<void>(tag); }
};

}  // namespace onceproof::simulator
