// SPDX-License-Identifier: Apache-2.0
// WholeRun: one seed under each of a session's stacks with everything recorded, its control and its folder: what `run`
// shows, and what a sweep keeps of the seeds that it found violated.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkers/control.h"
#include "checkers/reference.h"
#include "scenarios/search/session.h"

namespace onceproof::scenarios {

struct WholeRun {
  std::vector<RunPlan> plans;  // one for each report and trace, in the same order
  std::vector<checkers::RunReport> reports;
  std::vector<simulator::Trace> traces;
  std::shared_ptr<const checkers::Reference> reference;  // what they were judged against
  checkers::Control control;
};

Result<WholeRun> run_whole(Session& session, uint64_t seed);

// The folder's path.
Result<std::string> store_whole(const Session& session, uint64_t seed, const WholeRun& run, const std::string& root);

}  // namespace onceproof::scenarios
