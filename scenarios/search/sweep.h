// SPDX-License-Identifier: Apache-2.0
// The dispatching half of a sweep: seeds to worker processes, answers into the state, progress on a terminal.
#pragma once

#include <cstdint>
#include <optional>
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
  // Why it ended early. invalid_argument: a seed whose plan contradicts itself; io_error, disk_full: the state could not
  // be written; anything else: a worker died or could not start.
  std::optional<Error> error;
};

SweepEnd run_sweep(Session& session, const std::vector<uint64_t>& seeds, const SweepOptions& options,
                   SweepState& state);

}  // namespace onceproof::scenarios
