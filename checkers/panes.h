// SPDX-License-Identifier: Apache-2.0
// Panes: which elements lie in which window of which key, when all are known (SEMANTICS: event time). For the reference's
// interpreter alone.
#pragma once

#include <vector>

#include "checkers/interpretation.h"

namespace onceproof::checkers {

struct Group {
  uint32_t key = 0;
  TimeUs start_us = 0;
  TimeUs end_us = 0;
  uint32_t count = 0;
};
// An element with the number of its key.
struct Member {
  const Item* item = nullptr;
  uint32_t key = 0;
};
struct Panes {
  std::vector<Group> groups;
  std::vector<uint32_t> group_of;  // for each of
  std::vector<const Item*> items;
};

// Windows of this size, one every step.
Panes assign_slices(const std::vector<Member>& members, DurationUs size_us, DurationUs step_us);
// Elements of one key whose distance is at most the gap are in one session.
Panes assign_sessions(std::vector<Member> members, DurationUs gap_us);

}  // namespace onceproof::checkers
