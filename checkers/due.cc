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

// Which partitions the sources read that feed an operator.
std::vector<size_t> partitions_in_front(const Reference& reference, int32_t node) {
  const graph::LogicalGraph& graph = reference.pipeline().graph;
  std::vector<uint8_t> in_front(graph.nodes.size(), 0);
  in_front[static_cast<size_t>(node)] = 1;
  std::vector<int32_t> order = graph::topological_order(graph);
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    if (!in_front[static_cast<size_t>(*at)]) continue;
    for (const graph::Input& input : graph.nodes[static_cast<size_t>(*at)].inputs) in_front[static_cast<size_t>(input.from)] = 1;
  }
  std::vector<size_t> partitions;
  for (const SourceRange& source : reference.sources()) {
    if (!in_front[static_cast<size_t>(source.node)]) continue;
    for (uint32_t i = 0; i < source.partitions; ++i) partitions.push_back(source.first_partition + i);
  }
  return partitions;
}

// By operator; the window ends of its results.
std::map<int32_t, WindowsDue> windows_of(const Reference& reference) {
  std::map<int32_t, WindowsDue> windows;
  for (const ExpectedResult& result : reference.results()) {
    if (!result.windowed()) continue;
    WindowsDue& ends = windows[result.window_node];  // results of an operator come by window end, by sink
    if (ends.empty() || ends.rbegin()->first != result.window_end_us) ends.try_emplace(result.window_end_us, 0);
  }
  return windows;
}

// For each window end of an operator, when sources that began at these offsets were done with all that lets the watermark
// pass it. Where one window stands behind another the last one ends last.
void find_due(const History& history, const Reference& reference, int32_t node, const std::vector<size_t>& from,
              WindowsDue& due) {
  const std::vector<std::vector<InputRecord>>& partitions = reference.input().partitions;
  for (const size_t p : partitions_in_front(reference, node)) {
    if (p >= partitions.size()) continue;
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
  std::map<int32_t, WindowsDue> windows = windows_of(reference);
  const std::vector<size_t> from(history.asked.size(), 0);
  for (auto& [node, ends] : windows) find_due(history, reference, node, from, ends);
  for (uint32_t r = 0; r < due.size(); ++r) {
    const ExpectedResult& result = results[r];
    due[r] = result.windowed() ? windows[result.window_node][result.window_end_us]
                               : done_us(history, reference.position(result.first));
  }
  return due;
}

WindowsDue windows_due_after(const History& history, const Reference& reference, const Restart& restart) {
  WindowsDue latest;
  const std::vector<size_t> from = offsets_after(history, restart);
  for (auto& [node, ends] : windows_of(reference)) {
    WindowsDue own = ends;
    find_due(history, reference, node, from, own);
    for (const auto& [end_us, at_us] : own) latest[end_us] = std::max(latest[end_us], at_us);
  }
  return latest;
}

}  // namespace onceproof::checkers
