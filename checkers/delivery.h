// SPDX-License-Identifier: Apache-2.0
// Delivery checker: what a read_committed reader of the final log gets, as a multiset of contributions by
// lineage: lost, duplicated, phantom (never in the input), corrupted (a result that disagrees with its own
// lineage). Counts, not values: dropping one record and counting another twice is seen. O(contributions),
// no hashing. Called by the judge; the other checkers reuse `Delivery`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkers/history.h"
#include "checkers/reference.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

inline bool visible(const OutputRecord& output) {
  return output.visibility == Visibility::committed || output.visibility == Visibility::non_transactional;
}

struct Delivery {
  Counts counts;
  std::vector<uint32_t> times;  // for each contribution: how often it was delivered
  std::vector<uint8_t> sound;   // for each output: visible, of known positions, and true to its lineage
  std::vector<uint8_t> excused;  // for each contribution: lost through a broken condition (conditions.h); empty: none
  bool is_excused(uint32_t index) const { return !excused.empty() && excused[index] != 0; }
  bool clean() const { return counts.lost + counts.duplicated + counts.phantom + counts.corrupted == 0; }
};

Delivery check_delivery(const History& history, const Reference& reference);

// Findings of what `claimed` forbids; phantoms and corruption are forbidden always. A loss is told only when
// `complete`: a job that did not get to its end may still deliver.
void tell_delivery(const History& history, const Reference& reference, const Delivery& delivery, bool complete,
                   std::vector<Finding>& out);

}  // namespace onceproof::checkers
