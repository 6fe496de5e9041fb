// SPDX-License-Identifier: Apache-2.0
// The table of claims: all combinations of parts, those with the same claim in one row, with the damage that the stored
// evidence shows. `list claims` prints it, docs/claims.md holds it, and a test keeps the two equal.
#pragma once

#include <string>
#include <vector>

#include "scenarios/search/claims.h"

namespace onceproof::scenarios {

struct ClaimRow {
  std::string offsets, checkpoints, sink;
  std::string timeout;  // of a transaction, against what a recovery needs: "plenty", "bare", "brief", or "" of other sinks
  std::string job;      // "any", "transform", "windowed x1" (parallelism 1), ...
  std::string claim, order, conditions;
  std::vector<size_t> combinations;  // indices into all_combinations()
};
// Covers every combination exactly once.
std::vector<ClaimRow> claim_rows();

// What the claim of a combination, on the small job, does not exclude.
Damages allowed_of(const Combination& combination);

// "loss, disorder in 3 of 4": each damage that is not excluded, and in how many of the row's combinations it was seen
// where that is not all of them.
std::string seen_text(const ClaimRow& row, const std::vector<Evidence>& evidence);

std::string claims_markdown(const std::vector<Evidence>& evidence);

}  // namespace onceproof::scenarios
