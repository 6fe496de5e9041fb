// SPDX-License-Identifier: Apache-2.0
// What a sweep prints: its tally as text and as one JSON object. For sweep_command.cc.
#pragma once

#include <string>
#include <vector>

#include "scenarios/cli/commands.h"
#include "scenarios/search/sweep_tally.h"

namespace onceproof::scenarios::cli {

// A violating seed whose run was stored whole.
struct KeptRun {
  uint64_t seed = 0;
  std::string folder;
};

struct SweepResult {
  const SweepTally& tally;
  std::vector<KeptRun> kept;
  double seconds = 0;
  uint64_t runs_now = 0;  // without those of a sweep that this one goes on with
  bool complete = true;   // false: interrupted, stopped or failed before the last seed
};

std::string sweep_text(const Session& session, const SweepResult& result);
std::string sweep_json(const Session& session, const Options& options, const SweepResult& result);

}  // namespace onceproof::scenarios::cli
