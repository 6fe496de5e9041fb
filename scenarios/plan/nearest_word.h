// SPDX-License-Identifier: Apache-2.0
// Nearest word: the one "did you mean" of the project, for subcommands, scenario names, bugs, guarantees,
// protocol points, mail names and JSON keys alike. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onceproof::scenarios {

// Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions, swaps.
size_t edit_distance(std::string_view a, std::string_view b);

// The closest candidate, the first of equals; nothing when even the closest shares too little with the word.
std::optional<std::string> nearest_word(std::string_view word, const std::vector<std::string>& candidates);

// `unknown fault "cras" at /faults/0/kind; did you mean "crash"?` or, when nothing is near, the valid words.
// `place` may be empty.
std::string unknown_word(std::string_view what, std::string_view word, std::string_view place,
                         const std::vector<std::string>& candidates);

}  // namespace onceproof::scenarios
