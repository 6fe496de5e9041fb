// SPDX-License-Identifier: Apache-2.0
// draw_plan: scenario and seed -> one concrete plan. Every knob and every field of a fault draws from a
// stream of its own name, so a new one shifts no other; the guarantee is no input of the draw, so all three
// stacks meet the same faults at the same times. `run --seed` and `sweep` both come through here.
#pragma once

#include "runtime/base/result.h"
#include "runtime/base/seeded_bugs.h"
#include "scenarios/plan/plan.h"
#include "scenarios/plan/scenario.h"

namespace onceproof::scenarios {

struct Overrides {
  std::optional<InputSpec> input;
  SeededBugs bugs;
  std::optional<int64_t> event_limit;
};

// The plan of the scenario's own parts when it has some, else of the exactly-once stack (see with_stack()).
Result<RunPlan> draw_plan(const Scenario& scenario, uint64_t seed, const Overrides& overrides = {});

// As check_plan(), of a plan that was drawn from the scenario: the error names the file and the place in it.
Status check_drawn(const Scenario& scenario, const RunPlan& plan);

// The stacks that "all" means for this scenario: the three, or "configured" when it names its own parts.
std::vector<std::string> stack_names(const Scenario& scenario);
Stack stack_named(const Scenario& scenario, const std::string& name);

}  // namespace onceproof::scenarios
