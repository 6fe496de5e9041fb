// SPDX-License-Identifier: Apache-2.0
// JsonLine: one JSON object on one line, appended to a string as it comes, for the lists of a history that have one
// element an event. The text is to_text()'s, byte by byte; only what needs escaping goes through it.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace onceproof::reports {

class JsonLine {
 public:
  explicit JsonLine(std::string& out) : out_(out) { out_ += '{'; }

  void put(std::string_view name, std::string_view text);
  void put(std::string_view name, const char* text) { put(name, std::string_view(text)); }
  void put(std::string_view name, bool value) { begin(name) += value ? "true" : "false"; }
  void put(std::string_view name, std::integral auto value) {
    const fmt::format_int digits(value);
    begin(name).append(digits.data(), digits.size());
  }
  void end() { out_ += '}'; }

 private:
  // `name` is one of ours: plain ASCII without quotes.
  std::string& begin(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    return ((out_ += '"') += name) += "\":";
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace onceproof::reports
