// SPDX-License-Identifier: Apache-2.0
#include "scenarios/catalogue.h"

#include <string_view>

#include "runtime/real/files.h"
#include "scenarios/embedded.h"
#include "scenarios/language.h"
#include "scenarios/nearest_word.h"

namespace onceproof::scenarios {

namespace {

constexpr std::string_view kFolder = "scenarios/catalogue/";
constexpr std::string_view kEnding = ".json";

// "scenarios/catalogue/word-count.json" -> "word-count"; empty for the other embedded files.
std::string_view catalogue_name(std::string_view path) {
  if (!path.starts_with(kFolder) || !path.ends_with(kEnding)) return {};
  return path.substr(kFolder.size(), path.size() - kFolder.size() - kEnding.size());
}

}  // namespace

std::vector<std::string> catalogue_names() {
  std::vector<std::string> names;
  for (int i = 0; i < kEmbeddedFileCount; ++i) {
    const std::string_view name = catalogue_name(kEmbeddedFiles[i].name);
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

Result<Scenario> load_scenario(const std::string& name_or_file) {
  for (int i = 0; i < kEmbeddedFileCount; ++i) {
    if (name_or_file == catalogue_name(kEmbeddedFiles[i].name)) {
      return parse_scenario(kEmbeddedFiles[i].text, kEmbeddedFiles[i].name);
    }
  }
  const bool file = name_or_file.find('/') != std::string::npos || name_or_file.ends_with(kEnding);
  if (!file) return Error{ErrorCode::invalid_argument, unknown_word("scenario", name_or_file, "", catalogue_names())};
  Result<std::string> text = real::read_file(name_or_file);
  if (!text.ok()) return Error{ErrorCode::invalid_argument, text.error().message};
  return parse_scenario(text.value(), name_or_file);
}

}  // namespace onceproof::scenarios
