// SPDX-License-Identifier: Apache-2.0
// Control: is this seed evidence for exactly-once? Only when the same seed and faults did damage under a weaker
// guarantee, and the exactly-once run itself met a fault while something was at stake. A fault that only a weaker stack
// can meet is no evidence. `trial_of` says of one run what its faults met; the judge puts it into the verdict.
#pragma once

#include <string>
#include <vector>

#include "checkers/history.h"
#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

Trial trial_of(const History& history, const Timeline& timeline);

struct Control {
  bool effective = false;  // the seed is evidence for exactly-once
  std::string reason;      // why, or why not: one clause
  std::string sentence;    // what the weaker guarantees showed, and the reason
};
// `verdicts` of one seed, in any order; guarantees that were not run are simply absent.
Control control(const std::vector<Verdict>& verdicts);
Control control(const std::vector<const Verdict*>& verdicts);

}  // namespace onceproof::checkers
