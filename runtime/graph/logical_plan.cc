// SPDX-License-Identifier: Apache-2.0
#include "runtime/graph/logical_plan.h"

namespace onceproof::graph {

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

}  // namespace onceproof::graph
