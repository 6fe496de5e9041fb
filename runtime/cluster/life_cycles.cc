// SPDX-License-Identifier: Apache-2.0
#include "runtime/cluster/life_cycles.h"

namespace onceproof::cluster {

const char* to_string(JobState state) {
  switch (state) {
    case JobState::starting: return "starting";
    case JobState::running: return "running";
    case JobState::ending: return "ending";
    case JobState::finished: return "finished";
    case JobState::failed: return "failed";
  }
  return "?";
}

const char* to_string(RegionState state) {
  switch (state) {
    case RegionState::waiting: return "waiting";
    case RegionState::deployed: return "deployed";
    case RegionState::restarting: return "restarting";
    case RegionState::finished: return "finished";
  }
  return "?";
}

const char* to_string(ExecutionState state) {
  switch (state) {
    case ExecutionState::idle: return "idle";
    case ExecutionState::deploying: return "deploying";
    case ExecutionState::initializing: return "initializing";
    case ExecutionState::running: return "running";
    case ExecutionState::finishing: return "finishing";
    case ExecutionState::finished: return "finished";
    case ExecutionState::cancelling: return "cancelling";
  }
  return "?";
}

}  // namespace onceproof::cluster
