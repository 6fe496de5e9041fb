// SPDX-License-Identifier: Apache-2.0
// Pipelines for tests, operator by operator: each call adds one and returns its number, to be given to those that read it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/api/pipeline.h"
#include "runtime/api/text.h"

namespace onceproof::tests {

using api::Expression;
inline Expression value_of() { return {}; }
inline Expression key_of() { return {.kind = Expression::Kind::key}; }
inline Expression field(int64_t index) { return {.kind = Expression::Kind::field, .index = index}; }

class PipelineBuilder {
 public:
  using From = std::vector<int32_t>;
  int32_t source() { return add(graph::Role::source, api::SourceStep{}, {}); }
  int32_t map(std::shared_ptr<const api::FlatMap> function, const From& from) {
    return add(graph::Role::transformation, api::MapStep{std::move(function), false}, from);
  }
  int32_t split(std::shared_ptr<const api::FlatMap> function, const From& from) {
    return add(graph::Role::transformation, api::MapStep{std::move(function), true}, from);
  }
  int32_t window(api::Windows windows, std::shared_ptr<const api::Aggregate> aggregate, Expression key, const From& from) {
    const int32_t node = add(graph::Role::transformation, api::WindowStep{windows, 0, std::move(aggregate)}, from);
    pipeline_.graph.nodes.back().keyed = true;
    for (graph::Input& input : pipeline_.graph.nodes.back().inputs) input.exchange = graph::Exchange::hash;
    for (auto& selector : pipeline_.keys.back()) selector = api::key_by(key);
    return node;
  }
  int32_t sink(const From& from) { return add(graph::Role::sink, api::SinkStep{}, from); }
  // The last operator reads this side output of the one in front of it.
  void side(uint32_t output) {
    graph::Input& input = pipeline_.graph.nodes.back().inputs.front();
    input.output = output;
    auto& producer = pipeline_.graph.nodes[static_cast<size_t>(input.from)];
    producer.outputs = std::max(producer.outputs, output + 1);
  }
  graph::LogicalNode& node(int32_t index) { return pipeline_.graph.nodes[static_cast<size_t>(index)]; }
  std::shared_ptr<const api::Pipeline> build() const { return std::make_shared<const api::Pipeline>(pipeline_); }

 private:
  int32_t add(graph::Role role, api::Step step, const From& from) {
    const auto number = static_cast<int32_t>(pipeline_.graph.nodes.size());
    graph::LogicalNode node;
    node.uid = node.name = "operator-" + std::to_string(number);
    node.role = role;
    for (const int32_t each : from) node.inputs.push_back({.from = each});
    pipeline_.keys.emplace_back(from.size());
    pipeline_.graph.nodes.push_back(std::move(node));
    pipeline_.steps.push_back(std::move(step));
    return number;
  }
  api::Pipeline pipeline_;
};

inline api::Windows tumbling(int64_t s) { return {api::WindowKind::tumbling, seconds(s)}; }
inline api::Windows sliding(int64_t s, int64_t every_s) { return {api::WindowKind::sliding, seconds(s), seconds(every_s)}; }
inline api::Windows session(int64_t gap_s) { return {api::WindowKind::session, seconds(gap_s)}; }
inline std::shared_ptr<const api::Aggregate> counting() { return api::aggregate(api::Statistic::count); }

// "key,number" records; the sum or count of each key's numbers in each window.
inline std::shared_ptr<const api::Pipeline> of_windows(api::Windows windows, std::shared_ptr<const api::Aggregate> aggregate) {
  PipelineBuilder builder;
  const int32_t source = builder.source();
  builder.sink({builder.window(windows, std::move(aggregate), field(0), {source})});
  return builder.build();
}

}  // namespace onceproof::tests
