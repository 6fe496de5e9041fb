// SPDX-License-Identifier: Apache-2.0
// Fault plan: faults as data, concrete (nothing left to draw). The scenario draws a plan from a seed, a plan
// file stores it, the injectors in simulator/faults/ carry it out. A fault waits for its trigger: a virtual
// time, or the nth hit of a protocol point, whichever the plan names; `by_us` is the time at which a fault
// whose point was not hit in this configuration strikes anyway. `after_us` and `after` arm the point late.
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

// The nth hit of another point (in its later phase), by anybody.
struct EarlierHit {
  env::Point point = env::Point::checkpoint_trigger;
  uint32_t nth = 1;
};
struct Trigger {
  std::optional<TimeUs> at_us;
  std::optional<env::Point> point;
  env::Phase when = env::Phase::after;
  int32_t subtask = -1;  // of the hit; -1: any
  uint32_t nth = 1;      // counted from 1, over matching hits
  // Hits before this time, or before that hit, do not count.
  std::optional<TimeUs> after_us;
  std::optional<EarlierHit> after;
  std::optional<TimeUs> by_us;
  std::string by_target;  // whom "@hit" means when by_us strikes instead; empty: nobody, and nothing happens
};

// reset: the peers' connections are closed by the operating system that survives; silent: the host is lost, nobody is
// told, and what is sent there vanishes until the process runs again.
enum class Notice : uint8_t { reset, silent };
// The process dies: actors, queued mails and unsynced data are gone. target "@hit": the process that hit the point.
struct CrashFault {
  std::string target;
  DurationUs restart_after_us = seconds(2);
  Notice notice = Notice::reset;
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
// No message passes between `target` and `peer` ("*": everyone else). Both may be a class: "every broker".
struct PartitionFault {
  std::string target;
  std::string peer = "*";
  Direction direction = Direction::both;
  CutMode mode = CutMode::hold;
  DurationUs duration_us = seconds(8);
};
// The next `count` messages of `mail` that `target` ("*": anyone) sends leave later, and so does all that it sends
// behind them on the same connection.
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
// Shorthand for the storage faults that matter most. store: the next sync of a checkpoint's metadata fails, it is
// certainly not stored; store_but_written: their rename or the sync of their directory fails although it is done;
// task: the next write of a task's state fails (the task declines).
enum class FailPart : uint8_t { store, store_but_written, task };
struct FailCheckpointFault {
  FailPart part = FailPart::store;
};
// Calls of the checkpoint storage that `target` ("*": anyone) makes on a path that begins with `path` (a rename: either
// path) and that come while the fault is in force: the first `skip` are spared, the next `count` suffer.
// fails: without effect, an append leaves a torn part behind; fails_but_written: the work is done, the answer is an
// error; hangs: neither is until the fault is over; slow: both come delay_us later.
enum class StorageCall : uint8_t { append, sync, rename, sync_directory, remove, list, read };
enum class StorageEffect : uint8_t { fails, fails_but_written, hangs, slow };
struct StorageFault {
  std::string target = "*";
  StorageCall call = StorageCall::sync;
  StorageEffect effect = StorageEffect::fails;
  std::string path = {};
  uint32_t skip = 0;
  uint32_t count = 1;
  DurationUs duration_us = seconds(8);
  DurationUs delay_us = seconds(2);
};

// The actor that hits the point is held there: what it does behind the point, and its next mail, are late by
// `delay_us`. Other actors of its process go on. target not "@hit": that process's main actor.
struct StallFault {
  std::string target = "@hit";
  DurationUs delay_us = seconds(2);
};
// Everything that the process computes takes `cpu_percent` of its time: 300 is three times as long.
struct SlowFault {
  std::string target;
  uint32_t cpu_percent = 1000;
  DurationUs duration_us = seconds(8);
};
// The log clients of `target` ("*": of anyone) lose the connections on which they send the next `count` messages of
// `mail`, once these are sent. The messages still arrive, `delay_us` late, beside what is sent again.
struct ReconnectFault {
  std::string target = "*";
  env::MailKind mail = env::MailKind::log_request;
  uint32_t count = 1;
  DurationUs delay_us = seconds(2);
};

// Another in-sync copy of the partition becomes its leader, as an operator or a balancer would have it, and when the fault
// is over one more change leads back where that is possible: to the preferred copy. Without replication nothing happens.
// transactions and offsets: the internal topics, whose leaders are the coordinators.
enum class LogTopic : uint8_t { source, sink, transactions, offsets };
struct MoveLeaderFault {
  LogTopic topic = LogTopic::sink;
  int32_t partition = 0;
  DurationUs duration_us = seconds(8);
};

using FaultAction = std::variant<CrashFault, PauseFault, PartitionFault, DelayFault, SlowCheckpointFault,
                                 FailCheckpointFault, StorageFault, StallFault, SlowFault, ReconnectFault, MoveLeaderFault>;

struct Fault {
  Trigger trigger;
  FaultAction action;
};
using FaultPlan = std::vector<Fault>;

const char* kind_of(const Fault& fault);  // "crash", "pause", "partition", "delay", "slow-checkpoint", ...
std::string describe(
    const Fault& fault);  // for people: "crash taskmanager-1 at the 2nd sink.pre-commit, restart after 2 s"

}  // namespace onceproof::simulator
