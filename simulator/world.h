// SPDX-License-Identifier: Apache-2.0
// World: a whole cluster (processes, network, disk, clock, faults) in one thread under virtual time; one seed
// decides everything. One event queue ordered by (virtual time, sequence); an actor is a serial executor with
// a first-in-first-out mailbox. Used by scenarios and tests: add processes, then step() until content.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "runtime/env/env.h"
#include "simulator/fault_plan.h"
#include "simulator/log_client_base.h"
#include "simulator/options.h"
#include "simulator/slow_steps.h"
#include "simulator/trace.h"

namespace onceproof::simulator {

class Kernel;
class SimulatedDisk;
class FaultSource;

// A recorded hit of a protocol point, or one of the world's own events: "process.crash", "process.restart",
// "process.pause", "process.resume" (process: the one concerned), "network.partition", "network.heal"
// (process: the target of the cut; text: the peer's name or "*").
struct PointHit {
  TimeUs at_us = 0;
  env::ProcessId process = 0;
  const char* name = "";  // printed name with static lifetime
  bool before = false;
  int32_t vertex = -1;
  int32_t subtask = -1;
  uint64_t checkpoint = 0;
  uint64_t attempt = 0;
  uint64_t value = 0;
  uint32_t epoch = 0;
  std::string text;
};

struct FaultStatus {
  std::string description;
  std::string kind;
  bool fired = false;
  bool effective = false;  // it changed something
  TimeUs fired_us = -1;
  TimeUs healed_us = -1;   // -1: nothing to heal, or not healed yet
  bool in_force = false;   // not healed yet
};

using LogFactory = std::function<std::unique_ptr<LogClient>(env::Env& child_env, const std::string& client_id)>;
// Turns a plan's entry into what carries it out; simulator/faults/ defines the standard one.
using FaultSourceFactory = std::unique_ptr<FaultSource> (*)(const Fault& fault);
std::unique_ptr<FaultSource> make_fault_source(const Fault& fault);

class World {
 public:
  // Inline, so that the core library does not depend on the faults' library.
  explicit World(WorldOptions options) : World(std::move(options), &make_fault_source) {}
  World(WorldOptions options, FaultSourceFactory fault_sources);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // ---- set up, before the first step -----------------------------------------------------------------
  // The main actor listens on kMainEndpoint; the factory runs at virtual time 0 and again at each restart.
  // Processes are numbered 0, 1, ... in the order of the calls; at most 65,535.
  env::ProcessId add_process(std::string name, env::ActorFactory main);
  // How Env::open_log() makes a client. Without one, open_log() is a CHECK failure.
  void set_log_factory(LogFactory factory);

  // ---- run -------------------------------------------------------------------------------------------
  // Handles one event (a mail, or an event of the world itself); false when nothing is left to happen.
  bool step();
  // Handles everything up to and including `until_us`, then now() == until_us. False when the queue ran empty.
  // It ends earlier, with now() at the last event, when the world has handled `most_events` in all.
  bool run_until(TimeUs until_us, uint64_t most_events = std::numeric_limits<uint64_t>::max());
  TimeUs now() const;
  uint64_t events() const;
  const Trace& trace() const;
  // Of what the processes did alone: the same for two runs that differ by a fault without effect.
  uint64_t state_hash() const;
  uint64_t reconnections() const;  // of log clients that went on, beside messages of the old connection

  // ---- what happened ---------------------------------------------------------------------------------
  const std::vector<PointHit>& points() const;  // in time order; empty without WorldOptions::record_points
  std::vector<PointHit> take_points();
  uint64_t hits(env::Point point) const;           // all hits, recorded or not, both phases
  const std::vector<FaultStatus>& faults() const;  // one for each entry of the plan, in its order
  // No fault with a time of its own is still to come and none is in force.
  bool faults_quiet() const;
  TimeUs last_heal_us() const;  // when the last fault that fired was over; 0: none fired
  // The liveness phase: what did not fire yet never will. Faults in force heal at their own time.
  void disarm_remaining_faults();

  const std::vector<SlowSpan>& slow_steps() const;  // what took longer than WorldOptions::slow_step_us

  SimulatedDisk& disk();
  const std::vector<std::string>& process_names() const;
  bool alive(env::ProcessId process) const;  // running or paused
  bool paused(env::ProcessId process) const;
  uint32_t incarnation(env::ProcessId process) const;  // 0 before the first restart

  // ---- levers, for tests and for fault sources ---------------------------------------------------------
  Kernel& kernel() { return *kernel_; }
  // No effect on a dead process. silent: its host is gone without a word to the peers.
  void crash(env::ProcessId process, bool silent = false);
  void restart(env::ProcessId process);  // no effect on a living one
  void pause(env::ProcessId process);
  void resume(env::ProcessId process);
  void set_cpu_percent(env::ProcessId process, uint32_t percent);  // 300: everything costs three times as much

 private:
  std::unique_ptr<Kernel> kernel_;
};

}  // namespace onceproof::simulator
