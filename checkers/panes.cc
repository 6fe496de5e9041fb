// SPDX-License-Identifier: Apache-2.0
#include "checkers/panes.h"

#include <algorithm>

#include "checkers/dense_index.h"
#include "runtime/base/check.h"

namespace onceproof::checkers {

namespace {

// Rounds towards minus infinity, so that negative event times fall into their window too.
int64_t floor_mod(int64_t value, int64_t size) {
  const int64_t rest = value % size;
  return rest < 0 ? rest + size : rest;
}

uint64_t mixed(uint64_t a, uint64_t b) {
  uint64_t hash = (a + b) * 0x9e3779b97f4a7c15ull;
  hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93ull + b;
  return hash ^ (hash >> 32);
}

}  // namespace

Panes assign_slices(const std::vector<Member>& members, DurationUs size_us, DurationUs step_us) {
  CHECK(size_us > 0 && step_us > 0, "a window needs a size");
  Panes panes;
  DenseIndex index;
  panes.group_of.reserve(members.size());
  panes.items.reserve(members.size());
  for (const Member& member : members) {
    const TimeUs at_us = member.item->timestamp_us;
    for (TimeUs start_us = at_us - floor_mod(at_us, step_us); start_us > at_us - size_us; start_us -= step_us) {
      const uint32_t group = index.find_or_add(mixed(static_cast<uint64_t>(start_us), member.key), [&](uint32_t number) {
        return panes.groups[number].start_us == start_us && panes.groups[number].key == member.key;
      });
      if (group == panes.groups.size()) panes.groups.push_back({member.key, start_us, start_us + size_us, 0});
      ++panes.groups[group].count;
      panes.group_of.push_back(group);
      panes.items.push_back(member.item);
    }
  }
  return panes;
}

Panes assign_sessions(std::vector<Member> members, DurationUs gap_us) {
  std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    return a.key != b.key ? a.key < b.key : a.item->timestamp_us < b.item->timestamp_us;
  });
  Panes panes;
  for (const Member& member : members) {
    const TimeUs at_us = member.item->timestamp_us;
    const bool joins = !panes.groups.empty() && panes.groups.back().key == member.key && at_us <= panes.groups.back().end_us;
    if (!joins) panes.groups.push_back({member.key, at_us, 0, 0});
    panes.groups.back().end_us = at_us + gap_us;
    ++panes.groups.back().count;
    panes.group_of.push_back(static_cast<uint32_t>(panes.groups.size()) - 1);
    panes.items.push_back(member.item);
  }
  return panes;
}

}  // namespace onceproof::checkers
