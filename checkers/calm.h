// SPDX-License-Identifier: Apache-2.0
// Calm: the times of a run that nothing excuses. A fault that fired excuses what happens until it is over and the job
// has had its recovery; so do a restart, and a step of the world that took long (an overloaded processor, a slow disk).
// Progress is owed in calm time, and only calm time counts.
#pragma once

#include <vector>

#include "checkers/history.h"

namespace onceproof::checkers {

class Calm {
 public:
  explicit Calm(const History& history) : Calm(history, history.bounds.recovery_us) {}
  // What takes so long behind a fault or a restart.
  Calm(const History& history, DurationUs recovery_us);

  // How much of [from, until] nothing excuses.
  DurationUs between(TimeUs from_us, TimeUs until_us) const;

 private:
  std::vector<Span> excused_;         // disjoint, ascending
  std::vector<DurationUs> excused_before_;  // in all spans before the i-th
  DurationUs excused_until(TimeUs at_us) const;
};

// Faults in force and slow steps, as they were, in no order.
std::vector<Span> disturbances(const History& history);

}  // namespace onceproof::checkers
