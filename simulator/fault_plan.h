// SPDX-License-Identifier: Apache-2.0
// Fault plan: faults as data, concrete (nothing left to draw). The scenario draws a plan from a seed, a plan
// file stores it, the injectors in simulator/faults/ carry it out. A fault waits for its trigger: a virtual
// time, or the nth hit of a protocol point, whichever the plan names; `by_us` is the time at which a fault
// whose point was not hit in this configuration strikes anyway.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/env/mail.h"
#include "runtime/env/probe.h"

namespace onceproof::simulator {

struct Trigger {
  std::optional<TimeUs> at_us;
  std::optional<env::Point> point;
  env::Phase when = env::Phase::after;
  int32_t subtask = -1;  // of the hit; -1: any
  uint32_t nth = 1;      // counted from 1, over matching hits
  std::optional<TimeUs> by_us;
  std::string by_target;  // whom "@hit" means when by_us strikes instead; empty: nobody, and nothing happens
};

// The process dies: actors, queued mails and unsynced data are gone. target "@hit": the process that hit the point.
struct CrashFault {
  std::string target;
  DurationUs restart_after_us = seconds(2);
};
// The process stops running but is not dead (a long garbage collection, SIGSTOP): the zombie.
struct PauseFault {
  std::string target;
  DurationUs duration_us = seconds(8);
};
enum class Direction : uint8_t { both, to_peer, from_peer };
enum class CutMode : uint8_t {
  hold,
  reset
};  // hold: delivered after healing (TCP resends); reset: lost, both sides told
// No message passes between `target` and `peer` ("*": everyone else).
struct PartitionFault {
  std::string target;
  std::string peer = "*";
  Direction direction = Direction::both;
  CutMode mode = CutMode::hold;
  DurationUs duration_us = seconds(8);
};
// The next `count` messages of `mail` that `target` ("*": anyone) sends leave later.
struct DelayFault {
  std::string target = "*";
  env::MailKind mail = env::MailKind::none;
  uint32_t count = 1;
  DurationUs delay_us = seconds(2);
};
// trigger: the next trigger-checkpoint message to one subtask is late, so barriers arrive far apart (a long alignment);
// sync: the task stalls in its snapshot; ack: the acknowledgement is late.
enum class SlowPart : uint8_t { trigger, sync, ack };
struct SlowCheckpointFault {
  SlowPart part = SlowPart::trigger;
  DurationUs delay_us = seconds(2);
};
// store: the next sync in the completed-checkpoint store fails; store_but_written: it fails although the data are
// durable; task: the next write of a task's state fails (the task declines).
enum class FailPart : uint8_t { store, store_but_written, task };
struct FailCheckpointFault {
  FailPart part = FailPart::store;
};

using FaultAction =
    std::variant<CrashFault, PauseFault, PartitionFault, DelayFault, SlowCheckpointFault, FailCheckpointFault>;

struct Fault {
  Trigger trigger;
  FaultAction action;
};
using FaultPlan = std::vector<Fault>;

const char* kind_of(
    const Fault& fault);  // "crash", "pause", "partition", "delay", "slow-checkpoint", "fail-checkpoint"
std::string describe(
    const Fault& fault);  // for people: "crash taskmanager-1 at the 2nd sink.pre-commit, restart after 2 s"

}  // namespace onceproof::simulator
