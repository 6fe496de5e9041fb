// SPDX-License-Identifier: Apache-2.0
#include "checkers/due.h"

#include <algorithm>

namespace onceproof::checkers {

namespace {

TimeUs done_with(const std::vector<Asked>& asked, int64_t offset) {
  const auto found = std::upper_bound(asked.begin(), asked.end(), offset,
                                      [](int64_t done, const Asked& each) { return done < each.offset; });
  return found == asked.end() ? kMaxTimeUs : found->at_us;
}

// For each window end, when sources that began at these offsets were done with all that lets the watermark pass it.
WindowsDue windows_due(const History& history, const Reference& reference, const std::vector<size_t>& from) {
  WindowsDue due;
  for (const ExpectedResult& result : reference.results()) {  // by window end
    if (due.empty() || due.rbegin()->first != result.window_end_us) due.emplace_hint(due.end(), result.window_end_us, 0);
  }
  const std::vector<std::vector<InputRecord>>& partitions = reference.input().partitions;
  for (size_t p = 0; p < partitions.size(); ++p) {
    size_t offset = from[p];
    if (offset >= partitions[p].size()) continue;  // nothing lies here
    TimeUs highest_us = kMinTimeUs;
    for (auto& [end_us, at_us] : due) {
      while (offset < partitions[p].size() && highest_us < end_us + history.out_of_orderness_us) {
        highest_us = std::max(highest_us, partitions[p][offset++].timestamp_us);
      }
      const bool passed = highest_us >= end_us + history.out_of_orderness_us;
      const size_t needed = passed ? offset - 1 : partitions[p].size() - 1;  // else the partition's end lets it pass
      at_us = std::max(at_us, done_with(history.asked[p], static_cast<int64_t>(needed)));
    }
  }
  return due;
}

// Where the sources began anew: behind what the restored checkpoint had read; at the beginning without one; or, where
// offsets are committed before the records are processed, behind the batch that had been committed then.
std::vector<size_t> offsets_after(const History& history, const Restart& restart) {
  std::vector<size_t> from(history.asked.size(), 0);
  for (const StoredCheckpoint& stored : history.stored) {
    if (stored.id != restart.checkpoint || stored.offsets.size() != from.size()) continue;
    for (size_t p = 0; p < from.size(); ++p) from[p] = static_cast<size_t>(std::max<int64_t>(stored.offsets[p], 0));
  }
  const bool replays = history.claimed == Guarantee::at_least_once || history.claimed == Guarantee::exactly_once;
  if (replays) return from;
  for (size_t p = 0; p < from.size(); ++p) {
    const std::vector<Asked>& asked = history.asked[p];
    const auto next = std::upper_bound(asked.begin(), asked.end(), restart.at_us,
                                       [](TimeUs at_us, const Asked& each) { return at_us < each.at_us; });
    const auto last = next == asked.end() && next != asked.begin() ? std::prev(next) : next;
    if (last != asked.end()) from[p] = std::max(from[p], static_cast<size_t>(last->offset));
  }
  return from;
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
  const WindowsDue windows = windows_due(history, reference, std::vector<size_t>(history.asked.size(), 0));
  auto window = windows.begin();
  for (uint32_t r = 0; r < due.size(); ++r) {
    while (window->first != results[r].window_end_us) ++window;
    due[r] = window->second;
  }
  return due;
}

WindowsDue windows_due_after(const History& history, const Reference& reference, const Restart& restart) {
  return windows_due(history, reference, offsets_after(history, restart));
}

}  // namespace onceproof::checkers
