// SPDX-License-Identifier: Apache-2.0
// Scenario language: JSON text -> Scenario, strictly, as `onceproof list schema` prints it. Every error
// names the file, the place, what is wrong and the nearest valid word.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "scenarios/plan/scenario.h"

namespace onceproof::scenarios {

Result<Scenario> parse_scenario(const std::string& text, const std::string& file_name);
// A profile of the program's own: what a scenario file may also say under "profiles".
Result<Profile> parse_profile(const std::string& text, const std::string& name, const std::string& file_name);

}  // namespace onceproof::scenarios
