// SPDX-License-Identifier: Apache-2.0
// FieldReader: reads the fields of one object from one line of a history, by the table in fields.h. Problems go to the
// line's JsonReader; what is absent stays as it was. For reader.cc.
#pragma once

#include <algorithm>
#include <type_traits>

#include "scenarios/history/fields.h"
#include "scenarios/plan/json_reader.h"

namespace onceproof::scenarios {

// Values that are more than a number or a word.
void read_value(const JsonPlace& place, std::string& out);
void read_value(const JsonPlace& place, std::vector<std::string>& out);
void read_value(const JsonPlace& place, std::vector<int64_t>& out);
void read_value(const JsonPlace& place, std::vector<checkers::Step>& out);
void read_value(const JsonPlace& place, Lineage& out);  // sorted
void read_value(const JsonPlace& place, std::vector<checkers::Asked>& out);
void read_value(const JsonPlace& place, const char*& out);  // the point of an event
// A name among these, or a number.
uint16_t process_at(const JsonPlace& place, const std::vector<std::string>& processes);

template <class Enum>
Enum word_at(const JsonPlace& place) {
  const std::vector<std::string>& words = words_of(Enum());
  const std::string word = place.word_of(words, "word");
  return static_cast<Enum>(std::find(words.begin(), words.end(), word) - words.begin());
}

// Reads the fields of one object from one line.
template <class T>
class FieldReader : public FieldVisitor<FieldReader<T>> {
 public:
  FieldReader(const JsonPlace& line, T& object, const std::vector<std::string>& processes,
              std::vector<std::string>& names)
      : line_(line), object_(object), processes_(processes), names_(names) {}

  template <class C, class M>
  void visit(const char* name, bool required, M C::*member, const char*, Range range) {
    names_.emplace_back(name);
    const auto place = required ? line_.required(name) : line_.member(name);
    if (place) read(*place, object_.*member, range);
  }

  template <class C>
  void visit_word(const char* name, std::string C::*member, const char*, const std::vector<std::string>& words) {
    names_.emplace_back(name);
    if (const auto place = line_.required(name)) object_.*member = place->word_of(words, "word");
  }

 private:
  template <class M>
  void read(const JsonPlace& place, M& out, Range range) {
    if constexpr (std::is_enum_v<M>) {
      out = word_at<M>(place);
    } else if constexpr (std::is_same_v<M, bool>) {
      out = place.boolean();
    } else if constexpr (std::is_same_v<M, uint16_t>) {
      out = process_at(place, processes_);
    } else if constexpr (std::is_same_v<M, uint64_t>) {
      out = place.natural();
    } else if constexpr (std::is_integral_v<M>) {
      const auto most = static_cast<uint64_t>(std::numeric_limits<M>::max());
      out = static_cast<M>(place.integer(range.low, static_cast<int64_t>(std::min(range.high, most))));
    } else {
      read_value(place, out);
    }
  }
  const JsonPlace& line_;
  T& object_;
  const std::vector<std::string>& processes_;
  std::vector<std::string>& names_;
};

}  // namespace onceproof::scenarios
