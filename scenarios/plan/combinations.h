// SPDX-License-Identifier: Apache-2.0
// Combinations: every way in which the parts that decide a guarantee can be put together, each on a small job. What is
// claimed of each of them is `derive`'s to say (guarantee.h); that no claim is too strong or too weak is shown over
// exactly this list (scenarios/search/claims.h).
#pragma once

#include <string>
#include <vector>

#include "scenarios/plan/plan.h"

namespace onceproof::scenarios {

enum class Shape : uint8_t {
  transform,  // source -> map -> sink: one chain, no exchange, no state but the offsets
  windowed,   // source -> split -> key by -> window count -> sink: an exchange, and state that fires
};
const char* to_string(Shape shape);

// A transactional sink's transaction timeout, against what the longest epoch and a recovery need.
enum class Timeout : uint8_t {
  plenty,  // the broker's maximum
  bare,    // as much as that, and no more: a recovery that is not the shortest breaks the claim's condition
  brief,   // less
};
const char* to_string(Timeout timeout);

struct Combination {
  Stack stack;
  Shape shape = Shape::transform;
  int32_t parallelism = 1;
  // Of a transactional sink alone: and what becomes of the job when a transaction has timed out.
  Timeout timeout = Timeout::plenty;
  graph::LostTransaction lost_transaction = graph::LostTransaction::fail_job;
  bool operator==(const Combination&) const = default;
};

// All that are consistent: a transactional sink has checkpoints, and without checkpoints barriers mean nothing.
const std::vector<Combination>& all_combinations();

// "with-checkpoint/aligned/transactional/windowed/2/brief/continue": a word for each part, "off" without checkpoints,
// and the last two for transactional sinks alone.
std::string name_of(const Combination& combination);

// The plan with these parts: its input, cluster, faults and other settings stay.
RunPlan with_combination(RunPlan plan, const Combination& combination);

}  // namespace onceproof::scenarios
