// SPDX-License-Identifier: Apache-2.0
// Execution graph: the logical graph with its operators chained into vertices, the exchanges between them, and
// the pipelined regions, which are what fails and restarts as one (Flink's RestartPipelinedRegionFailoverStrategy).
// Pure data, the same on every process that builds it from the same graph.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/graph/logical_graph.h"

namespace onceproof::graph {

// Operators that run in one task: a tree, whose root is the head. Only the head has channels; each other operator reads
// one stream, from an operator of its own vertex.
struct Vertex {
  std::string name;            // "log source -> split"; "source -> (map, filter -> sink)"
  std::vector<int32_t> nodes;  // indices into LogicalGraph::nodes; head first, each behind the one that it reads
  int32_t parallelism = 1;
};

// A stream between two vertices. All exchanges are pipelined.
struct Edge {
  int32_t from = 0;   // vertices
  int32_t to = 0;
  int32_t producer = 0;  // the operator in `from`; the one in `to` is its head
  Input input;           // the head's
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
  LogicalGraph logical;
  std::vector<Vertex> vertices;  // in topological order
  std::vector<Edge> edges;       // by the vertex that reads, then in the order of its head's inputs
  std::vector<std::vector<SubtaskId>> regions;  // a partition of subtasks(); each sorted, ordered by their first

  std::vector<SubtaskId> subtasks() const;  // sorted: by vertex, then subtask
  int32_t region_of(SubtaskId id) const;    // index into regions; -1: no such subtask
  int32_t slots() const;                    // that are needed: slot sharing holds one subtask of every vertex in each
  const LogicalNode& head_of(int32_t vertex) const;
  bool has_sink(int32_t vertex) const;  // in its chain
  int32_t parallelism_of(int32_t vertex) const { return vertices[static_cast<size_t>(vertex)].parallelism; }

  // A task's result partitions and its channels, in this order.
  std::vector<const Edge*> outputs_of(int32_t vertex) const;
  std::vector<const Edge*> inputs_of(int32_t vertex) const;
  // Subpartitions that the edge's producers have each: one for every consumer, or for their only one.
  uint32_t subpartitions(const Edge& edge) const;
  // Of the edge's producers, those that subtask `consumer` has a channel to, ascending.
  std::vector<int32_t> producers(const Edge& edge, int32_t consumer) const;
  uint32_t subpartition_of(const Edge& edge, int32_t consumer) const;
};

// Refuses what check_graph() refuses.
Result<ExecutionGraph> build_execution_graph(LogicalGraph graph);

}  // namespace onceproof::graph
