// SPDX-License-Identifier: Apache-2.0
// The dispatching half of a sweep: seeds to worker processes, answers into the state, progress on a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/search/session.h"
#include "scenarios/search/sweep_state.h"

namespace onceproof::scenarios {

struct SweepOptions {
  int jobs = 1;
  bool check_determinism = false;
  uint64_t stop_at = UINT64_MAX;
  bool progress = false;
};

struct SweepEnd {
  uint64_t runs = 0;  // done now, not counting what was resumed
  bool interrupted = false;
  std::string error;  // a worker died or could not start; empty: none
};

SweepEnd run_sweep(Session& session, const std::vector<uint64_t>& seeds, const SweepOptions& options,
                   SweepState& state);

}  // namespace onceproof::scenarios
