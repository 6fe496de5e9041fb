// SPDX-License-Identifier: Apache-2.0
// Execution graph: the logical plan with its operators chained into vertices, the exchanges between them, and
// the pipelined regions, which are what fails and restarts as one (Flink's RestartPipelinedRegionFailoverStrategy).
// Pure data, the same on every process that builds it from the same plan.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/graph/logical_plan.h"

namespace onceproof::graph {

enum class Exchange : uint8_t {
  forward,  // subtask i to subtask i
  hash,     // every subtask to every subtask, by the key group of the record's value
};
const char* to_string(Exchange exchange);

// Operators that run in one task, in order. key_by is not among them: it is the exchange in front of the vertex.
struct Vertex {
  std::string name;  // "log source -> split"
  std::vector<LogicalOperator> operators;
  int32_t parallelism = 1;
  template <class Archive>
  void fields(Archive& archive) {
    archive(name, operators, parallelism);
  }
};

// Indices into ExecutionGraph::vertices. All exchanges are pipelined.
struct Edge {
  int32_t from = 0;
  int32_t to = 0;
  Exchange exchange = Exchange::forward;
  template <class Archive>
  void fields(Archive& archive) {
    archive(from, to, exchange);
  }
};

struct SubtaskId {
  int32_t vertex = 0;
  int32_t subtask = 0;
  auto operator<=>(const SubtaskId&) const = default;
  template <class Archive>
  void fields(Archive& archive) {
    archive(vertex, subtask);
  }
};

struct ExecutionGraph {
  std::vector<Vertex> vertices;  // in topological order, sources first
  std::vector<Edge> edges;
  std::vector<std::vector<SubtaskId>> regions;  // a partition of subtasks(); each sorted, ordered by their first

  std::vector<SubtaskId> subtasks() const;  // sorted: by vertex, then subtask
  int32_t region_of(SubtaskId id) const;    // index into regions; -1: no such subtask
};

// invalid_argument names the operator (counted from 1) and what is wrong with it.
Result<ExecutionGraph> build_execution_graph(const LogicalPlan& plan);

}  // namespace onceproof::graph
