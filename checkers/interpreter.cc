// SPDX-License-Identifier: Apache-2.0
#include "checkers/interpreter.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "checkers/dense_index.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace onceproof::checkers {

namespace {

bool lies_in(ByteView part, ByteView whole) {
  const std::less_equal<const char*> not_behind;
  return not_behind(whole.data(), part.data()) && not_behind(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

ByteView Texts::keep(ByteView text) {
  if (text.empty()) return {};
  if (text.size() > left_) {
    left_ = std::max<size_t>(text.size(), pieces_.empty() ? 1 << 12 : 1 << 16);
    next_ = pieces_.emplace_back(std::make_unique<char[]>(left_)).get();
  }
  std::memcpy(next_, text.data(), text.size());
  const ByteView kept(next_, text.size());
  next_ += text.size();
  left_ -= text.size();
  return kept;
}

api::Element element_of(const Item& item) { return {item.key, item.value, item.timestamp_us}; }

class Interpreter::Results : public api::Collector {
 public:
  Results(Interpreter& interpreter, size_t node) : interpreter_(interpreter), node_(node) {}
  void of(const Item& item) {
    item_ = &item;
    count_ = 0;
  }
  uint32_t count() const { return count_; }
  void collect(ByteView key, ByteView value) override { interpreter_.give(node_, 0, *item_, count_++, key, value); }
  void collect_side(uint32_t output, ByteView key, ByteView value) override {
    interpreter_.give(node_, output, *item_, count_++, key, value);
  }

 private:
  Interpreter& interpreter_;
  const size_t node_;
  const Item* item_ = nullptr;
  uint32_t count_ = 0;
};

Interpreter::Interpreter(const api::Pipeline& pipeline, const Input& input, const std::vector<SourceRange>& sources)
    : pipeline_(pipeline), input_(input), sources_(sources), ordinals_(api::ordinals_of(pipeline)) {
  const std::vector<graph::LogicalNode>& nodes = pipeline.graph.nodes;
  streams_.resize(nodes.size());
  unread_.resize(nodes.size());
  number_of_sink_.resize(nodes.size(), 0);
  for (size_t node = 0; node < nodes.size(); ++node) {
    streams_[node].resize(std::max<uint32_t>(nodes[node].outputs, 1));
    unread_[node].resize(streams_[node].size(), 0);
    if (!std::holds_alternative<api::SinkStep>(pipeline.steps[node])) continue;
    number_of_sink_[node] = static_cast<uint32_t>(made_.sinks.size());
    made_.sinks.emplace_back();
  }
  for (const graph::LogicalNode& node : nodes) {
    for (const graph::Input& each : node.inputs) ++unread_[static_cast<size_t>(each.from)][each.output];
  }
}

void Interpreter::restrict_to(std::vector<Position> records) {
  restricted_ = true;
  records_ = std::move(records);
}

void Interpreter::run(const std::vector<uint8_t>& active) {
  for (const int32_t index : graph::topological_order(pipeline_.graph)) {
    const auto node = static_cast<size_t>(index);
    if (!made_.problem.empty()) return;
    if (active.empty() || active[node]) run_node(node);
  }
}

std::vector<Member> Interpreter::members_of(size_t node) {
  keys_.clear();
  DenseIndex index;
  std::vector<Member> members;
  Bytes scratch;
  const std::vector<graph::Input>& inputs = pipeline_.graph.nodes[node].inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const api::KeyOf* key_of = selector(node, i);
    const Stream& stream = stream_of(inputs[i]);
    members.reserve(members.size() + stream.size());
    for (const Item& item : stream) {
      const ByteView key = key_of == nullptr ? item.key : key_of->key_of(element_of(item), scratch);
      const uint32_t number = index.find_or_add(hash64(key), [&](uint32_t known) { return keys_[known] == key; });
      if (number == keys_.size()) keys_.push_back(settled(key, item));
      members.push_back({&item, number});
    }
  }
  return members;
}

const api::KeyOf* Interpreter::selector(size_t node, size_t input) const {
  if (node >= pipeline_.keys.size() || input >= pipeline_.keys[node].size()) return nullptr;
  return pipeline_.keys[node][input].get();
}

// The same bytes, where they stay: a part of the element stays as long as the element.
ByteView Interpreter::settled(ByteView bytes, const Item& item) {
  return lies_in(bytes, item.value) || lies_in(bytes, item.key) ? bytes : made_.texts.keep(bytes);
}

void Interpreter::fail(std::string why) {
  if (made_.problem.empty()) made_.problem = std::move(why);
}

void Interpreter::run_node(size_t node) {
  const api::Step& step = pipeline_.steps[node];
  if (std::holds_alternative<api::SourceStep>(step)) {
    read(node);
  } else if (const auto* map = std::get_if<api::MapStep>(&step)) {
    apply(node, *map);
  } else if (const auto* window = std::get_if<api::WindowStep>(&step)) {
    fire(node, *window);
  } else {
    for_each_item(node, [&](const Item& item) { made_.sinks[number_of_sink_[node]].push_back(item); });
  }
  for (const graph::Input& input : pipeline_.graph.nodes[node].inputs) {
    uint32_t& readers = unread_[static_cast<size_t>(input.from)][input.output];
    if (--readers == 0) Stream().swap(stream_of(input));
  }
}

void Interpreter::read(size_t node) {
  const auto range = std::find_if(sources_.begin(), sources_.end(),
                                  [&](const SourceRange& each) { return static_cast<size_t>(each.node) == node; });
  if (range == sources_.end()) return;
  Stream& out = output_of(node);
  const auto add = [&](size_t p, size_t o) {
    const InputRecord& record = input_.partitions[p][o];
    out.push_back({{}, record.value, record.timestamp_us, origins(), 1, kNoWindow, 0});
    made_.origins.push_back({make_position(p, o), record.value});
  };
  const size_t end = std::min<size_t>(range->first_partition + range->partitions, input_.partitions.size());
  if (restricted_) {
    for (const Position record : records_) {
      const uint64_t p = partition_of(record);
      if (p >= range->first_partition && p < end && offset_of(record) < input_.partitions[p].size()) add(p, offset_of(record));
    }
    return;
  }
  for (size_t p = range->first_partition; p < end; ++p) {
    out.reserve(out.size() + input_.partitions[p].size());
    for (size_t o = 0; o < input_.partitions[p].size(); ++o) add(p, o);
  }
}

uint32_t Interpreter::origins() const {
  CHECK(made_.origins.size() < UINT32_MAX, "more contributions than are numbered");
  return static_cast<uint32_t>(made_.origins.size());
}

void Interpreter::apply(size_t node, const api::MapStep& map) {
  Results results(*this, node);
  try {
    for_each_item(node, [&](const Item& item) {
      results.of(item);
      map.function->apply(element_of(item), results);
      if (results.count() > 0) return;
      made_.drops |= !map.splits;
      made_.drops_windows |= item.window != kNoWindow;
    });
  } catch (const std::exception& thrown) {
    fail(fmt::format("the function of {} throws: {}", name(node), thrown.what()));
  }
}

void Interpreter::give(size_t node, uint32_t output, const Item& from, uint32_t ordinal, ByteView key, ByteView value) {
  if (output >= streams_[node].size()) return fail(fmt::format("{} gives to side output {}, which it does not have", name(node), output));
  Item item = from;
  item.key = settled(key, from);
  item.value = settled(value, from);
  const api::OrdinalBits bits = ordinals_[node];
  if (ordinal >> bits.bits != 0) {
    return fail(fmt::format("{} makes more than {} of one element: {}", name(node), uint64_t{1} << bits.bits,
                            bits.bits == 0 ? "it is no flat map" : "lineage cannot tell them apart"));
  }
  if (bits.bits > 0) {
    item.first = origins();
    for (uint32_t i = 0; i < from.count; ++i) {
      const Position position = made_.origins[from.first + i].position | (static_cast<Position>(ordinal) << bits.shift);
      made_.origins.push_back({position, item.value});
    }
  }
  streams_[node][output].push_back(item);
}

void Interpreter::fire(size_t node, const api::WindowStep& step) {
  try {
    std::vector<Member> members = members_of(node);
    const api::Windows& windows = step.windows;
    switch (windows.kind) {
      case api::WindowKind::tumbling: return fire(node, step, assign_slices(members, windows.size_us, windows.size_us));
      case api::WindowKind::sliding: return fire(node, step, assign_slices(members, windows.size_us, windows.slide_us));
      case api::WindowKind::session: return fire(node, step, assign_sessions(std::move(members), windows.size_us));
    }
  } catch (const std::exception& thrown) {
    fail(fmt::format("a function of {} throws: {}", name(node), thrown.what()));
  }
}

void Interpreter::fire(size_t node, const api::WindowStep& step, const Panes& panes) {
  std::vector<uint32_t> place(panes.groups.size() + 1, 0);
  for (size_t g = 0; g < panes.groups.size(); ++g) place[g + 1] = place[g] + panes.groups[g].count;
  std::vector<const Item*> sorted(panes.items.size());
  std::vector<uint32_t> next(place.begin(), place.end() - 1);
  for (size_t i = 0; i < panes.items.size(); ++i) sorted[next[panes.group_of[i]]++] = panes.items[i];
  Bytes accumulator, value;
  made_.origins.reserve(made_.origins.size() + sorted.size());
  for (size_t g = 0; g < panes.groups.size(); ++g) {
    const Group& group = panes.groups[g];
    const uint32_t first = origins();
    accumulator.clear();
    step.aggregate->create(accumulator);
    for (uint32_t i = place[g]; i < place[g + 1]; ++i) {
      step.aggregate->add(accumulator, element_of(*sorted[i]));
      for (uint32_t k = 0; k < sorted[i]->count; ++k) made_.origins.push_back(made_.origins[sorted[i]->first + k]);
    }
    step.aggregate->result(accumulator, value);
    const auto window = static_cast<uint32_t>(made_.windows.size());
    made_.windows.push_back({static_cast<int32_t>(node), group.start_us, group.end_us, keys_[group.key]});
    output_of(node).push_back({keys_[group.key], made_.texts.keep(value), group.end_us - 1, first, origins() - first, window, 0});
  }
}

// Calls f with each element, by whatever stream it comes.
template <class F>
void Interpreter::for_each_item(size_t node, F f) {
  const std::vector<graph::Input>& inputs = pipeline_.graph.nodes[node].inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool plain = inputs.size() == 1 && inputs[i].exchange == graph::Exchange::forward;
    for (const Item& item : stream_of(inputs[i])) {
      if (plain) {
        f(item);
        continue;
      }
      Item moved = item;
      moved.route = route_of(item, node, i);
      f(moved);
    }
  }
}

uint32_t Interpreter::route_of(const Item& item, size_t node, size_t input) {
  const std::vector<graph::Input>& inputs = pipeline_.graph.nodes[node].inputs;
  uint32_t route = item.route;
  const bool one = pipeline_.graph.parallelism_of(pipeline_.graph.nodes[node]) == 1;
  switch (inputs[input].exchange) {
    case graph::Exchange::forward: break;
    case graph::Exchange::hash: {
      Bytes scratch;
      const api::KeyOf* key_of = selector(node, input);
      route = along(route, fmt::format("key {}", key_of == nullptr ? item.key : key_of->key_of(element_of(item), scratch)));
      break;
    }
    case graph::Exchange::rebalance:
    case graph::Exchange::broadcast: route = one ? route : kNoRoute; break;
  }
  return inputs.size() == 1 ? route : along(route, fmt::format("{}.{}", node, input));
}

uint32_t Interpreter::along(uint32_t route, std::string step) {
  if (route == kNoRoute) return kNoRoute;
  return routes_.try_emplace({route, std::move(step)}, static_cast<uint32_t>(routes_.size()) + 1).first->second;
}

std::vector<SourceRange> sources_of(const api::Pipeline& pipeline, std::vector<SourceRange> given, size_t partitions) {
  if (!given.empty()) return given;
  for (size_t node = 0; node < pipeline.steps.size(); ++node) {
    if (std::holds_alternative<api::SourceStep>(pipeline.steps[node]))
      return {{static_cast<int32_t>(node), 0, static_cast<uint32_t>(partitions)}};
  }
  return {};
}

Interpretation interpret(const api::Pipeline& pipeline, const Input& input, const std::vector<SourceRange>& sources) {
  Interpreter interpreter(pipeline, input, sources);
  interpreter.run();
  return std::move(interpreter.made());
}

}  // namespace onceproof::checkers
