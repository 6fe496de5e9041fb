// SPDX-License-Identifier: Apache-2.0
// The fields that a fault of the scenario language takes, kind by kind, in one table: the parser reads by it and
// the schema prints it. A new kind is one entry in language_faults.cc; a new field is one line of its kind.
#pragma once

#include <string>
#include <vector>

#include "scenarios/plan/scenario.h"

namespace onceproof::scenarios {

// What a field's value looks like.
enum class FieldShape : uint8_t {
  number,   // low..high, a range or {"one_of": [..]}
  words,    // one of `words`, or a list of which the seed takes one
  text,     // any text, or a list of which the seed takes one
  process,  // a process by name or a class of processes, or a list; `words` are the further ones: "*", "@hit"
  word,     // one of `words`, never drawn
  subtask,  // number, or one of `words`
  hit,      // {"at": one of `words`, "nth": low..high}
};

struct FaultField {
  const char* name;
  FieldShape shape;
  const char* what;  // for the schema and people
  std::vector<std::string> words = {};
  int64_t low = 0;
  int64_t high = 0;
  bool required = false;
  // Where the value goes; none of them: the parser has code of its own for it.
  DrawnNumber FaultSpec::*number = nullptr;
  std::optional<DrawnNumber> FaultSpec::*optional_number = nullptr;
  DrawnWord FaultSpec::*drawn_word = nullptr;
};

struct FaultKindInfo {
  FaultKind kind;
  const char* name;
  const char* what;
  std::vector<FaultField> fields;
  bool drawn_only = false;  // a plan has other kinds in its place; these come last
};

const std::vector<FaultKindInfo>& fault_kinds();       // in the order of FaultKind
const std::vector<FaultField>& fault_trigger_fields();  // those of every kind
const std::vector<std::string>& process_classes();     // "any task-manager", ...

}  // namespace onceproof::scenarios
