// SPDX-License-Identifier: Apache-2.0
// Liveness checker: after the last fault healed and the last input arrived, progress is owed within the bound:
// the job finishes, checkpoints complete again, the sink's log is quiescent. A job that failed for good or a run
// that was stopped before the bound decides nothing.
#pragma once

#include <string>
#include <vector>

#include "checkers/history.h"
#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

struct Liveness {
  bool complete = false;  // the job finished and the log is quiescent: what is missing now is lost
  bool settled = false;   // complete, or the bound is over: what is open now hangs
  std::string why;        // undecided: why; empty when decided
};

Liveness check_liveness(const History& history, const Timeline& timeline, std::vector<Finding>& out);

}  // namespace onceproof::checkers
