// SPDX-License-Identifier: Apache-2.0
// Bounds: how long things may take in this configuration while nothing excuses a delay. Sums of its own timeouts,
// intervals and delays, of what its channels take to carry the input, and of a little slack; how fast the world's machines are is no part of them, for a slow step
// of the world is an excuse by itself (World::slow_steps).
#pragma once

#include <string>

#include "checkers/history.h"
#include "scenarios/plan/plan.h"
#include "scenarios/run/backlog.h"

namespace onceproof::scenarios {

checkers::Bounds bounds_of(const RunPlan& plan, const Workload& workload);

// The liveness bound that counts: the plan's, and what this configuration's own delays may add up to on the way from one
// sign of progress to the next.
DurationUs liveness_of(const RunPlan& plan, const Workload& workload);

// A timeout that strikes in the ordinary course of things fails tasks without any fault, and regions that wait for each
// other's recovery can do so for ever. Why that may happen here; empty: it may not.
std::string why_no_progress_is_owed(const RunPlan& plan, const Workload& workload);

// A step of the world that takes longer can by itself make one of the configuration's timeouts strike.
DurationUs slow_step_of(const RunPlan& plan);

}  // namespace onceproof::scenarios
