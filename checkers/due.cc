// SPDX-License-Identifier: Apache-2.0
#include "checkers/due.h"

#include <algorithm>
#include <map>

namespace onceproof::checkers {

namespace {

TimeUs done_with(const std::vector<Asked>& asked, int64_t offset) {
  const auto found = std::upper_bound(asked.begin(), asked.end(), offset,
                                      [](int64_t done, const Asked& each) { return done < each.offset; });
  return found == asked.end() ? kMaxTimeUs : found->at_us;
}

// For each window end, when sources were done with all that lets the watermark pass it.
std::map<TimeUs, TimeUs> windows_due(const History& history, const Reference& reference) {
  std::map<TimeUs, TimeUs> due;
  for (const ExpectedResult& result : reference.results()) {  // by window end
    if (due.empty() || due.rbegin()->first != result.window_end_us) due.emplace_hint(due.end(), result.window_end_us, 0);
  }
  const std::vector<std::vector<InputRecord>>& partitions = reference.input().partitions;
  for (size_t p = 0; p < partitions.size(); ++p) {
    size_t offset = 0;
    TimeUs highest_us = kMinTimeUs;
    for (auto& [end_us, at_us] : due) {
      while (offset < partitions[p].size() && highest_us < end_us + history.out_of_orderness_us) {
        highest_us = std::max(highest_us, partitions[p][offset++].timestamp_us);
      }
      if (offset == 0) continue;  // nothing lies here
      const bool passed = highest_us >= end_us + history.out_of_orderness_us;
      const size_t needed = passed ? offset - 1 : partitions[p].size() - 1;  // else the partition's end lets it pass
      at_us = std::max(at_us, done_with(history.asked[p], static_cast<int64_t>(needed)));
    }
  }
  return due;
}

}  // namespace

bool asked_recorded(const History& history, const Reference& reference) {
  return history.asked.size() == reference.input().partitions.size();
}

TimeUs done_us(const History& history, Position position) {
  return done_with(history.asked[partition_of(position)], static_cast<int64_t>(offset_of(position)));
}

std::vector<TimeUs> results_due_us(const History& history, const Reference& reference) {
  const std::vector<ExpectedResult>& results = reference.results();
  std::vector<TimeUs> due(results.size(), 0);
  if (!reference.windowed()) {
    for (uint32_t r = 0; r < due.size(); ++r) due[r] = done_us(history, reference.position(r));
    return due;
  }
  const std::map<TimeUs, TimeUs> windows = windows_due(history, reference);
  auto window = windows.begin();
  for (uint32_t r = 0; r < due.size(); ++r) {
    while (window->first != results[r].window_end_us) ++window;
    due[r] = window->second;
  }
  return due;
}

}  // namespace onceproof::checkers
