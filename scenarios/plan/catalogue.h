// SPDX-License-Identifier: Apache-2.0
// Catalogue: the scenarios and profiles that the program carries inside itself, and scenario files beside them.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "scenarios/plan/scenario.h"

namespace onceproof::scenarios {

std::vector<std::string> catalogue_names();  // sorted

// A name of the catalogue, or the path of a scenario file (anything with a '/' or ending in ".json").
// Unknown names: invalid_argument with the nearest one.
Result<Scenario> load_scenario(const std::string& name_or_file);

// Profiles: "stock" (the scenario as it stands) and those that the program carries, sorted.
std::vector<std::string> profile_names();
Result<Profile> load_profile(const std::string& name);  // not stock

// The scenario drawn by another profile: its own of that name, or the program's. Unknown: invalid_argument.
Result<Scenario> with_profile(Scenario scenario, const std::string& name);

}  // namespace onceproof::scenarios
