// SPDX-License-Identifier: Apache-2.0
// What the program may know of the terminal and of its environment. The only getenv of the tree is behind
// environment(); flags come before it (precedence: flag > ONCEPROOF_* > onceproof.json > default).
#pragma once

#include <optional>
#include <string>

namespace onceproof::real {

inline constexpr int kStandardOutput = 1;
inline constexpr int kStandardError = 2;

bool is_terminal(int fd);
int terminal_columns(int fd);  // COLUMNS if that is a number, else the terminal's; 80 when nobody says
bool color_allowed(int fd);    // a terminal, TERM is not "dumb", NO_COLOR is unset or empty (no-color.org)

// Empty and unset are different.
std::optional<std::string> environment(const char* name);

}  // namespace onceproof::real
