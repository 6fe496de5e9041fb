// SPDX-License-Identifier: Apache-2.0
// SweepTally: what a sweep says of all its seeds: counts by guarantee and by kind of fault, and the runs that were not
// valid. Its size does not grow with the seeds: of the runs it lists those with the lowest seeds, and counts the others.
// The same outcomes give the same tally in whatever order they come.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/search/seed_outcome.h"

namespace onceproof::scenarios {

struct StackTally {
  uint64_t runs = 0, valid = 0, violated = 0, inconclusive = 0;
  uint64_t lost = 0, duplicated = 0;
  std::map<std::string, uint64_t> findings;  // kind -> runs that had it
};

struct FaultTally {
  uint64_t armed = 0, fired = 0;
  uint64_t measured = 0, effective = 0;  // of those that fired in seeds whose faults were left out one by one
};

struct ListedRun {
  std::string stack;
  std::string story;
  std::vector<std::string> findings;  // kinds
};

// The runs with the lowest seeds, and how many there are in all.
class RunList {
 public:
  static constexpr size_t kMost = 5000;
  using Runs = std::map<std::pair<uint64_t, size_t>, ListedRun>;  // by seed and place of the stack

  void add(uint64_t seed, size_t place, ListedRun run);
  const Runs& runs() const { return runs_; }
  uint64_t total() const { return total_; }

 private:
  Runs runs_;
  uint64_t total_ = 0;
};

struct SweepTally {
  uint64_t seeds = 0, runs = 0, control_effective = 0, nondeterministic = 0;
  std::map<std::string, StackTally> stacks;
  std::map<std::string, FaultTally> faults;  // by kind
  RunList violating, inconclusive, differing;

  void add(const SeedOutcome& outcome);
  FaultTally all_faults() const;
};

}  // namespace onceproof::scenarios
