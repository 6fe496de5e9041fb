// SPDX-License-Identifier: Apache-2.0
// Help: the option parser's text, as wide as the terminal. Its lines are as long as their words are many.
#pragma once

#include <string>

namespace onceproof::scenarios::cli {

// Breaks at spaces; what follows a break stands in the column of the descriptions, or under the line's own beginning.
std::string fitted_help(const std::string& help, size_t width);

}  // namespace onceproof::scenarios::cli
