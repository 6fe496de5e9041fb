// SPDX-License-Identifier: Apache-2.0
// Logical plan: the pipeline as its author wrote it, a chain of operators with their parameters. Pure data;
// execution_graph.h turns it into chained vertices, subtasks and pipelined regions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/time.h"

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

}  // namespace onceproof::graph
