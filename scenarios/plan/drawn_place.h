// SPDX-License-Identifier: Apache-2.0
// Where a contradiction of a drawn plan stands in the scenario's document, as a JSON pointer. A plan no longer knows what
// it was drawn from, so the places that can have drawn it are looked through.
#pragma once

#include <string>

#include "scenarios/plan/plan.h"
#include "scenarios/plan/scenario.h"

namespace onceproof::scenarios {

std::string drawn_place(const Scenario& scenario, const Contradiction& problem);

}  // namespace onceproof::scenarios
