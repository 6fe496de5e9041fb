// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/drawn_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "scenarios/plan/knobs.h"

namespace onceproof::scenarios {

namespace {

// A swarm of the document, by its pointer.
struct Place {
  std::string pointer;
  const Swarm* swarm;
};

std::vector<Place> swarms_of(const Scenario& scenario) {
  std::vector<Place> places = {{"/swarm", &scenario.swarm}};
  if (!scenario.profile) return places;
  const bool own = scenario.profiles.contains(scenario.profile->name);
  places.push_back({(own ? "/profiles/" : "profile ") + scenario.profile->name, &scenario.profile->swarm});
  return places;
}

int index_of(const std::string& path) {
  int index = 0;
  while (knob_path(all_knobs()[static_cast<size_t>(index)]) != path) ++index;  // a contradiction names settings alone
  return index;
}

// What the document itself says comes before what is drawn over it.
std::optional<std::string> setting_place(const Scenario& scenario, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (!scenario.knobs.contains(index_of(path))) continue;
    std::string pointer = "/" + path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    return pointer;
  }
  for (const Place& place : swarms_of(scenario)) {
    for (const std::string& path : paths) {
      if (place.swarm->configuration.knobs.contains(index_of(path))) return place.pointer + "/configuration/" + path;
      for (size_t i = 0; i < place.swarm->families.size(); ++i) {
        if (!place.swarm->families[i].configuration.knobs.contains(index_of(path))) continue;
        return fmt::format("{}/families/{}/configuration/{}", place.pointer, i, path);
      }
    }
  }
  return std::nullopt;
}

bool names(const DrawnWord& word, const std::string& process) {
  return std::find(word.choices.begin(), word.choices.end(), process) != word.choices.end();
}

std::optional<std::string> fault_place(const std::vector<FaultSpec>& faults, const std::string& pointer,
                                       const std::string& word) {
  for (size_t i = 0; i < faults.size(); ++i) {
    const std::string here = fmt::format("{}/faults/{}", pointer, i);
    if (word.empty() && faults[i].kind == FaultKind::move_leader && faults[i].partition) return here + "/partition";
    if (word.empty()) continue;
    if (names(faults[i].target, word)) return here + "/target";
    if (names(faults[i].peer, word)) return here + "/peer";
    if (names(faults[i].by_target, word)) return here + "/by_target";
  }
  return std::nullopt;
}

}  // namespace

std::string drawn_place(const Scenario& scenario, const Contradiction& problem) {
  if (const auto place = setting_place(scenario, problem.settings)) return *place;
  if (!problem.settings.empty()) return scenario.parts ? "/parts" : "the top level";
  if (const auto place = fault_place(scenario.faults, "", problem.word)) return *place;
  for (const Place& one : swarms_of(scenario)) {
    if (const auto place = fault_place(one.swarm->faults, one.pointer, problem.word)) return *place;
    for (size_t i = 0; i < one.swarm->families.size(); ++i) {
      const std::string pointer = fmt::format("{}/families/{}", one.pointer, i);
      if (const auto place = fault_place(one.swarm->families[i].faults, pointer, problem.word)) return *place;
    }
  }
  return "the top level";
}

}  // namespace onceproof::scenarios
