// SPDX-License-Identifier: Apache-2.0
// Knobs: every number (or word of a short list) that a scenario may set, a swarm may draw and a plan file stores, in
// one table. A new knob is one line here; it draws from a stream named after it, so it shifts no other.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/plan/plan.h"

namespace onceproof::scenarios {

struct Knob {
  const char* section;  // "checkpoint"; "" for the top level
  const char* name;     // "interval_ms"
  int64_t low;          // smallest and largest valid value, in the unit of the name
  int64_t high;
  void (*set)(RunPlan& plan, int64_t value);
  int64_t (*get)(const RunPlan& plan);
  const char* what;  // for the schema and people
  std::vector<std::string> words = {};  // when not empty: the value is one of these, its index the number
};

const std::vector<Knob>& all_knobs();
std::optional<int> knob_index(std::string_view section, std::string_view name);
std::string knob_path(const Knob& knob);  // "checkpoint.interval_ms"

// The sections that hold knobs, in order of the table, "" first.
std::vector<std::string> knob_sections();
std::vector<std::string> knob_names(std::string_view section);

}  // namespace onceproof::scenarios
