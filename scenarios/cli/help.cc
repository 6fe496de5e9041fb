// SPDX-License-Identifier: Apache-2.0
#include "scenarios/cli/help.h"

#include <algorithm>

#include "reports/text.h"

namespace onceproof::scenarios::cli {

namespace {

constexpr size_t kDescriptions = 30;  // the column in which the parser begins them
constexpr size_t kNarrowest = 20;     // of what is left beside it

// Where the words of the line begin that may be moved.
size_t beginning_of_words(const std::string& line) {
  const bool described = line.starts_with("  ") && line.size() > kDescriptions && line[kDescriptions - 1] == ' ' &&
                         line[kDescriptions] != ' ';
  if (described) return kDescriptions;
  return std::min(line.find_first_not_of(' '), line.size());
}

}  // namespace

std::string fitted_help(const std::string& help, size_t width) {
  std::string out;
  for (size_t begin = 0; begin < help.size();) {
    const size_t end = std::min(help.find('\n', begin), help.size());
    const std::string line = help.substr(begin, end - begin);
    begin = end + 1;
    const size_t indent = beginning_of_words(line);
    if (reports::display_width(line) <= width || indent + kNarrowest > width) {
      out += line + "\n";
      continue;
    }
    std::string front = line.substr(0, indent);
    for (const std::string& piece : reports::wrap(line.substr(indent), width - indent)) {
      out += front + piece + "\n";
      front.assign(indent, ' ');
    }
  }
  return out;
}

}  // namespace onceproof::scenarios::cli
