// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "reports/text.h"
#include "runtime/real/files.h"
#include "runtime/real/terminal.h"
#include "runtime/real/wall_clock.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"

namespace onceproof::scenarios::cli {

namespace {

int output_error = 0;  // the first one of standard output; 0: none

}  // namespace

void print(const std::string& text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && output_error == 0) output_error = errno;
}

void flush_output() {
  errno = 0;
  if (std::fflush(stdout) != 0 && output_error == 0) output_error = errno;
}

int finish_output(int code) {
  flush_output();
  if (output_error == 0) return code;
  message(fmt::format("the result could not be written to standard output: {}",
                      std::generic_category().message(output_error)));
  output_error = 0;
  return kNotWritten;
}

// Nothing here may fail, whatever has become of standard error.
void say(const std::string& line) {
  const std::string whole = line + "\n";
  static_cast<void>(std::fwrite(whole.data(), 1, whole.size(), stderr));
}

void message(const std::string& text) { say("onceproof: " + text); }

int usage_error(const std::string& text) {
  message(text);
  return kUsage;
}

int failure(const Error& error) {
  message(error.message);
  return error.code == ErrorCode::io_error || error.code == ErrorCode::disk_full ? kNotWritten : kUsage;
}

reports::TextOptions text_options() {
  reports::TextOptions options;
  options.colour = real::color_allowed(real::kStandardOutput);
  options.width = real::terminal_columns(real::kStandardOutput);
  return options;
}

std::string wrapped(const std::string& sentence) {
  std::string text;
  for (const std::string& line : reports::wrap(reports::printable(sentence), static_cast<size_t>(text_options().width))) {
    text += line + "\n";
  }
  return text;
}

void Progress::show(const std::string& line) {
  if (!real::is_terminal(real::kStandardError)) return;
  const double now_s = real::monotonic_seconds();
  if (now_s - shown_s_ < 1) return;
  shown_s_ = now_s;
  shown_ = true;
  std::fputs(("\r\033[K" + line).c_str(), stderr);
  std::fflush(stderr);
}

void Progress::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
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

Result<uint64_t> parse_size(const std::string& text, const std::string& what, uint64_t low, uint64_t high) {
  const size_t unit = text.empty() ? std::string::npos : std::string_view("KMG").find(text.back());
  if (unit == std::string::npos) return parse_number(text, what, low, high);
  const uint64_t factor = uint64_t{1} << (10 * (unit + 1));
  const auto number = parse_number(text.substr(0, text.size() - 1), what, (low + factor - 1) / factor, high / factor);
  return number.ok() ? Result<uint64_t>(number.value() * factor) : number;
}

std::string decider(const Options& options, const std::string& flag) {
  const auto found = options.decided_by.find(flag);
  return found == options.decided_by.end() ? flag : found->second;
}

Result<Request> request_of(const Options& options) {
  Request request;
  request.scenario = options.target;
  if (options.guarantee != "all") request.stacks = {options.guarantee};
  request.input = options.input;
  request.profile = options.profile;
  request.bugs = options.bugs;
  if (!options.input_limit.empty()) {
    const auto limit = parse_size(options.input_limit, decider(options, "--input-limit"), 1, uint64_t{1} << 40);
    if (!limit.ok()) return limit.error();
    request.input_limit = limit.value();
  }
  if (!options.event_limit.empty()) {
    const auto limit = parse_number(options.event_limit, decider(options, "--event-limit"), 1000, kMostEvents);
    if (!limit.ok()) return limit.error();
    request.event_limit = limit.value();
  }
  return request;
}

Result<Session> open_session(const Options& options, const Request& request) {
  Result<Session> session = Session::open(request);
  if (session.ok()) return session;
  Error error = session.error();
  for (const auto& [flag, value] : {std::pair("--guarantee", options.guarantee), {"--profile", options.profile}}) {
    const std::string by = decider(options, flag);
    if (by != flag && error.message.find("\"" + value + "\"") != std::string::npos) error.message += " (from " + by + ")";
  }
  return error;
}

Status check_rereadable(const std::string& path) {
  if (path.empty() || !real::is_pipe_or_device(path)) return {};
  return {ErrorCode::invalid_argument,
          path + " is a pipe or a device, and this command reads its input in several processes: give it a file"};
}

}  // namespace onceproof::scenarios::cli
