// SPDX-License-Identifier: Apache-2.0
#include "runtime/dataflow/operator.h"

namespace onceproof::dataflow {

void TaskContext::hit(env::Point point, env::Phase phase, env::ProbeArgs args) {
  args.vertex = descriptor().subtask.vertex;
  args.subtask = descriptor().subtask.subtask;
  args.attempt = descriptor().attempt;
  env().probe().hit(point, phase, args);
}

const char* to_string(TaskState state) {
  switch (state) {
    case TaskState::created: return "CREATED";
    case TaskState::initializing: return "INITIALIZING";
    case TaskState::running: return "RUNNING";
    case TaskState::finishing: return "FINISHING";
    case TaskState::finished: return "FINISHED";
    case TaskState::canceled: return "CANCELED";
    case TaskState::failed: return "FAILED";
  }
  return "?";
}

}  // namespace onceproof::dataflow
