// SPDX-License-Identifier: Apache-2.0
// Session: one scenario (or plan file) with its stacks and overrides, from which plans are drawn seed by seed
// and run on shared, prepared input. Used by the command line and by the worker processes of a sweep.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/plan/draw.h"
#include "scenarios/run/runner.h"

namespace onceproof::scenarios {

// What a person asked for; travels to worker processes as one line of JSON.
struct Request {
  std::string scenario;             // catalogue name or file; empty for a replay
  std::string plan_path;            // replay: plan.json or the folder that holds it
  std::vector<std::string> stacks;  // empty: all that the scenario has
  std::string input;                // --input; empty: the scenario's own
  std::vector<std::string> bugs;
  uint64_t effective_every = 0;  // a sweep measures the effects of the faults in every so many seeds; 0: never
  uint64_t input_limit = kInputLimit;  // bytes
  uint64_t event_limit = 0;            // 0: the scenario's
  std::string profile = kStockProfile;  // "stock", "swarm", "calm" or one of the scenario's own
};
std::string to_line(const Request& request);
Result<Request> request_from_line(const std::string& line);

class Session {
 public:
  // Loads the scenario or plan and checks every word of the request.
  static Result<Session> open(const Request& request);

  const Request& request() const { return request_; }
  const std::string& scenario_name() const { return name_; }
  const std::string& description() const { return scenario_.description; }
  const std::vector<std::string>& stacks() const { return stacks_; }
  bool is_replay() const { return replay_.has_value(); }
  uint64_t replay_seed() const { return replay_->plans.front().seed; }

  // One plan for each stack, weakest first. A replay ignores the seed.
  Result<std::vector<RunPlan>> plans(uint64_t seed);
  // Of a scenario with parts of its own: the weaker stacks with the same seed and faults, for the control. Else none.
  Result<std::vector<RunPlan>> control_plans(uint64_t seed);
  Result<RunResult> run(const RunPlan& plan, Recording recording = Recording::full,
                        std::optional<std::pair<uint64_t, uint64_t>> window = std::nullopt);

  // The prepared input of a plan of this session.
  const PreparedInput& input_of(const RunPlan& plan) const;
  // Is told how far each run is.
  void watch(RunWatch watch) { watch_ = std::move(watch); }

  // "onceproof run word-count --seed 0x1f3a": complete, for people to paste. `stack` may be empty.
  std::string reproduce(uint64_t seed, const std::string& stack = "") const;

 private:
  Status prepare(RunPlan& plan);

  Request request_;
  std::string name_;
  Scenario scenario_;
  std::optional<PlanFile> replay_;
  std::vector<std::string> stacks_;
  Overrides overrides_;
  std::map<std::string, PreparedInput> inputs_;
  RunWatch watch_;
};

}  // namespace onceproof::scenarios
