// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/language_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "runtime/env/mail.h"
#include "scenarios/plan/nearest_word.h"

namespace onceproof::scenarios {

// clang-format off
const std::vector<PartInfo>& stack_parts() {
  static const std::vector<PartInfo> parts = {
      {"offsets", "when source offsets are committed", offset_words()},
      {"checkpoints", "whether checkpoints are taken"},
      {"barriers", "how tasks treat barriers of several channels", barrier_words()},
      {"sink", "how the sink writes", sink_words()},
  };
  return parts;
}
// clang-format on

Stack read_parts(const JsonPlace& place, std::vector<std::string> more_keys) {
  Stack stack;
  for (const PartInfo& part : stack_parts()) more_keys.push_back(part.name);
  if (!place.object_of(more_keys, "part")) return stack;
  if (const auto offsets = place.member("offsets")) {
    stack.offsets = *offsets_named(offsets->word_of(offset_words(), "offset commit"));
  }
  if (const auto checkpoints = place.member("checkpoints")) stack.checkpoints = checkpoints->boolean();
  if (const auto barriers = place.member("barriers")) {
    stack.barriers = *barriers_named(barriers->word_of(barrier_words(), "barrier mode"));
  }
  if (const auto sink = place.member("sink")) stack.sink = *sink_named(sink->word_of(sink_words(), "sink mode"));
  return stack;
}

bool valid_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::vector<std::string> point_words() {
  std::vector<std::string> words;
  for (int i = 0; i < env::kPointCount; ++i) words.push_back(env::info(static_cast<env::Point>(i)).name);
  return words;
}

std::vector<std::string> drawn_point_words() {
  std::vector<std::string> words = {"any point"};
  for (const std::string& point : point_words()) {
    const std::string word = "any " + point.substr(0, point.find('.')) + " point";
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

std::vector<env::Point> points_named(const std::string& word) {
  std::vector<env::Point> points;
  for (int i = 0; i < env::kPointCount; ++i) {
    const std::string name = env::info(static_cast<env::Point>(i)).name;
    const std::string family = "any " + name.substr(0, name.find('.')) + " point";
    if (word == name || word == family || word == "any point") points.push_back(static_cast<env::Point>(i));
  }
  return points;
}

bool hit_before(env::Point point) { return std::string_view(env::info(point).what).find("(before") != std::string_view::npos; }

std::vector<std::string> mail_words() {
  std::vector<std::string> words;
  for (int i = 1; i < env::kMailKindCount; ++i) words.push_back(env::to_string(static_cast<env::MailKind>(i)));
  return words;
}

std::pair<std::string, int> split_process_name(const std::string& name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string::npos || dash + 1 == name.size() || name.size() - dash > 5) return {name, -1};
  int number = 0;
  for (size_t i = dash + 1; i < name.size(); ++i) {
    if (name[i] < '0' || name[i] > '9') return {name, -1};
    number = number * 10 + (name[i] - '0');
  }
  return {name.substr(0, dash), number};
}

}  // namespace onceproof::scenarios
