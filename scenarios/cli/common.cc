// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <cstdio>

#include "runtime/real/terminal.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"

namespace onceproof::scenarios::cli {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void message(const std::string& text) { fmt::print(stderr, "onceproof: {}\n", text); }

int usage_error(const std::string& text) {
  message(text);
  return kUsage;
}

reports::TextOptions text_options() {
  reports::TextOptions options;
  options.colour = real::color_allowed(real::kStandardOutput);
  if (real::is_terminal(real::kStandardOutput)) options.width = real::terminal_columns(real::kStandardOutput);
  return options;
}

Result<uint64_t> parse_number(const std::string& text, const std::string& what, uint64_t low, uint64_t high) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const char* begin = text.data() + (hex ? 2 : 0);
  const char* end = text.data() + text.size();
  uint64_t value = 0;
  const auto [rest, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
  if (error == std::errc::invalid_argument || rest != end) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} \"{}\" is not a number: decimal digits, or 0x and hexadecimal ones", what, text)};
  }
  if (error != std::errc() || value < low || value > high) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} {} is out of range: {} to {} is valid", what, text, low, high)};
  }
  return value;
}

Request request_of(const Options& options) {
  Request request;
  request.scenario = options.target;
  if (options.guarantee != "all") request.stacks = {options.guarantee};
  request.input = options.input;
  request.profile = options.profile;
  request.bugs = options.bugs;
  return request;
}

Result<Session> open_session(const Options& options) { return Session::open(request_of(options)); }

}  // namespace onceproof::scenarios::cli
