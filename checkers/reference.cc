// SPDX-License-Identifier: Apache-2.0
#include "checkers/reference.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "checkers/dense_index.h"
#include "checkers/interpreter.h"
#include "checkers/remake.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace onceproof::checkers {

namespace {

uint64_t mixed(uint64_t a, uint64_t b) {
  const uint64_t hash = (a ^ (b * 0x9e3779b97f4a7c15ull)) * 0xd6e8feb86659fd93ull;
  return hash ^ (hash >> 32);
}

void check_limits(const Input& input) {
  CHECK(input.partitions.size() <= kMaxPartition + 1, "too many partitions for a position");
  for (const auto& partition : input.partitions) {
    CHECK(partition.size() <= kMaxOffset, "too many records in a partition for a position");
  }
}

}  // namespace

Reference::Reference(std::shared_ptr<const Input> input, std::shared_ptr<const api::Pipeline> pipeline,
                     std::vector<SourceRange> sources)
    : input_(std::move(input)), pipeline_(std::move(pipeline)) {
  CHECK(input_ != nullptr && pipeline_ != nullptr, "a reference needs an input and a pipeline");
  check_limits(*input_);
  sources_ = sources_of(*pipeline_, std::move(sources), input_->partitions.size());
  look_at_steps();
  Interpretation made = interpret(*pipeline_, *input_, sources_);
  problem_ = std::move(made.problem);
  drops_ = made.drops;
  drops_windows_ = made.drops_windows;
  sink_count_ = made.sinks.size();
  if (!problem_.empty()) made.sinks.clear();
  std::vector<const Item*> items;
  number_results(made, items);
  number_contributions(made, items);
  number_keys();
  number_lanes(items);
  texts_ = std::move(made.texts);
}

void Reference::look_at_steps() {
  const std::vector<graph::LogicalNode>& nodes = pipeline_->graph.nodes;
  std::vector<uint8_t> windowed(nodes.size(), 0);  // some stream into or out of it comes from a window
  behind_windows_.assign(nodes.size(), 0);
  for (const int32_t index : graph::topological_order(pipeline_->graph)) {
    const auto node = static_cast<size_t>(index);
    for (const graph::Input& each : nodes[node].inputs) behind_windows_[node] |= windowed[static_cast<size_t>(each.from)];
    const bool window = std::holds_alternative<api::WindowStep>(pipeline_->steps[node]);
    windowed[node] = window || behind_windows_[node] ? 1 : 0;
    windowed_ |= window;
    const auto* map = std::get_if<api::MapStep>(&pipeline_->steps[node]);
    splits_ |= map != nullptr && map->splits;
  }
}

void Reference::number_results(const Interpretation& made, std::vector<const Item*>& items) {
  const auto first = [&](const Item* item) { return made.origins[item->first].position; };
  const auto before = [&](const Item* a, const Item* b) {
    const bool windowed = a->window != kNoWindow;
    if (windowed != (b->window != kNoWindow)) return !windowed;
    if (!windowed) return first(a) < first(b);
    const FiredWindow& one = made.windows[a->window];
    const FiredWindow& two = made.windows[b->window];
    if (one.end_us != two.end_us) return one.end_us < two.end_us;
    if (a->key != b->key) return a->key < b->key;
    return std::tuple(one.start_us, one.node, first(a)) < std::tuple(two.start_us, two.node, first(b));
  };
  for (uint32_t sink = 0; sink < made.sinks.size(); ++sink) {
    const auto begin = static_cast<std::ptrdiff_t>(items.size());
    for (const Item& item : made.sinks[sink]) items.push_back(&item);
    if (!std::is_sorted(items.begin() + begin, items.end(), before)) std::stable_sort(items.begin() + begin, items.end(), before);
    results_.reserve(items.size());
    for (size_t i = results_.size(); i < items.size(); ++i) {
      const Item& item = *items[i];
      ExpectedResult& result = results_.emplace_back();
      result.key = item.key;
      result.value = item.value;
      result.timestamp_us = item.timestamp_us;
      result.count = item.count;
      result.sink = sink;
      if (item.window == kNoWindow) continue;
      const FiredWindow& window = made.windows[item.window];
      result.window_start_us = window.start_us;
      result.window_end_us = window.end_us;
      result.window_node = window.node;
      result.window_key = window.key;
    }
  }
}

// By record first: of each there are few, and most come in order.
void Reference::number_contributions(const Interpretation& made, const std::vector<const Item*>& items) {
  for (const auto& partition : input_->partitions) records_.emplace_back(partition.size() + 1, 0);
  const auto for_each_origin = [&](auto each) {
    for (uint32_t r = 0; r < items.size(); ++r) {
      for (uint32_t i = 0; i < items[r]->count; ++i) each(r, made.origins[items[r]->first + i]);
    }
  };
  uint64_t total = 0;
  for_each_origin([&](uint32_t, const Origin& origin) {
    ++records_[partition_of(origin.position)][offset_of(origin.position)];
    ++total;
  });
  CHECK(total < kNone, "more contributions than are numbered");
  uint32_t next = 0;
  for (auto& partition : records_) {
    for (uint32_t& first : partition) next += std::exchange(first, next);
  }
  struct Entry {
    Position position;
    std::string_view word;
    uint32_t result;
  };
  std::vector<Entry> entries(total);
  std::vector<std::vector<uint32_t>> at = records_;
  for_each_origin([&](uint32_t result, const Origin& origin) {
    entries[at[partition_of(origin.position)][offset_of(origin.position)]++] = {origin.position, origin.word, result};
  });
  const auto before = [](const Entry& a, const Entry& b) {
    return a.position != b.position ? a.position < b.position : a.result < b.result;
  };
  for (const auto& partition : records_) {
    for (size_t o = 0; o + 1 < partition.size(); ++o) {
      std::sort(entries.begin() + partition[o], entries.begin() + partition[o + 1], before);
    }
  }
  positions_.reserve(total);
  words_.reserve(total);
  result_of_.reserve(total);
  std::vector<uint8_t> seen(results_.size(), 0);
  for (const Entry& entry : entries) {
    single_ &= positions_.empty() || positions_.back() != entry.position;
    if (!std::exchange(seen[entry.result], 1)) results_[entry.result].first = static_cast<uint32_t>(positions_.size());
    positions_.push_back(entry.position);
    words_.push_back(entry.word);
    result_of_.push_back(entry.result);
  }
}

// The place of each key among all keys of its sink, sorted.
void Reference::number_keys() {
  std::vector<uint32_t> examples;  // a result for each key
  DenseIndex index;
  const auto same = [&](uint32_t a, uint32_t b) { return results_[a].sink == results_[b].sink && results_[a].key == results_[b].key; };
  for (uint32_t r = 0; r < results_.size(); ++r) {
    const uint64_t hash = mixed(hash64(results_[r].key), results_[r].sink);
    const uint32_t number = index.find_or_add(hash, [&](uint32_t known) { return same(examples[known], r); });
    if (number == examples.size()) examples.push_back(r);
    results_[r].key_id = number;
  }
  std::vector<uint32_t> order(examples.size()), rank(examples.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const ExpectedResult& one = results_[examples[a]];
    const ExpectedResult& two = results_[examples[b]];
    return one.sink != two.sink ? one.sink < two.sink : one.key < two.key;
  });
  for (uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  for (ExpectedResult& result : results_) result.key_id = rank[result.key_id];
  key_count_ = static_cast<uint32_t>(examples.size());
}

// A lane: what comes from one window of one key, or from one source partition, by one way, with one key.
void Reference::number_lanes(const std::vector<const Item*>& items) {
  std::vector<uint32_t> examples;
  DenseIndex index;
  const auto of = [&](uint32_t r) {
    const ExpectedResult& result = results_[r];
    const uint64_t partition = result.windowed() ? 0 : partition_of(positions_[result.first]);
    return std::tuple(result.key_id, items[r]->route, result.window_node, partition, result.window_key);
  };
  for (uint32_t r = 0; r < results_.size(); ++r) {
    ExpectedResult& result = results_[r];
    if (items[r]->route == kNoRoute || result.count == 0) {
      result.lane = kNone;
      continue;
    }
    const auto [key_id, route, node, partition, window_key] = of(r);
    const uint64_t hash = mixed(mixed(key_id, route), mixed(static_cast<uint64_t>(node), partition));
    result.lane = index.find_or_add(hash, [&](uint32_t known) { return of(examples[known]) == of(r); });
    if (result.lane == examples.size()) examples.push_back(r);
  }
  lane_count_ = static_cast<uint32_t>(examples.size());
}

uint32_t Reference::search(Position position, uint32_t begin, uint32_t end) const {
  const auto last = positions_.begin() + end;
  const auto found = std::lower_bound(positions_.begin() + begin, last, position);
  return found != last && *found == position ? static_cast<uint32_t>(found - positions_.begin()) : kNone;
}

uint32_t Reference::member(uint32_t first, Position position, uint32_t result, uint32_t again) const {
  uint32_t found = kNone;
  for (uint32_t index = first; index < positions_.size() && positions_[index] == position; ++index) {
    if (result_of_[index] != result) continue;
    found = index;
    if (again-- == 0) break;
  }
  return found == kNone ? first : found;
}

bool Reference::is_session(const ExpectedResult& result) const {
  if (!result.windowed()) return false;
  const auto& step = std::get<api::WindowStep>(pipeline_->steps[static_cast<size_t>(result.window_node)]);
  return step.windows.kind == api::WindowKind::session;
}

Reference::Remake Reference::remakes(const OutputRecord& output, uint32_t result) const {
  const ExpectedResult& expected = results_[result];
  if (!expected.windowed() || behind_windows(expected)) return Remake::unknown;
  const FiredWindow window{expected.window_node, expected.window_start_us, expected.window_end_us, expected.window_key};
  const Remade remade = remake(*pipeline_, *input_, sources_, window, output.lineage, expected.sink);
  if (!remade.known) return Remake::unknown;
  for (const Item& item : remade.items) {
    Lineage lineage;
    for (uint32_t i = 0; i < item.count; ++i) lineage.push_back(remade.made.origins[item.first + i].position);
    lineage.sort();
    const bool same = item.key == output.key && item.value == output.value && item.timestamp_us == output.timestamp_us;
    if (same && lineage == output.lineage) return Remake::same;
  }
  return Remake::other;
}

}  // namespace onceproof::checkers
