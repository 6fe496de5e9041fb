// SPDX-License-Identifier: Apache-2.0
#include "runtime/graph/execution_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>

#include "runtime/graph/key_groups.h"

namespace onceproof::graph {

namespace {

Error wrong(size_t index, const LogicalOperator& op, std::string_view what) {
  return {ErrorCode::invalid_argument, fmt::format("operator {} ({}): {}", index + 1, to_string(op.kind), what)};
}

// `keyed`: some operator before this one is a key_by.
Status check_operator(const LogicalPlan& plan, size_t i, bool keyed) {
  const LogicalOperator& op = plan.operators[i];
  const bool first = i == 0;
  const bool last = i + 1 == plan.operators.size();
  if (first && op.kind != OperatorKind::log_source) return wrong(i, op, "a plan starts with a log source");
  if (!first && op.kind == OperatorKind::log_source) return wrong(i, op, "a log source can only be the first operator");
  if (last && op.kind != OperatorKind::log_sink) return wrong(i, op, "a plan ends with a log sink");
  if (!last && op.kind == OperatorKind::log_sink) return wrong(i, op, "a log sink can only be the last operator");
  if (op.kind == OperatorKind::key_by && plan.operators[i - 1].kind == OperatorKind::key_by)
    return wrong(i, op, "it follows another key by, which then has no effect; remove one of them");
  if (op.kind == OperatorKind::window_count) {
    if (!keyed) return wrong(i, op, "it counts per key, so a key by must stand somewhere before it");
    if (op.window_us <= 0)
      return wrong(i, op, fmt::format("the window size is {} us; it must be positive", op.window_us));
    if (op.allowed_lateness_us < 0)
      return wrong(i, op,
                   fmt::format("the allowed lateness is {} us; it must not be negative", op.allowed_lateness_us));
  }
  return {};
}

Status check_plan(const LogicalPlan& plan) {
  if (plan.max_parallelism < 1 || plan.max_parallelism > kMaxMaxParallelism)
    return {ErrorCode::invalid_argument, fmt::format("max_parallelism is {}; it must be between 1 and {}",
                                                     plan.max_parallelism, kMaxMaxParallelism)};
  if (plan.parallelism < 1 || plan.parallelism > plan.max_parallelism)
    return {ErrorCode::invalid_argument, fmt::format("parallelism is {}; it must be between 1 and max_parallelism, {}",
                                                     plan.parallelism, plan.max_parallelism)};
  if (plan.operators.empty())
    return {ErrorCode::invalid_argument, "the plan has no operators; it needs at least a log source and a log sink"};
  bool keyed = false;
  for (size_t i = 0; i < plan.operators.size(); ++i) {
    if (Status status = check_operator(plan, i, keyed); !status.ok()) return status;
    keyed = keyed || plan.operators[i].kind == OperatorKind::key_by;
  }
  return {};
}

// A key_by ends the chain; everything else runs in the task of the operator in front of it.
void chain_operators(const LogicalPlan& plan, ExecutionGraph& graph) {
  for (size_t i = 0; i < plan.operators.size(); ++i) {
    const LogicalOperator& op = plan.operators[i];
    if (op.kind == OperatorKind::key_by) continue;
    const bool behind_exchange = i > 0 && plan.operators[i - 1].kind == OperatorKind::key_by;
    if (i == 0 || behind_exchange) {
      const auto index = static_cast<int32_t>(graph.vertices.size());
      graph.vertices.push_back({to_string(op.kind), {op}, plan.parallelism});
      if (behind_exchange) graph.edges.push_back({index - 1, index, Exchange::hash});
    } else {
      Vertex& vertex = graph.vertices.back();
      vertex.name += fmt::format(" -> {}", to_string(op.kind));
      vertex.operators.push_back(op);
    }
  }
}

// Pipelined exchanges tie subtasks together: whoever has a channel to a failed one must restart with it.
void find_regions(ExecutionGraph& graph) {
  const std::vector<SubtaskId> ids = graph.subtasks();
  std::vector<int32_t> base;  // index of each vertex's first subtask in `ids`
  int32_t total = 0;
  for (const Vertex& vertex : graph.vertices) {
    base.push_back(total);
    total += vertex.parallelism;
  }
  boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS> channels(ids.size());
  for (const Edge& edge : graph.edges) {
    const int32_t producers = graph.vertices[edge.from].parallelism;
    const int32_t consumers = graph.vertices[edge.to].parallelism;
    // All-to-all joins every subtask of both sides; a star says so with p edges instead of p * p.
    for (int32_t i = 0; i < producers; ++i)
      boost::add_edge(base[edge.from] + i, base[edge.to] + (edge.exchange == Exchange::hash ? 0 : i), channels);
    for (int32_t i = 1; i < consumers && edge.exchange == Exchange::hash; ++i)
      boost::add_edge(base[edge.from], base[edge.to] + i, channels);
  }
  std::vector<int32_t> component(ids.size());
  const int count = boost::connected_components(channels, component.data());
  graph.regions.assign(static_cast<size_t>(count), {});
  for (size_t i = 0; i < ids.size(); ++i) graph.regions[component[i]].push_back(ids[i]);
  std::sort(graph.regions.begin(), graph.regions.end());
}

}  // namespace

const char* to_string(Exchange exchange) { return exchange == Exchange::hash ? "hash" : "forward"; }

std::vector<SubtaskId> ExecutionGraph::subtasks() const {
  std::vector<SubtaskId> ids;
  for (size_t v = 0; v < vertices.size(); ++v) {
    for (int32_t s = 0; s < vertices[v].parallelism; ++s) ids.push_back({static_cast<int32_t>(v), s});
  }
  return ids;
}

int32_t ExecutionGraph::region_of(SubtaskId id) const {
  for (size_t r = 0; r < regions.size(); ++r) {
    if (std::binary_search(regions[r].begin(), regions[r].end(), id)) return static_cast<int32_t>(r);
  }
  return -1;
}

Result<ExecutionGraph> build_execution_graph(const LogicalPlan& plan) {
  if (Status status = check_plan(plan); !status.ok()) return status.error();
  ExecutionGraph graph;
  chain_operators(plan, graph);
  find_regions(graph);
  return graph;
}

}  // namespace onceproof::graph
