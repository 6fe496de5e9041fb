// SPDX-License-Identifier: Apache-2.0
// Logical plan: a chain of built-in operators with their parameters, as scenarios spell it. Pure data; to_graph() makes
// the logical graph of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/graph/logical_graph.h"

namespace onceproof::graph {

enum class OperatorKind : uint8_t {
  log_source,
  split,         // one record a word (maximal runs of bytes other than ASCII white space)
  map_prefix,    // value -> prefix + value
  key_by,        // not an operator of its own: the exchange in front of the next one is partitioned by key (= value)
  window_count,  // tumbling event-time window, count per key
  log_sink,
};
const char* to_string(OperatorKind kind);

struct LogicalOperator {
  OperatorKind kind = OperatorKind::log_source;
  std::string prefix;        // map_prefix
  DurationUs window_us = 0;  // window_count
  DurationUs allowed_lateness_us = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(kind, prefix, window_us, allowed_lateness_us);
  }
};

struct LogicalPlan {
  std::vector<LogicalOperator> operators;  // source first, sink last
  int32_t parallelism = 2;
  int32_t max_parallelism = 128;  // number of key groups
};

// The graph, and which operator of the plan each of its nodes is: a key_by is none, but the exchange behind it.
struct PlannedGraph {
  LogicalGraph graph;
  std::vector<int32_t> operator_of;
};
// invalid_argument names the operator (counted from 1) and what is wrong with it.
Result<PlannedGraph> to_graph(const LogicalPlan& plan);

}  // namespace onceproof::graph
