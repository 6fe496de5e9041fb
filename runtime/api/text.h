// SPDX-License-Identifier: Apache-2.0
// Functions over records that are text: what scenario files can say without a language of their own. Numbers are signed
// integers or decimals, kept exactly as millionths in 64 bits: the places behind the sixth are dropped, what is too
// large is the largest, and what is no number is 0.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/api/functions.h"

namespace onceproof::api {

// Something that a record says.
struct Expression {
  enum class Kind : uint8_t {
    value,     // the whole value
    key,       // the record's key
    field,     // field number `index`, from 0, of comma-separated text; empty when there is none
    json,      // member `text` ("a.b") of a JSON object; empty when there is none
    constant,  // `text`
    concat,    // all of `parts`, one behind the other
  };
  Kind kind = Kind::value;
  int64_t index = 0;
  std::string text = {};
  std::vector<Expression> parts = {};
  bool operator==(const Expression&) const = default;
};
ByteView evaluate(const Expression& expression, const Element& element, Bytes& scratch);

enum class Comparison : uint8_t { equals, differs, contains, at_least, at_most };  // the last two of numbers

std::shared_ptr<const FlatMap> split_words();  // runs of bytes other than ASCII white space
std::shared_ptr<const FlatMap> map_value(Expression to);
std::shared_ptr<const FlatMap> filter(Expression what, Comparison comparison, std::string with);
std::shared_ptr<const KeyOf> key_by(Expression what);

enum class Statistic : uint8_t { count, sum, min, max, average };
const char* to_string(Statistic statistic);
std::shared_ptr<const Aggregate> aggregate(Statistic statistic, Expression of = {});

}  // namespace onceproof::api
