// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace onceproof::real {

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

int terminal_columns(int fd) {
  constexpr int kDefaultColumns = 80;
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
