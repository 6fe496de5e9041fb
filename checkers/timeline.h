// SPDX-License-Identifier: Apache-2.0
// Timeline: the one reading of a history's events. Which restart had which cause and restored what, when each checkpoint
// was triggered, durable and gone, who was down, paused or cut off, whose transaction a record is. Plain data; checkers,
// evidence and reports lay it out and none of them reads the events for these things again. Only what was recorded: a
// restart whose cause is not in the events has none here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checkers/history.h"
#include "checkers/transaction_index.h"

namespace onceproof::checkers {

inline constexpr uint32_t kNoEvent = UINT32_MAX;

// What made a restart necessary.
enum class Blow : uint8_t {
  none,       // nothing that was recorded
  crash,      // of a process
  pause,      // so long that it was given up
  partition,  // it was cut off
  lost,       // a task manager was given up, and nothing is recorded that struck it
  failure,    // an attempt failed by itself, or checkpoints did
};

struct RestartCause {
  Blow blow = Blow::none;
  uint16_t process = 0;  // whom it struck
  TimeUs at_us = -1;
  uint32_t event = kNoEvent;  // index into History::events
};

// Tasks were deployed again: the whole job, or a region of it.
struct Restart {
  TimeUs at_us = 0;           // the deployment
  uint64_t checkpoint = 0;    // what was restored; 0: nothing
  RestartCause cause;
  TimeUs torn_down_us = -1;   // the job manager gave the earlier attempts up; -1: not recorded
  TimeUs running_us = -1;     // the last of the new attempts ran; -1: not recorded
  std::vector<int32_t> sources;  // which subtasks of the first vertex; empty: not recorded
};

// A process was away: dead, paused, or cut off from a peer ("*": from everyone else).
struct Outage {
  enum class Kind : uint8_t { down, paused, cut };
  Kind kind = Kind::down;
  uint16_t process = 0;
  TimeUs from_us = 0;
  TimeUs until_us = -1;  // -1: still so at the end
  std::string peer;
};

struct PreCommit {
  TimeUs at_us = 0;
  uint16_t process = 0;
  uint64_t checkpoint = 0;
  uint64_t attempt = 0;
  uint64_t producer_id = 0;
  uint32_t epoch = 0;
};

struct CheckpointLife {
  uint64_t id = 0;
  TimeUs triggered_us = -1;
  TimeUs durable_us = -1;      // the earliest instant that shows it; -1: it never was
  TimeUs committable_us = -1;  // the earliest at which it or a later one, which subsumes it, was durable
  TimeUs committed_us = -1;    // the last of its transactions was decided
};

struct Timeline {
  std::vector<TimeUs> deployments_us;  // the first one, then every restart
  std::vector<Restart> restarts;
  std::vector<Outage> outages;
  std::vector<PreCommit> pre_commits;       // flushed and in the snapshot
  std::vector<CheckpointLife> checkpoints;  // by id
  TransactionIndex transactions;
  TimeUs job_status_us = -1;  // the job's last change of status

  const CheckpointLife* checkpoint(uint64_t id) const;  // null: nothing is known of it
  std::optional<TimeUs> durable_us(uint64_t checkpoint) const;
  // The earliest instant at which this checkpoint or a later one, which subsumes it, was durable.
  std::optional<TimeUs> committable_us(uint64_t checkpoint) const;
  // How many restarts there had been when something happened: which deployment it belongs to, if it is no zombie's.
  uint32_t restarts_before(TimeUs at_us) const;
};

// `history` must outlive the timeline.
Timeline read_timeline(const History& history);

std::string process_name(const History& history, uint64_t process);
// "the crash of taskmanager-1 at 17.3 s"; empty when nothing was recorded.
std::string cause_text(const History& history, const RestartCause& cause);

}  // namespace onceproof::checkers
