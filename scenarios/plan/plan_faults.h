// SPDX-License-Identifier: Apache-2.0
// The faults of a plan file, to and from JSON. Used by plan_json.cc alone.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "scenarios/plan/json_reader.h"
#include "simulator/fault_plan.h"

namespace onceproof::scenarios {

nlohmann::ordered_json plan_faults_json(const simulator::FaultPlan& faults);
simulator::FaultPlan read_plan_faults(const JsonPlace& place);

}  // namespace onceproof::scenarios
