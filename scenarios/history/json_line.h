// SPDX-License-Identifier: Apache-2.0
// JsonLine: one JSON object on one line, appended to a string as it comes: how a history is written. Numbers are
// whole and exact. Texts may hold any bytes: encode_text() makes valid UTF-8 of them, decode_text() takes it back.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace onceproof::scenarios {

// UTF-8 stays as it is; a backslash is doubled, and a byte that is no part of a UTF-8 character becomes \xHH.
std::string encode_text(std::string_view bytes);
// Nothing when a backslash stands before anything but a backslash or xHH.
std::optional<std::string> decode_text(std::string_view text);

// `text` as a JSON string with its quotes, encoded.
void append_json_text(std::string& out, std::string_view text);

class JsonLine {
 public:
  explicit JsonLine(std::string& out) : out_(out) { out_ += '{'; }
  void end() { out_ += "}\n"; }

  void put(std::string_view name, std::string_view text) { append_json_text(begin(name), text); }
  void put(std::string_view name, const char* text) { put(name, std::string_view(text)); }
  void put(std::string_view name, bool value) { begin(name) += value ? "true" : "false"; }
  void put(std::string_view name, std::integral auto value) { append_number(begin(name), value); }
  // A list: `each` appends one element to the string.
  template <class Items, class Each>
  void put_list(std::string_view name, const Items& items, const Each& each) {
    std::string& out = begin(name);
    const char* before = "[";
    for (const auto& item : items) {
      out += before;
      each(out, item);
      before = ",";
    }
    out += items.begin() == items.end() ? "[]" : "]";
  }
  static void append_number(std::string& out, std::integral auto value) {
    const fmt::format_int digits(value);
    out.append(digits.data(), digits.size());
  }

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

}  // namespace onceproof::scenarios
