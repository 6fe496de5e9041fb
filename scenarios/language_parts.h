// SPDX-License-Identifier: Apache-2.0
// The parts of the scenario language that language.cc and plan_json.cc share. Problems go to the reader.
#pragma once

#include <string>
#include <vector>

#include "scenarios/json_reader.h"
#include "scenarios/scenario.h"

namespace onceproof::scenarios {

DrawnNumber read_number(const JsonPlace& place, int64_t low, int64_t high);
std::vector<FaultSpec> read_faults(const JsonPlace& place, bool swarm);
std::vector<graph::LogicalOperator> read_pipeline(const JsonPlace& place);
Stack read_parts(const JsonPlace& place);

std::vector<std::string> fault_kind_words();
std::vector<std::string> point_words();
std::vector<std::string> mail_words();  // those that travel between processes or can be named by a fault
// "taskmanager-12" -> ("taskmanager", 12); "jobmanager" -> ("jobmanager", -1).
std::pair<std::string, int> split_process_name(const std::string& name);

}  // namespace onceproof::scenarios
