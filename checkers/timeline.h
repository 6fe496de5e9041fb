// SPDX-License-Identifier: Apache-2.0
// Timeline: what a history's events say of failures and recoveries, gathered in one pass: which restart had
// which cause, when each checkpoint was durable, who pre-committed when. Only what was recorded: a restart
// whose cause is not in the events has none here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkers/history.h"

namespace onceproof::checkers {

// A restore of the job or of a region, other than the first deployment.
struct Restart {
  TimeUs at_us = 0;
  uint64_t checkpoint = 0;  // what was restored; 0: nothing, from the beginning
  std::string cause;        // "the crash of taskmanager-1 at 17.3 s", or empty
  TimeUs cause_us = -1;
};

struct PreCommit {
  TimeUs at_us = 0;
  uint16_t process = 0;
  uint64_t checkpoint = 0;
  uint64_t producer_id = 0;
  uint32_t epoch = 0;
};

struct Crash {
  TimeUs at_us = 0;
  uint16_t process = 0;
};

struct Timeline {
  std::vector<Restart> restarts;
  std::vector<PreCommit> pre_commits;  // flushed and in the snapshot
  std::vector<Crash> crashes;
  std::map<uint64_t, TimeUs> durable_us;  // for each durable checkpoint: the earliest instant that shows it
  TimeUs job_status_us = -1;              // the job's last change of status

  // The earliest instant at which this checkpoint or a later one, which subsumes it, was durable.
  std::optional<TimeUs> committable_us(uint64_t checkpoint) const;
};

Timeline read_timeline(const History& history);

std::string process_name(const History& history, uint64_t process);

}  // namespace onceproof::checkers
