// SPDX-License-Identifier: Apache-2.0
// JsonReader: reads a document strictly and keeps the first problem with its place (line:column for syntax,
// a JSON pointer for everything else). Readers go on after a problem with default values, so callers check
// once at the end. For scenario and plan files, and for the lines of a history.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace onceproof::scenarios {

using Json = nlohmann::json;

class JsonPlace;

class JsonReader {
 public:
  // `line`: the document is this one line of the file, from 1; 0: it is the whole file.
  explicit JsonReader(std::string file_name, size_t line = 0);
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // The root of the document; must be an object. Nothing when the text is not JSON.
  std::optional<JsonPlace> parse(const std::string& text);
  void problem(const std::string& message);
  bool ok() const { return !error_; }
  Error error() const { return *error_; }

 private:
  std::string file_name_;
  size_t line_;
  Json* document_ = nullptr;  // owned; the type is complete in the .cc file only
  std::optional<Error> error_;
};

// One value of the document.
class JsonPlace {
 public:
  JsonPlace(JsonReader& reader, const Json& value, std::string pointer)
      : reader_(&reader), value_(&value), pointer_(std::move(pointer)) {}

  const std::string& pointer() const { return pointer_; }
  std::string shown() const { return pointer_.empty() ? "the top level" : pointer_; }
  JsonReader& reader() const { return *reader_; }
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;
  bool is_number() const;

  // Problem unless the value is an object whose keys are all among `keys`; `what` names them ("setting").
  bool object_of(const std::vector<std::string>& keys, std::string_view what) const;
  std::vector<std::string> keys() const;
  std::optional<JsonPlace> member(std::string_view key) const;    // nothing when absent
  std::optional<JsonPlace> required(std::string_view key) const;  // a problem when absent
  std::vector<JsonPlace> elements() const;                        // a problem unless it is an array

  std::string word() const;
  // Problem unless the word is one of `words`.
  std::string word_of(const std::vector<std::string>& words, std::string_view what) const;
  int64_t integer(int64_t low, int64_t high) const;
  uint64_t natural() const;  // the whole range of uint64_t: seeds
  bool boolean() const;
  void problem(std::string_view message) const;  // "<message> at <pointer>"

 private:
  bool whole_beyond_64_bits() const;

  JsonReader* reader_;
  const Json* value_;
  std::string pointer_;
};

}  // namespace onceproof::scenarios
