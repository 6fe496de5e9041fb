// SPDX-License-Identifier: Apache-2.0
// Scenario: what a scenario file says, with everything that a seed may still draw left open (ranges, lists,
// "any task-manager"). Plain data; language.h reads it, draw.h makes a concrete RunPlan of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/env/probe.h"
#include "runtime/graph/logical_plan.h"
#include "scenarios/guarantee.h"

namespace onceproof::scenarios {

// A number, a range [low, high] (both included) or {"one_of": [..]}.
struct DrawnNumber {
  int64_t low = 0;
  int64_t high = 0;
  std::vector<int64_t> one_of;  // when not empty, low and high are its extremes
};

// A word, or a list of words of which the seed takes one.
struct DrawnWord {
  std::vector<std::string> choices;
};

enum class FaultKind : uint8_t {
  crash,
  pause,
  partition,
  delay,
  slow_checkpoint,
  fail_checkpoint,
  storage,
  stall,
  slow,
  reconnect
};

// Only the fields of its kind are used; the parser refuses the others.
struct FaultSpec {
  FaultKind kind = FaultKind::crash;
  uint32_t percent = 100;  // swarm faults: in how many of a hundred seeds it strikes
  std::optional<DrawnNumber> at_ms;
  std::optional<env::Point> at;
  env::Phase when = env::Phase::after;
  bool any_subtask = true;  // false: `subtask`, or one drawn among the parallelism when that is empty
  std::optional<DrawnNumber> subtask;
  DrawnNumber nth{1, 1, {}};
  std::optional<DrawnNumber> by_ms;
  std::optional<DrawnNumber> after_ms;  // hits before it do not count
  std::optional<env::Point> after;      // nor those before the `after_nth` hit of this point
  DrawnNumber after_nth{1, 1, {}};

  DrawnWord target, peer, direction, mode, part, mail, notice;
  DrawnWord by_target;  // whom "@hit" means when by_ms strikes instead
  DrawnWord call, effect, path;         // of the storage
  DrawnNumber duration_ms, delay_ms, restart_after_ms, cpu_percent{1000, 1000, {}}, count{1, 1, {}}, skip{0, 0, {}};
};

enum class InputKind : uint8_t { default_text, file, generated };
struct InputSpec {
  InputKind kind = InputKind::default_text;
  std::string path;  // file
};

struct Scenario {
  std::string name;
  std::string description;
  InputSpec input;
  std::vector<graph::LogicalOperator> pipeline;  // source first, sink last
  std::optional<Stack> parts;                    // a pipeline with parts of its own instead of the three stacks
  std::map<int, DrawnNumber> knobs;              // index into all_knobs() -> value; absent: the default
  uint32_t configuration_percent = 0;            // swarm: how often each knob below leaves its value
  std::map<int, DrawnNumber> swarm_knobs;
  std::vector<FaultSpec> faults;
  std::vector<FaultSpec> swarm_faults;
};

}  // namespace onceproof::scenarios
