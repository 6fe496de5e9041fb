// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/language.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "scenarios/plan/knobs.h"
#include "scenarios/plan/language_parts.h"
#include "scenarios/plan/pipeline_language.h"

namespace onceproof::scenarios {

namespace {

const std::vector<std::string> kInputWords = {"text", "generated"};

InputSpec read_input(const JsonPlace& place) {
  InputSpec input;
  const auto text = place.member("text");
  const auto generated = place.member("generated");
  if (text && generated) place.problem("\"text\" and \"generated\" exclude each other");
  if (text) {
    const std::string word = text->word();
    if (word != "default") {
      input.kind = InputKind::file;
      input.path = word;
      if (word.empty()) text->problem("a file name or \"default\" is needed");
    }
  }
  if (generated) {
    input.kind = InputKind::generated;
    generated->required("records");
  }
  return input;
}

// A number as read_number does; of a knob with words: one of them, or {"one_of": [..]}.
DrawnNumber read_value(const JsonPlace& place, const Knob& knob) {
  if (knob.words.empty()) return read_number(place, knob.low, knob.high);
  const auto index_of = [&](const JsonPlace& word) {
    const std::string found = word.word_of(knob.words, knob.name);
    return std::find(knob.words.begin(), knob.words.end(), found) - knob.words.begin();
  };
  DrawnNumber number;
  if (!place.is_object()) {
    number.low = number.high = index_of(place);
    return number;
  }
  if (!place.object_of({"one_of"}, "key")) return number;
  if (const auto list = place.required("one_of")) {
    for (const JsonPlace& element : list->elements()) number.one_of.push_back(index_of(element));
    if (number.one_of.empty()) list->problem("an empty list has nothing to draw");
  }
  number.low = 0;
  number.high = knob.high;
  return number;
}

// The knobs of one section of the document; `keys` that are not knobs are left to the caller.
void read_knobs(const JsonPlace& place, std::string_view section, std::map<int, DrawnNumber>& knobs) {
  for (const std::string& name : knob_names(section)) {
    const auto value = place.member(name);
    if (!value) continue;
    const int index = *knob_index(section, name);
    knobs[index] = read_value(*value, all_knobs()[index]);
  }
}

std::vector<std::string> top_level_keys() {
  std::vector<std::string> keys = {"$schema", "name", "description", "pipeline", "parts", "faults", "swarm", "profiles"};
  for (const std::string& section : knob_sections()) {
    if (!section.empty() && section.find('.') == std::string::npos) keys.push_back(section);
  }
  for (const std::string& name : knob_names("")) keys.push_back(name);
  return keys;
}

// "input.generated" is the member "generated" of the member "input".
std::optional<JsonPlace> section_at(const JsonPlace& root, const std::string& section) {
  const size_t dot = section.find('.');
  if (dot == std::string::npos) return root.member(section);
  const auto outer = root.member(section.substr(0, dot));
  return outer ? outer->member(section.substr(dot + 1)) : std::nullopt;
}

// What each setting of "restart" belongs to, in the words of restart.strategy.
const std::map<std::string, std::vector<std::string>> kRestartSettings = {
    {"attempts", {"fixed-delay"}},
    {"delay_ms", {"fixed-delay", "failure-rate"}},
    {"max_failures_per_interval", {"failure-rate"}},
    {"failure_rate_interval_ms", {"failure-rate"}},
    {"initial_backoff_ms", {"exponential-delay"}},
    {"max_backoff_ms", {"exponential-delay"}},
    {"backoff_multiplier_percent", {"exponential-delay"}},
    {"reset_backoff_threshold_ms", {"exponential-delay"}},
    {"jitter_percent", {"exponential-delay"}},
    {"attempts_before_reset", {"exponential-delay"}},
};

// A setting of a strategy that is not in use would be read and forgotten.
void check_restart(const JsonPlace& place, const Scenario& scenario) {
  const int index = *knob_index("restart", "strategy");
  const Knob& knob = all_knobs()[static_cast<size_t>(index)];
  const auto drawn = scenario.knobs.find(index);
  std::vector<int64_t> used = {knob.get(RunPlan())};
  if (drawn != scenario.knobs.end()) {
    used = drawn->second.one_of.empty() ? std::vector<int64_t>{drawn->second.low} : drawn->second.one_of;
  }
  for (const auto& [name, owners] : kRestartSettings) {
    const auto value = place.member(name);
    const bool means = std::any_of(used.begin(), used.end(), [&, &owners = owners](int64_t word) {
      return std::find(owners.begin(), owners.end(), knob.words[static_cast<size_t>(word)]) != owners.end();
    });
    if (!value || means) continue;
    value->problem(fmt::format("it belongs to the restart strategy {}, and restart.strategy is {}",
                               fmt::join(owners, " or "), knob.words[static_cast<size_t>(used.front())]));
  }
}

void read_sections(const JsonPlace& root, Scenario& scenario) {
  read_knobs(root, "", scenario.knobs);
  for (const std::string& section : knob_sections()) {
    const auto place = section.empty() ? std::nullopt : section_at(root, section);
    if (!place) continue;
    std::vector<std::string> keys = knob_names(section);
    if (section == "input") keys.insert(keys.end(), kInputWords.begin(), kInputWords.end());
    if (!place->object_of(keys, "setting")) continue;
    read_knobs(*place, section, scenario.knobs);
    if (section == "restart") check_restart(*place, scenario);
    if (section == "input") scenario.input = read_input(*place);
  }
}

// {"percent": 60, "parallelism": [1, 3], "channel.buffer_bytes": {"one_of": [64, 4096]}}
void read_configuration(const JsonPlace& place, DrawnSettings& settings) {
  std::vector<std::string> keys = {"percent"};
  for (const Knob& knob : all_knobs()) keys.push_back(knob_path(knob));
  if (!place.object_of(keys, "setting")) return;
  settings.percent = 100;
  if (const auto percent = place.member("percent")) settings.percent = static_cast<uint32_t>(percent->integer(0, 100));
  for (size_t i = 0; i < all_knobs().size(); ++i) {
    const Knob& knob = all_knobs()[i];
    if (const auto value = place.member(knob_path(knob))) {
      settings.knobs[static_cast<int>(i)] = read_value(*value, knob);
    }
  }
}

FaultFamily read_family(const JsonPlace& place) {
  FaultFamily family;
  if (!place.object_of({"name", "percent", "configuration", "faults"}, "setting of a family")) return family;
  if (const auto name = place.required("name")) family.name = name->word();
  if (const auto percent = place.member("percent")) family.percent = static_cast<uint32_t>(percent->integer(0, 100));
  if (const auto configuration = place.member("configuration")) read_configuration(*configuration, family.configuration);
  if (const auto faults = place.required("faults")) family.faults = read_faults(*faults);
  return family;
}

}  // namespace

Swarm read_swarm(const JsonPlace& place, const std::vector<std::string>& more_keys) {
  Swarm swarm;
  std::vector<std::string> keys = {"configuration", "faults", "families"};
  keys.insert(keys.end(), more_keys.begin(), more_keys.end());
  if (!place.object_of(keys, "setting")) return swarm;
  if (const auto configuration = place.member("configuration")) read_configuration(*configuration, swarm.configuration);
  if (const auto faults = place.member("faults")) swarm.faults = read_faults(*faults);
  if (const auto families = place.member("families")) {
    for (const JsonPlace& family : families->elements()) swarm.families.push_back(read_family(family));
  }
  return swarm;
}

Profile read_profile(const JsonPlace& place, const std::string& name) {
  Profile profile;
  profile.name = name;
  if (!valid_name(name) || name == kStockProfile) place.problem("no name for a profile");
  profile.swarm = read_swarm(place, {"$schema", "description", "own"});
  if (const auto description = place.member("description")) profile.description = description->word();
  const auto own = place.member("own");
  if (!own || !own->object_of({"faults_percent", "swarm_percent"}, "setting")) return profile;
  if (const auto percent = own->member("faults_percent")) {
    profile.own_faults_percent = static_cast<uint32_t>(percent->integer(0, 100));
  }
  if (const auto percent = own->member("swarm_percent")) {
    profile.own_swarm_percent = static_cast<uint32_t>(percent->integer(0, 100));
  }
  return profile;
}

DrawnNumber read_number(const JsonPlace& place, int64_t low, int64_t high) {
  DrawnNumber number;
  if (place.is_object()) {
    if (!place.object_of({"one_of"}, "key")) return {low, low, {}};
    const auto list = place.required("one_of");
    if (!list) return {low, low, {}};
    for (const JsonPlace& element : list->elements()) number.one_of.push_back(element.integer(low, high));
    if (number.one_of.empty()) {
      list->problem("an empty list has nothing to draw");
      return {low, low, {}};
    }
    number.low = *std::min_element(number.one_of.begin(), number.one_of.end());
    number.high = *std::max_element(number.one_of.begin(), number.one_of.end());
    return number;
  }
  if (place.is_array()) {
    const auto ends = place.elements();
    if (ends.size() != 2) {
      place.problem("a range has two numbers, [low, high]; a choice is {\"one_of\": [..]}");
      return {low, low, {}};
    }
    number.low = ends[0].integer(low, high);
    number.high = ends[1].integer(low, high);
    if (number.low > number.high) place.problem("a range begins with its lower number");
    return number;
  }
  number.low = number.high = place.integer(low, high);
  return number;
}

Result<Scenario> parse_scenario(const std::string& text, const std::string& file_name) {
  JsonReader reader(file_name);
  Scenario scenario;
  scenario.file = file_name;
  const auto root = reader.parse(text);
  if (root && root->object_of(top_level_keys(), "setting")) {
    if (const auto name = root->required("name")) {
      scenario.name = name->word();
      if (!valid_name(scenario.name)) name->problem("a name is 1 to 64 lower-case letters, digits and dashes");
    }
    if (const auto description = root->member("description")) scenario.description = description->word();
    read_sections(*root, scenario);
    if (const auto pipeline = root->required("pipeline")) scenario.pipeline = read_pipeline(*pipeline);
    if (const auto parts = root->member("parts")) scenario.parts = read_parts(*parts);
    if (const auto faults = root->member("faults")) scenario.faults = read_faults(*faults);
    if (const auto swarm = root->member("swarm")) scenario.swarm = read_swarm(*swarm, {});
    if (const auto profiles = root->member("profiles")) {
      for (const std::string& name : profiles->keys()) {
        scenario.profiles[name] = read_profile(*profiles->member(name), name);
      }
    }
  }
  if (!reader.ok()) return reader.error();
  return scenario;
}

Result<Profile> parse_profile(const std::string& text, const std::string& name, const std::string& file_name) {
  JsonReader reader(file_name);
  Profile profile;
  if (const auto root = reader.parse(text)) profile = read_profile(*root, name);
  if (!reader.ok()) return reader.error();
  return profile;
}

}  // namespace onceproof::scenarios
