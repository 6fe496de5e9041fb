// SPDX-License-Identifier: Apache-2.0
// The parts of the scenario language that language.cc, plan_json.cc and schema.cc share: tables of words, and the
// readers that go by them. Problems go to the reader.
#pragma once

#include <string>
#include <vector>

#include "scenarios/plan/json_reader.h"
#include "scenarios/plan/scenario.h"

namespace onceproof::scenarios {

// A part of "parts": one of `words`, or true and false when there are none.
struct PartInfo {
  const char* name;
  const char* what;
  std::vector<std::string> words = {};
};
const std::vector<PartInfo>& stack_parts();

Swarm read_swarm(const JsonPlace& place, const std::vector<std::string>& more_keys);  // more_keys are the caller's
Profile read_profile(const JsonPlace& place, const std::string& name);
DrawnNumber read_number(const JsonPlace& place, int64_t low, int64_t high);
std::vector<FaultSpec> read_faults(const JsonPlace& place);
Stack read_parts(const JsonPlace& place, std::vector<std::string> more_keys = {});  // more_keys are the caller's

// 1 to 64 lower-case letters, digits and dashes: of scenarios, profiles and stacks, which are names of folders too.
bool valid_name(const std::string& name);

std::vector<std::string> fault_kind_words();
std::vector<std::string> plan_fault_kind_words();  // in the order of a plan's actions
std::vector<std::string> log_topic_words();       // in the order of simulator::LogTopic
std::vector<std::string> storage_call_words();    // in the order of simulator::StorageCall
std::vector<std::string> storage_effect_words();  // and of simulator::StorageEffect
std::vector<std::string> point_words();
// "any point", "any sink point": all points, or those of one prefix.
std::vector<std::string> drawn_point_words();
std::vector<env::Point> points_named(const std::string& word);  // by a name or a drawn word; empty: unknown
bool hit_before(env::Point point);  // it has a durable effect, before which it is hit as well
std::vector<std::string> mail_words();  // those that travel between processes or can be named by a fault
// "taskmanager-12" -> ("taskmanager", 12); "jobmanager" -> ("jobmanager", -1).
std::pair<std::string, int> split_process_name(const std::string& name);

}  // namespace onceproof::scenarios
