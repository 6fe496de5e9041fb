// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/nearest_word.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace onceproof::scenarios {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

std::optional<std::string> nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > 64) return std::nullopt;  // no word of ours is that long
  std::optional<std::string> best;
  size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    size_t distance = edit_distance(word, candidate);
    // "pre-commit" for "sink.pre-commit": a part of a dotted or dashed word is as good as one slip.
    if (word.size() >= 3 && candidate.find(word) != std::string::npos) distance = std::min<size_t>(distance, 1);
    if (!best || distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  if (!best || best_distance > std::max<size_t>(2, word.size() / 3)) return std::nullopt;
  return best;
}

std::string unknown_word(std::string_view what, std::string_view word, std::string_view place,
                         const std::vector<std::string>& candidates) {
  std::string shown(word.substr(0, 64));
  if (shown.size() < word.size()) shown += "...";
  std::string text = fmt::format("unknown {} \"{}\"", what, shown);
  if (!place.empty()) text += fmt::format(" at {}", place);
  if (const auto nearest = nearest_word(word, candidates))
    return text + fmt::format("; did you mean \"{}\"?", *nearest);
  if (candidates.empty()) return text;
  return text + fmt::format("; valid: {}", fmt::join(candidates, ", "));
}

}  // namespace onceproof::scenarios
