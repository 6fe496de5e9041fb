// SPDX-License-Identifier: Apache-2.0
// The words of a history's enumerations, in the order of their values, and the names of its events.
#include "reports/names.h"
#include "runtime/env/probe.h"
#include "scenarios/history/fields.h"

namespace onceproof::scenarios {

using namespace checkers;

namespace {

using Words = std::vector<std::string>;

template <class Enum>
Words words_up_to(Enum last, const char* (*name)(Enum)) {
  Words words;
  for (int i = 0; i <= static_cast<int>(last); ++i) words.emplace_back(name(static_cast<Enum>(i)));
  return words;
}

const char* step_name(Step step) {
  switch (step) {
    case Step::split_words: return "split-words";
    case Step::map_prefix: return "map-prefix";
    case Step::key_by_value: return "key-by-value";
    case Step::count_per_window: return "count-per-window";
  }
  return "?";
}

}  // namespace

const std::vector<std::string>& words_of(Guarantee) {
  static const Words words = words_up_to(Guarantee::exactly_once, to_string);
  return words;
}
const std::vector<std::string>& words_of(JobStatus) {
  static const Words words = words_up_to(JobStatus::failed, to_string);
  return words;
}
const std::vector<std::string>& words_of(Visibility) {
  static const Words words = words_up_to(Visibility::non_transactional, reports::visibility_name);
  return words;
}
const std::vector<std::string>& words_of(TransactionOutcome) {
  static const Words words = words_up_to(TransactionOutcome::aborted, reports::outcome_name);
  return words;
}
const std::vector<std::string>& words_of(CheckpointOutcome) {
  static const Words words = words_up_to(CheckpointOutcome::aborted, reports::outcome_name);
  return words;
}
const std::vector<std::string>& words_of(RestartReason) {
  static const Words words = {"failure", "checkpoints"};
  return words;
}
const std::vector<std::string>& words_of(Step) {
  static const Words words = words_up_to(Step::count_per_window, step_name);
  return words;
}

const Words& condition_kinds() {
  static const Words words = {"recovery", "epoch", "restarts", "readers", "connections"};
  return words;
}

const std::vector<const char*>& event_points() {
  static const std::vector<const char*> points = [] {
    std::vector<const char*> names = {"process.crash",  "process.restart",   "process.pause",
                                      "process.resume", "network.partition", "network.heal"};
    for (int i = 0; i < env::kPointCount; ++i) names.push_back(env::info(static_cast<env::Point>(i)).name);
    return names;
  }();
  return points;
}

}  // namespace onceproof::scenarios
