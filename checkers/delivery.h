// SPDX-License-Identifier: Apache-2.0
// Delivery checker: what a read_committed reader of the final log gets, as a multiset of contributions by
// lineage: lost, duplicated, phantom (never in the input), corrupted (a result that disagrees with its own
// lineage). Lineage before values: dropping one record and counting another twice is seen. O(contributions),
// no hashing. Called by the judge; the other checkers reuse `Delivery`: which expected result an output is, is decided here.
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
  std::vector<uint32_t> result;  // for each output, seen or not: the expected result that it is, by sink, key, time and
                                 // lineage; kNone when no position of it is known
  std::vector<uint8_t> whole;    // for each output: it has all of that result
  std::vector<uint8_t> excused;  // for each contribution: lost through a broken condition (conditions.h); empty: none
  bool is_excused(uint32_t index) const { return !excused.empty() && excused[index] != 0; }
  bool clean() const { return counts.lost + counts.duplicated + counts.phantom + counts.corrupted == 0; }
};

Delivery check_delivery(const History& history, const Reference& reference);

// Calls each(index) for every contribution that an output has, as the delivery checker counts them: phantoms are passed over.
template <class Each>
void for_each_contribution(const History& history, const Reference& reference, const Delivery& delivery, size_t output,
                           Each each) {
  reference.for_each(history.outputs[output].lineage, delivery.result[output], [&](uint32_t index, Position) {
    if (index != Reference::kNone) each(index);
  });
}

// Findings of what `claimed` forbids; phantoms and corruption are forbidden always. A loss is told only when
// `complete`: a job that did not get to its end may still deliver.
void tell_delivery(const History& history, const Reference& reference, const Delivery& delivery, bool complete,
                   std::vector<Finding>& out);

}  // namespace onceproof::checkers
