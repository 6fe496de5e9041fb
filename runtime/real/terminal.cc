// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace onceproof::real {

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

int terminal_columns(int fd) {
  constexpr int kDefaultColumns = 80, kMostColumns = 10'000;
  const std::string told = environment("COLUMNS").value_or("");
  int columns = 0;
  const auto [rest, error] = std::from_chars(told.data(), told.data() + told.size(), columns);
  if (error == std::errc() && rest == told.data() + told.size() && columns > 0) return std::min(columns, kMostColumns);
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultColumns;
  return size.ws_col;
}

bool color_allowed(int fd) {
  if (!is_terminal(fd) || environment("TERM") == "dumb") return false;
  return environment("NO_COLOR").value_or("").empty();
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace onceproof::real
