// SPDX-License-Identifier: Apache-2.0
// Effects: a fault is effective when the same run without just that fault ends in another state: other records in the
// log, other checkpoints or transactions, other restarts. What a fault says of itself counts for nothing: a switch that
// does nothing can say so, too. One further run for each fault that fired.
#pragma once

#include "scenarios/search/session.h"

namespace onceproof::scenarios {

// The state in which a run ended, without the times of what happened on the way.
uint64_t end_state(const checkers::History& history);

// The plan in which this fault never strikes; everything else, also what the other faults draw, is as it was.
RunPlan without_fault(RunPlan plan, size_t fault);

// Whether fault `fault` of the plan, which fired in the run that ended in `state`, made a difference.
Result<bool> is_effective(Session& session, const RunPlan& plan, size_t fault, uint64_t state);

// Sets `effective` of every fault of the run, and their count.
Status measure_effects(Session& session, const RunPlan& plan, RunResult& result);

}  // namespace onceproof::scenarios
