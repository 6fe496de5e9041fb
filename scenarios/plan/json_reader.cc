// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "scenarios/plan/nearest_word.h"

namespace onceproof::scenarios {

namespace {

// RFC 6901: '~' and '/' are escaped inside a pointer.
std::string pointer_token(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

std::string line_and_column(const std::string& text, size_t byte) {
  const size_t end = std::min(byte == 0 ? 0 : byte - 1, text.size());
  size_t line = 1, column = 1;
  for (size_t i = 0; i < end; ++i) {
    ++column;
    if (text[i] == '\n') {
      ++line;
      column = 1;
    }
  }
  return fmt::format("{}:{}", line, column);
}

// "[json.exception.parse_error.101] parse error at line 3, column 5: syntax error while ..." -> the last part.
std::string plain_words(const std::string& what) {
  const size_t at = what.find("column");
  const size_t colon = at == std::string::npos ? at : what.find(": ", at);
  std::string words = colon == std::string::npos ? what : what.substr(colon + 2);
  constexpr size_t kMost = 200;  // what was read last may be a text of megabytes
  if (words.size() > kMost) words.replace(kMost, std::string::npos, "...");
  return words;
}

constexpr int kMaxDepth = 32;  // deeper than any valid document; keeps recursion bounded

}  // namespace

JsonReader::JsonReader(std::string file_name, size_t line) : file_name_(std::move(file_name)), line_(line) {}
JsonReader::~JsonReader() { delete document_; }

void JsonReader::problem(const std::string& message) {
  if (error_) return;
  const std::string place = line_ == 0 ? file_name_ : fmt::format("{}:{}", file_name_, line_);
  error_ = Error{ErrorCode::invalid_argument, place + ": " + message};
}

std::optional<JsonPlace> JsonReader::parse(const std::string& text) {
  delete document_;
  document_ = new Json;
  // A key that stands twice would silently win over the first: refuse it while the parser passes by.
  std::vector<std::vector<std::string>> seen;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) problem("nested too deeply");
    if (event == Json::parse_event_t::object_start) seen.emplace_back();
    if (event == Json::parse_event_t::object_end && !seen.empty()) seen.pop_back();
    if (event == Json::parse_event_t::key && !seen.empty()) {
      const std::string key = parsed.get<std::string>();
      if (std::find(seen.back().begin(), seen.back().end(), key) != seen.back().end()) {
        problem(fmt::format("the key \"{}\" stands twice in one object", key));
      }
      seen.back().push_back(key);
    }
    return depth <= kMaxDepth;  // what lies deeper is not kept
  };
  try {  // the one place where the library can only speak by exception and still say where
    *document_ = Json::parse(text, watch);
  } catch (const Json::parse_error& e) {
    const std::string place = line_ == 0 ? line_and_column(text, e.byte) : fmt::format("column {}", e.byte);
    problem(fmt::format("{}: not JSON: {}", place, plain_words(e.what())));
    return std::nullopt;
  } catch (const Json::exception& e) {
    problem(fmt::format("not JSON: {}", e.what()));
    return std::nullopt;
  }
  if (!document_->is_object()) {
    problem("the top level must be an object {...}");
    return std::nullopt;
  }
  return JsonPlace(*this, *document_, "");
}

bool JsonPlace::is_object() const { return value_->is_object(); }
bool JsonPlace::is_array() const { return value_->is_array(); }
bool JsonPlace::is_string() const { return value_->is_string(); }
bool JsonPlace::is_number() const { return value_->is_number(); }

void JsonPlace::problem(std::string_view message) const { reader_->problem(fmt::format("{} at {}", message, shown())); }

std::vector<std::string> JsonPlace::keys() const {
  std::vector<std::string> out;
  if (!value_->is_object()) return out;
  for (const auto& [key, value] : value_->items()) out.push_back(key);
  return out;
}

bool JsonPlace::object_of(const std::vector<std::string>& allowed, std::string_view what) const {
  if (!value_->is_object()) {
    problem("an object {...} is needed");
    return false;
  }
  for (const std::string& key : keys()) {
    if (std::find(allowed.begin(), allowed.end(), key) == allowed.end()) {
      reader_->problem(unknown_word(what, key, pointer_ + "/" + pointer_token(key), allowed));
      return false;
    }
  }
  return true;
}

std::optional<JsonPlace> JsonPlace::member(std::string_view key) const {
  if (!value_->is_object()) return std::nullopt;
  const auto it = value_->find(std::string(key));
  if (it == value_->end()) return std::nullopt;
  return JsonPlace(*reader_, *it, pointer_ + "/" + pointer_token(key));
}

std::optional<JsonPlace> JsonPlace::required(std::string_view key) const {
  auto found = member(key);
  if (!found) problem(fmt::format("\"{}\" is missing", key));
  return found;
}

std::vector<JsonPlace> JsonPlace::elements() const {
  std::vector<JsonPlace> out;
  if (!value_->is_array()) {
    problem("an array [...] is needed");
    return out;
  }
  for (size_t i = 0; i < value_->size(); ++i) {
    out.emplace_back(*reader_, (*value_)[i], fmt::format("{}/{}", pointer_, i));
  }
  return out;
}

std::string JsonPlace::word() const {
  if (!value_->is_string()) {
    problem("a string is needed");
    return "";
  }
  return value_->get<std::string>();
}

std::string JsonPlace::word_of(const std::vector<std::string>& words, std::string_view what) const {
  const std::string found = word();
  if (!value_->is_string()) return words.front();
  if (std::find(words.begin(), words.end(), found) != words.end()) return found;
  reader_->problem(unknown_word(what, found, pointer_, words));
  return words.front();
}

// A whole number that is too long for the parser's integers comes as a floating-point one.
bool JsonPlace::whole_beyond_64_bits() const {
  constexpr double kTwoTo63 = 9.2e18;
  return value_->is_number_float() && std::abs(value_->get<double>()) > kTwoTo63;
}

int64_t JsonPlace::integer(int64_t low, int64_t high) const {
  if (!value_->is_number_integer()) {
    problem(whole_beyond_64_bits() ? fmt::format("{} is out of range, {} to {} is valid", value_->dump(), low, high)
                                   : "a whole number is needed");
    return low;
  }
  const bool too_large = value_->is_number_unsigned() &&
                         value_->get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const int64_t found = too_large ? std::numeric_limits<int64_t>::max() : value_->get<int64_t>();
  if (found < low || found > high || too_large) {
    problem(fmt::format("{} is out of range, {} to {} is valid", value_->dump(), low, high));
    return low;
  }
  return found;
}

uint64_t JsonPlace::natural() const {
  if (!value_->is_number_unsigned()) {
    const bool number = whole_beyond_64_bits() || value_->is_number_integer();
    problem(number ? fmt::format("{} is out of range, 0 to {} is valid", value_->dump(),
                                 std::numeric_limits<uint64_t>::max())
                   : "a whole number from 0 on is needed");
    return 0;
  }
  return value_->get<uint64_t>();
}

bool JsonPlace::boolean() const {
  if (!value_->is_boolean()) {
    problem("true or false is needed");
    return false;
  }
  return value_->get<bool>();
}

}  // namespace onceproof::scenarios
