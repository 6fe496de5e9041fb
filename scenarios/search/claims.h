// SPDX-License-Identifier: Apache-2.0
// Claims over combinations: what runs of a combination of parts did to the data, whatever is claimed. A claim is right
// when no run is violated, and tight when each damage that it does not exclude was seen (scenarios/claims holds the
// small jobs whose faults do that, and evidence.json which of them shows what).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "checkers/reference.h"
#include "scenarios/plan/combinations.h"
#include "scenarios/plan/scenario.h"
#include "scenarios/run/runner.h"

namespace onceproof::scenarios {

enum class Damage : uint8_t { loss, duplicates, disorder, pieces };
inline constexpr std::array<Damage, 4> kAllDamages = {Damage::loss, Damage::duplicates, Damage::disorder,
                                                      Damage::pieces};
const char* to_string(Damage damage);
using Damages = std::array<bool, 4>;  // by Damage

// What the claim of this configuration does not exclude.
Damages allowed_damages(const graph::JobConfig& job);

// What the run did, by the log. A loss is one for good: the job has come to its end, or the log has aborted what a
// durable checkpoint pre-committed.
Damages damages_of(checkers::RunReport& report, const checkers::Reference& reference);

// "crash", "zombie", ...: the small jobs of scenarios/claims, sorted; "drawn" has no faults of its own.
std::vector<std::string> claim_jobs();
Result<Scenario> claim_job(const std::string& name);

struct ClaimRun {
  RunPlan plan;
  RunResult result;
  Damages damages{};
};
// One run of a combination: the job's draw of this seed, with the combination's parts.
Result<ClaimRun> run_claim(const Combination& combination, const Scenario& job, uint64_t seed);

// ---- the stored evidence ---------------------------------------------------------------------------------

struct Evidence {
  Combination combination;
  Damage damage = Damage::loss;
  std::string job;
  uint64_t seed = 0;
};
Result<std::vector<Evidence>> stored_evidence();
// For each combination and each damage that its claim does not exclude, the first run that shows it, among these seeds
// of every small job. What was not found is absent.
Result<std::vector<Evidence>> find_evidence(uint64_t seeds);
std::string to_json(const std::vector<Evidence>& evidence);

}  // namespace onceproof::scenarios
