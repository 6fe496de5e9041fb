// SPDX-License-Identifier: Apache-2.0
#include "checkers/remake.h"

#include <algorithm>
#include <exception>
#include <map>

#include "checkers/interpreter.h"

namespace onceproof::checkers {

namespace {

// Which operators a stream comes to from this one, or from which it comes; itself not.
std::vector<uint8_t> reached(const graph::LogicalGraph& graph, int32_t from, bool downstream) {
  std::vector<uint8_t> found(graph.nodes.size(), 0);
  std::vector<int32_t> order = graph::topological_order(graph);
  if (!downstream) std::reverse(order.begin(), order.end());
  const auto at = [&](int32_t node) { return node == from || found[static_cast<size_t>(node)] != 0; };
  for (const int32_t node : order) {
    for (const graph::Input& input : graph.nodes[static_cast<size_t>(node)].inputs) {
      if (downstream && at(input.from)) found[static_cast<size_t>(node)] = 1;
      if (!downstream && at(node)) found[static_cast<size_t>(input.from)] = 1;
    }
  }
  return found;
}

bool same_element(const Item& a, const Item& b) {
  return a.key == b.key && a.value == b.value && a.timestamp_us == b.timestamp_us;
}

// Adds the elements that the positions name; false: they cannot be told.
bool add_named(const api::Aggregate& aggregate, const std::map<Position, std::vector<const Item*>>& elements,
               const std::vector<Position>& positions, Bytes& accumulator) {
  for (size_t i = 0; i < positions.size();) {
    size_t end = i;
    while (end < positions.size() && positions[end] == positions[i]) ++end;
    const std::vector<const Item*>& items = elements.at(positions[i]);
    const bool alike = std::all_of(items.begin(), items.end(), [&](const Item* item) { return same_element(*item, *items[0]); });
    const size_t times = end - i;
    if (!alike && times % items.size() != 0) return false;
    for (size_t k = 0; k < times; ++k) aggregate.add(accumulator, element_of(*items[k % items.size()]));
    i = end;
  }
  return true;
}

// The session that exactly these elements make; false: they make more than one.
bool make_session(const std::map<Position, std::vector<const Item*>>& elements, DurationUs gap_us, FiredWindow& window) {
  std::vector<TimeUs> times;
  for (const auto& [position, items] : elements) {
    for (const Item* item : items) times.push_back(item->timestamp_us);
  }
  std::sort(times.begin(), times.end());
  for (size_t i = 1; i < times.size(); ++i) {
    if (times[i] - times[i - 1] > gap_us) return false;
  }
  window.start_us = times.front();
  window.end_us = times.back() + gap_us;
  return true;
}

}  // namespace

Remade remake(const api::Pipeline& pipeline, const Input& input, const std::vector<SourceRange>& sources,
              FiredWindow window, const Lineage& lineage, uint32_t sink) {
  Remade remade;
  const auto node = static_cast<size_t>(window.node);
  const auto& step = std::get<api::WindowStep>(pipeline.steps[node]);
  const std::vector<uint8_t> before = reached(pipeline.graph, window.node, false);
  const std::vector<uint8_t> behind = reached(pipeline.graph, window.node, true);
  const std::vector<api::OrdinalBits> ordinals = api::ordinals_of(pipeline);
  Position later = 0;  // the bits of steps that split behind the window
  for (size_t i = 0; i < before.size(); ++i) {
    const bool windows = std::holds_alternative<api::WindowStep>(pipeline.steps[i]);
    if (windows && (before[i] || behind[i])) return remade;
    if (behind[i]) later |= ((Position{1} << ordinals[i].bits) - 1) << ordinals[i].shift;
  }
  std::vector<Position> positions, records;
  for (const Position position : lineage) {
    positions.push_back(position & ~later);
    records.push_back(position & ~static_cast<Position>(kMaxOrdinal));
  }
  std::sort(positions.begin(), positions.end());
  std::sort(records.begin(), records.end());
  records.erase(std::unique(records.begin(), records.end()), records.end());

  Interpreter interpreter(pipeline, input, sources);
  interpreter.restrict_to(std::move(records));
  interpreter.run(before);
  Interpretation& made = interpreter.made();
  if (!made.problem.empty()) return remade;
  try {
    std::map<Position, std::vector<const Item*>> elements;
    const std::vector<Member> members = interpreter.members_of(node);
    for (const Member& member : members) {
      const TimeUs at_us = member.item->timestamp_us;
      const Position position = made.origins[member.item->first].position;
      const bool named = std::binary_search(positions.begin(), positions.end(), position);
      const bool within = at_us >= window.start_us && at_us < window.end_us && interpreter.keys()[member.key] == window.key;
      if (named && within) elements[position].push_back(member.item);
    }
    for (const Position position : positions) {
      if (!elements.contains(position)) return remade;
    }
    const bool session = step.windows.kind == api::WindowKind::session;
    if (session && !make_session(elements, step.windows.size_us, window)) {
      remade.known = true;  // they come out as several
      return remade;
    }
    Bytes accumulator, value;
    step.aggregate->create(accumulator);
    if (!add_named(*step.aggregate, elements, positions, accumulator)) return remade;
    step.aggregate->result(accumulator, value);
    const auto first = static_cast<uint32_t>(made.origins.size());
    for (const Position position : positions) made.origins.push_back({position, {}});
    made.windows.push_back(window);
    interpreter.output_of(node) = {{made.texts.keep(window.key), made.texts.keep(value), window.end_us - 1, first,
                                    static_cast<uint32_t>(positions.size()), 0, 0}};
  } catch (const std::exception&) {
    return remade;
  }
  interpreter.run(behind);
  if (!made.problem.empty()) return remade;
  remade.known = true;
  for (const Item& item : made.sinks[sink]) {
    if (item.window != kNoWindow) remade.items.push_back(item);
  }
  remade.made = std::move(made);
  return remade;
}

}  // namespace onceproof::checkers
