// SPDX-License-Identifier: Apache-2.0
// Timeline: the checkers' timeline laid out for the space-time diagrams: a lane for each process, how far each recovery
// went back, and which stretches of the run deserve a closer look. Finds no restart and no cause of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::reports {

struct Span {
  TimeUs from_us = 0;
  TimeUs to_us = 0;
  std::string text;
};

struct Lane {
  std::string name;
  std::vector<Span> down, paused, cut;
};

struct Recovery {
  TimeUs failed_us = 0;      // its cause, or the restart itself
  TimeUs restart_us = 0;     // the earlier attempts are given up; they are deployed again after a delay
  TimeUs running_us = 0;     // every attempt is running again
  uint64_t checkpoint = 0;   // restored; 0: none, from the start of the input or from committed offsets
  TimeUs rewound_to_us = 0;  // that checkpoint's trigger: what was done since then is done again
  TimeUs settled_us = 0;     // the next checkpoint completed, or the run ended: replay was over by then
  bool rewinds = true;       // false: nothing was restored, and the source goes on behind what was committed
};

struct Window {
  TimeUs from_us = 0;
  TimeUs to_us = 0;
  std::string title;
  std::string why;
  bool main = false;  // the one that also paper shows
};

struct Timeline {
  Timeline() = default;
  Timeline(Timeline&&) = default;  // `events` points into `data`
  Timeline& operator=(Timeline&&) = default;

  TimeUs end_us = 0;
  std::vector<Lane> lanes;  // one for each process, in the history's order, and those of the data (reports/data.h)
  std::vector<checkers::Event> data;
  std::vector<const checkers::Event*> events;  // the history's and the data's, in time order
  std::vector<Recovery> recoveries;
  std::vector<Window> windows;  // in time order
  checkers::Timeline facts;
  const checkers::History* history = nullptr;
};

// `history` must outlive it. With a verdict its first story is followed.
Timeline timeline_of(const checkers::History& history, const checkers::Verdict* verdict = nullptr);

// The checkpoint that an event belongs to, also by way of its transaction; 0: none.
uint64_t checkpoint_of(const checkers::Event& event, const Timeline& timeline);

}  // namespace onceproof::reports
