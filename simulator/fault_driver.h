// SPDX-License-Identifier: Apache-2.0
// FaultDriver: waits for the triggers of a fault plan, fires the sources, keeps the account of each fault
// (armed, fired, effective, healed). Knows no kind of fault, and of the world its levers alone. For the kernel.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "simulator/fault_levers.h"
#include "simulator/fault_source.h"
#include "simulator/world.h"

namespace onceproof::simulator {

class FaultDriver {
 public:
  FaultDriver(FaultLevers& levers, FaultPlan plan, FaultSourceFactory make_source);
  void arm();

  void on_hit(env::ProcessId process, env::Point point, env::Phase phase, int32_t subtask) {
    if (waiting_for_[static_cast<size_t>(point)] != 0) match(process, point, phase, subtask);
  }
  void on_timer(int fault, uint64_t tag);
  void disarm();

  void effective(int fault) { status_[static_cast<size_t>(fault)].effective = true; }
  void in_force(int fault) { status_[static_cast<size_t>(fault)].in_force = true; }
  void over(int fault);
  // A fault that waited for its victim has found it; its effect lasts until `until_us`.
  void applied(int fault, TimeUs until_us);

  const std::vector<FaultStatus>& status() const { return status_; }
  bool quiet() const;
  TimeUs last_heal_us() const;

 private:
  enum class State : uint8_t { waiting, fired, disarmed };
  struct Entry {
    Fault fault;
    std::unique_ptr<FaultSource> source;
    State state = State::waiting;
    uint32_t seen = 0;     // matching hits
    uint32_t earlier = 0;  // hits of the point that arms it
  };

  void match(env::ProcessId process, env::Point point, env::Phase phase, int32_t subtask);
  void fire(size_t index, std::optional<env::ProcessId> hit);
  void count_waiting(const Trigger& trigger, uint32_t by);
  void leave_waiting(Entry& entry, State state);

  FaultLevers& levers_;
  std::vector<Entry> entries_;
  std::vector<FaultStatus> status_;
  std::array<uint32_t, env::kPointCount> waiting_for_{};
};

}  // namespace onceproof::simulator
