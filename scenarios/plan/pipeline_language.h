// SPDX-License-Identifier: Apache-2.0
// The pipeline's part of the scenario language: one table of steps, from which the reader, the schema and the
// documentation go, and both ways between JSON and PipelineSpec. Problems go to the reader.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

#include "scenarios/plan/json_reader.h"
#include "scenarios/plan/pipeline_spec.h"

namespace onceproof::scenarios {

enum class ArgumentShape : uint8_t {
  number,      // from low to high
  text,        // any string
  expression,  // what of a record: expression_words(), or an object of one of expression_settings()
};
struct StepSetting {
  const char* name;
  const char* what;
  ArgumentShape shape = ArgumentShape::number;
  int64_t low = 0;
  int64_t high = 0;
};
// One step of a pipeline. Its argument is one of `words`, an expression, or an object of settings.
struct StepInfo {
  const char* word;
  const char* what;
  std::vector<std::string> words = {};
  bool takes_expression = false;
  std::vector<StepSetting> settings = {};
  std::vector<std::vector<std::string>> forms = {};  // of the settings: the sets of which exactly one stands, all of it
};
const std::vector<StepInfo>& pipeline_steps();
const std::vector<std::string>& expression_words();
const std::vector<StepSetting>& expression_settings();  // but for "concat", a list of the others

inline constexpr int64_t kMostNumber = 1'000'000'000'000;  // that a filter compares with

PipelineSpec read_pipeline(const JsonPlace& place);
nlohmann::ordered_json pipeline_json(const PipelineSpec& spec);

}  // namespace onceproof::scenarios
