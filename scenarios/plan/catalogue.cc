// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/catalogue.h"

#include <algorithm>
#include <string_view>

#include "runtime/real/files.h"
#include "scenarios/plan/embedded.h"
#include "scenarios/plan/language.h"
#include "scenarios/plan/nearest_word.h"

namespace onceproof::scenarios {

namespace {

constexpr std::string_view kFolder = "scenarios/catalogue/";
constexpr std::string_view kProfiles = "scenarios/profiles/";
constexpr std::string_view kEnding = ".json";
constexpr uint64_t kMostBytes = uint64_t{16} << 20;  // of a scenario: what is longer, or endless, is none

// "scenarios/catalogue/word-count.json" -> "word-count"; empty for the files of other folders.
std::string_view name_in(std::string_view folder, std::string_view path) {
  if (!path.starts_with(folder) || !path.ends_with(kEnding)) return {};
  return path.substr(folder.size(), path.size() - folder.size() - kEnding.size());
}

}  // namespace

std::vector<std::string> catalogue_names() {
  std::vector<std::string> names;
  for (int i = 0; i < kEmbeddedFileCount; ++i) {
    const std::string_view name = name_in(kFolder, kEmbeddedFiles[i].name);
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

Result<Scenario> load_scenario(const std::string& name_or_file) {
  for (int i = 0; i < kEmbeddedFileCount; ++i) {
    if (name_or_file == name_in(kFolder, kEmbeddedFiles[i].name)) {
      return parse_scenario(kEmbeddedFiles[i].text, kEmbeddedFiles[i].name);
    }
  }
  const bool file = name_or_file.find('/') != std::string::npos || name_or_file.ends_with(kEnding);
  if (!file) return Error{ErrorCode::invalid_argument, unknown_word("scenario", name_or_file, "", catalogue_names())};
  Result<std::string> text = real::read_file(name_or_file, kMostBytes);
  if (!text.ok()) return Error{ErrorCode::invalid_argument, text.error().message};
  return parse_scenario(text.value(), name_or_file);
}

std::vector<std::string> profile_names() {
  std::vector<std::string> names = {kStockProfile};
  for (int i = 0; i < kEmbeddedFileCount; ++i) {
    const std::string_view name = name_in(kProfiles, kEmbeddedFiles[i].name);
    if (!name.empty()) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<Profile> load_profile(const std::string& name) {
  for (int i = 0; i < kEmbeddedFileCount; ++i) {
    if (name != name_in(kProfiles, kEmbeddedFiles[i].name)) continue;
    return parse_profile(kEmbeddedFiles[i].text, name, kEmbeddedFiles[i].name);
  }
  return Error{ErrorCode::invalid_argument, unknown_word("profile", name, "", profile_names())};
}

Result<Scenario> with_profile(Scenario scenario, const std::string& name) {
  if (name == kStockProfile) return scenario;
  const auto own = scenario.profiles.find(name);
  if (own != scenario.profiles.end()) {
    scenario.profile = own->second;
    return scenario;
  }
  std::vector<std::string> names = profile_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    for (const auto& [known, profile] : scenario.profiles) names.push_back(known);
    return Error{ErrorCode::invalid_argument, unknown_word("profile", name, "", names)};
  }
  Result<Profile> profile = load_profile(name);
  if (!profile.ok()) return profile.error();
  scenario.profile = profile.take();
  return scenario;
}

}  // namespace onceproof::scenarios
