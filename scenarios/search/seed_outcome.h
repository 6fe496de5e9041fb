// SPDX-License-Identifier: Apache-2.0
// SeedOutcome: what a sweep keeps of one seed: a line of JSON between worker and sweep, and in the state file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "scenarios/run/runner.h"

namespace onceproof::scenarios {

struct StackOutcome {
  std::string stack;
  std::string verdict;  // "valid", "violated", "inconclusive"
  std::string trace_hash;
  std::string story;  // of the first finding, or why it is inconclusive
  uint64_t events = 0;
  uint64_t lost = 0;
  uint64_t duplicated = 0;
  std::vector<std::string> findings;                   // their kinds, each once
  std::map<std::string, checkers::FaultCounts> faults;  // by kind; effective: when they were measured
};

struct SeedOutcome {
  uint64_t seed = 0;
  std::vector<StackOutcome> stacks;
  bool effects_measured = false;   // each fault that fired was left out once
  bool control_effective = false;  // a weaker guarantee showed its damage
  std::string nondeterminism;      // the first differing event; empty: none, or not looked for
};

StackOutcome summary_of(const std::string& stack, const RunResult& result);
std::string to_line(const SeedOutcome& outcome);  // without a newline
Result<SeedOutcome> outcome_from_line(const std::string& line);

}  // namespace onceproof::scenarios
