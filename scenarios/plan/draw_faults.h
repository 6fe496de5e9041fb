// SPDX-License-Identifier: Apache-2.0
// Concrete faults of what a scenario leaves open. Every fault draws from a stream of its own name and place, so that a
// new one shifts no other. Used by draw.cc alone.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/random.h"
#include "scenarios/plan/plan.h"
#include "scenarios/plan/scenario.h"

namespace onceproof::scenarios {

int64_t draw(const DrawnNumber& number, RandomStream stream);

// Whether this seed has the family; `name` is that of the swarm's faults.
bool is_on(const FaultFamily& family, const RandomStream& root, const std::string& name);

// Adds to the plan those of `specs` that strike in this seed; the plan's settings have been drawn.
void draw_faults(const std::vector<FaultSpec>& specs, const RandomStream& root, const std::string& name, RunPlan& plan);
void draw_swarm_faults(const Swarm& swarm, const RandomStream& root, const std::string& name, RunPlan& plan);

}  // namespace onceproof::scenarios
