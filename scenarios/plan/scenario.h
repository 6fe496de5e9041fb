// SPDX-License-Identifier: Apache-2.0
// Scenario: what a scenario file says, with everything that a seed may still draw left open (ranges, lists,
// "any task-manager"). Plain data; language.h reads it, draw.h makes a concrete RunPlan of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/env/probe.h"
#include "scenarios/plan/guarantee.h"
#include "scenarios/plan/pipeline_spec.h"

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
  reconnect,
  move_leader,
  swizzle  // drawn alone: a plan has its partitions or pauses
};

// Only the fields of its kind are used; the parser refuses the others.
struct FaultSpec {
  FaultKind kind = FaultKind::crash;
  uint32_t percent = 100;  // in how many of a hundred seeds it strikes
  std::optional<DrawnNumber> at_ms;
  std::optional<DrawnNumber> at_percent;  // of the input's span: for profiles, which know no times
  std::optional<env::Point> at;
  std::vector<env::Point> any_at;  // when not empty, the seed takes one of these instead
  env::Phase when = env::Phase::after;
  bool any_when = false;  // the seed takes a phase that the point has
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
  DrawnWord topic;                      // whose leader moves
  std::optional<DrawnNumber> partition;  // of it; absent: the seed takes one
  DrawnWord what;                       // that a swizzle does to each process
  DrawnNumber share_percent{50, 50, {}}, stop_ms{2000, 2000, {}}, heal_ms{2000, 2000, {}};
  DrawnNumber duration_ms, delay_ms, restart_after_ms, cpu_percent{1000, 1000, {}}, count{1, 1, {}}, skip{0, 0, {}};
};

inline constexpr const char* kStockProfile = "stock";  // the scenario as it stands

enum class InputKind : uint8_t { default_text, file, generated, given };
struct InputSpec {
  InputKind kind = InputKind::default_text;
  std::string path = {};  // file
  std::shared_ptr<const std::vector<std::string>> records = {};  // given: by a program
};

// Settings that only some seeds get.
struct DrawnSettings {
  uint32_t percent = 0;              // how often each knob below leaves its value
  std::map<int, DrawnNumber> knobs;  // index into all_knobs()
};

// A family is switched off as a whole: a seed in which everything strikes hides what one thing alone would show. With
// settings of its own it is a regime: what shows only where several settings and faults meet.
struct FaultFamily {
  std::string name;
  uint32_t percent = 100;  // in how many of a hundred seeds it is on
  DrawnSettings configuration;  // over the swarm's
  std::vector<FaultSpec> faults;
};

// What only some seeds get.
struct Swarm {
  DrawnSettings configuration;
  std::vector<FaultSpec> faults;
  std::vector<FaultFamily> families;
};

// Another way to draw from the same scenario (--profile): how much of the scenario's own faults and swarm stays, and
// what comes instead.
struct Profile {
  std::string name;
  std::string description;
  uint32_t own_faults_percent = 100;  // in how many of a hundred seeds the scenario's own faults strike
  uint32_t own_swarm_percent = 100;   // and its own swarm is drawn from
  Swarm swarm;
};

struct Scenario {
  std::string file;  // that it was read from
  std::string name;
  std::string description;
  InputSpec input;
  PipelineSpec pipeline;
  std::shared_ptr<const api::Pipeline> own_pipeline = {};  // an author's program, instead
  std::optional<Stack> parts;                    // a pipeline with parts of its own instead of the three stacks
  std::map<int, DrawnNumber> knobs;              // index into all_knobs() -> value; absent: the default
  Swarm swarm;
  std::vector<FaultSpec> faults;
  std::map<std::string, Profile> profiles;  // of its own, by name; they stand before the program's
  std::optional<Profile> profile;           // the one that is in use; none: stock, what stands above
};

}  // namespace onceproof::scenarios
