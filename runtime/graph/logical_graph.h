// SPDX-License-Identifier: Apache-2.0
// Logical graph: the pipeline as its author wrote it, a directed acyclic graph of operators. Pure data: what an operator
// does is known by its author's program alone (dataflow/program.h), and here by its index. execution_graph.h turns the
// graph into chained vertices, subtasks and pipelined regions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace onceproof::graph {

// How the records of one operator find the subtasks of the next (Flink: StreamPartitioner).
enum class Exchange : uint8_t {
  forward,    // subtask i to subtask i; the two are chained where they can be
  hash,       // by the key group of the record's key
  rebalance,  // to every subtask in turn
  broadcast,  // to every subtask
};
const char* to_string(Exchange exchange);

// A stream into an operator. Several into the same port are a union.
struct Input {
  int32_t from = 0;  // index of the operator whose results these are
  Exchange exchange = Exchange::forward;
  uint32_t output = 0;  // 0: its results; its side outputs count from 1
  uint32_t port = 0;    // of the operator that reads; a join has two
  // The author says that records lie already where their key says (Flink: reinterpretAsKeyedStream).
  bool partitioned = false;
  bool operator==(const Input&) const = default;
};

enum class Role : uint8_t { source, transformation, sink };

struct LogicalNode {
  std::string uid;   // names its state in checkpoints: unique, and the same as long as the state shall be found
  std::string name;  // for people
  Role role = Role::transformation;
  bool keyed = false;       // it has state or timers by key: every stream into it must be partitioned by that key
  uint32_t ports = 1;       // streams that it tells apart
  uint32_t outputs = 1;     // results, and side outputs
  int32_t parallelism = 0;  // 0: the graph's
  bool starts_chain = false;  // never in the task of the operator in front of it
  std::vector<Input> inputs = {};
};

struct LogicalGraph {
  std::vector<LogicalNode> nodes;
  int32_t parallelism = 2;
  int32_t max_parallelism = 128;  // number of key groups

  int32_t parallelism_of(const LogicalNode& node) const { return node.parallelism > 0 ? node.parallelism : parallelism; }
};

// invalid_argument names the operator (its number, from 1, and its name) and what is wrong with it: a cycle, an end that
// dangles, an impossible parallelism, a keyed operator behind a stream that is not partitioned, a uid used twice.
Status check_graph(const LogicalGraph& graph);

// Every operator behind those that feed it; among those that could come next, the author's order.
std::vector<int32_t> topological_order(const LogicalGraph& graph);  // of a graph without cycles

}  // namespace onceproof::graph
