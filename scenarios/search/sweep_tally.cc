// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/sweep_tally.h"

namespace onceproof::scenarios {

void RunList::add(uint64_t seed, size_t place, ListedRun run) {
  ++total_;
  runs_[{seed, place}] = std::move(run);
  if (runs_.size() > kMost) runs_.erase(std::prev(runs_.end()));
}

void SweepTally::add(const SeedOutcome& outcome) {
  ++seeds;
  runs += outcome.stacks.size();
  control_effective += outcome.control_effective ? 1 : 0;
  if (!outcome.nondeterminism.empty()) {
    ++nondeterministic;
    differing.add(outcome.seed, 0, {"", outcome.nondeterminism, {}});
  }
  for (size_t i = 0; i < outcome.stacks.size(); ++i) {
    const StackOutcome& run = outcome.stacks[i];
    StackTally& stack = stacks[run.stack];
    ++stack.runs;
    stack.valid += run.verdict == "valid";
    stack.violated += run.verdict == "violated";
    stack.inconclusive += run.verdict == "inconclusive";
    stack.lost += run.lost;
    stack.duplicated += run.duplicated;
    for (const std::string& kind : run.findings) ++stack.findings[kind];
    for (const auto& [kind, count] : run.faults) {
      FaultTally& fault = faults[kind];
      fault.armed += count.armed;
      fault.fired += count.fired;
      if (!outcome.effects_measured) continue;
      fault.measured += count.fired;
      fault.effective += count.effective;
    }
    if (run.verdict == "violated") violating.add(outcome.seed, i, {run.stack, run.story, run.findings});
    if (run.verdict == "inconclusive") inconclusive.add(outcome.seed, i, {run.stack, run.story, {}});
  }
}

FaultTally SweepTally::all_faults() const {
  FaultTally all;
  for (const auto& [kind, count] : faults) {
    all.armed += count.armed;
    all.fired += count.fired;
    all.measured += count.measured;
    all.effective += count.effective;
  }
  return all;
}

}  // namespace onceproof::scenarios
