// SPDX-License-Identifier: Apache-2.0
// The history's fields as data, out of the table by which it is read and written: for `onceproof list history`, its JSON
// schema (`list history-schema`) and docs/history.md, which a test holds to it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace onceproof::scenarios {

struct HistoryField {
  std::string line;      // "output"; "header" for the first line's
  std::string name;
  std::string form;      // "whole number, 0 to 255"
  std::string fallback;  // what it is when it is absent, as JSON; "required"
  std::string meaning;
};
struct HistoryLine {
  std::string name;
  std::string meaning;
};
std::vector<HistoryLine> history_lines();    // in the order of writing
std::vector<HistoryField> history_fields();  // line by line

nlohmann::ordered_json history_schema();  // of one line

}  // namespace onceproof::scenarios
