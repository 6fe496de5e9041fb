// SPDX-License-Identifier: Apache-2.0
#include "runtime/graph/logical_plan.h"

#include <fmt/format.h>

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
  if (plan.operators.empty())
    return {ErrorCode::invalid_argument, "the plan has no operators; it needs at least a log source and a log sink"};
  bool keyed = false;
  for (size_t i = 0; i < plan.operators.size(); ++i) {
    if (Status status = check_operator(plan, i, keyed); !status.ok()) return status;
    keyed = keyed || plan.operators[i].kind == OperatorKind::key_by;
  }
  return {};
}

Role role_of(OperatorKind kind) {
  if (kind == OperatorKind::log_source) return Role::source;
  return kind == OperatorKind::log_sink ? Role::sink : Role::transformation;
}

}  // namespace

const char* to_string(OperatorKind kind) {
  switch (kind) {
    case OperatorKind::log_source: return "log source";
    case OperatorKind::split: return "split";
    case OperatorKind::map_prefix: return "map";
    case OperatorKind::key_by: return "key by";
    case OperatorKind::window_count: return "window count";
    case OperatorKind::log_sink: return "log sink";
  }
  return "unknown operator";
}

Result<PlannedGraph> to_graph(const LogicalPlan& plan) {
  if (Status status = check_plan(plan); !status.ok()) return status.error();
  PlannedGraph planned;
  planned.graph.parallelism = plan.parallelism;
  planned.graph.max_parallelism = plan.max_parallelism;
  Exchange exchange = Exchange::forward;  // of the next stream
  for (size_t i = 0; i < plan.operators.size(); ++i) {
    const OperatorKind kind = plan.operators[i].kind;
    if (kind == OperatorKind::key_by) {
      exchange = Exchange::hash;
      continue;
    }
    LogicalNode node;
    node.name = to_string(kind);
    node.uid = fmt::format("{}-{}", i + 1, node.name);
    node.role = role_of(kind);
    node.keyed = kind == OperatorKind::window_count;
    if (!planned.graph.nodes.empty()) {
      const auto from = static_cast<int32_t>(planned.graph.nodes.size()) - 1;
      node.inputs.push_back({from, exchange, 0, 0, node.keyed && exchange == Exchange::forward});
    }
    exchange = Exchange::forward;
    planned.graph.nodes.push_back(std::move(node));
    planned.operator_of.push_back(static_cast<int32_t>(i));
  }
  return planned;
}

}  // namespace onceproof::graph
