// SPDX-License-Identifier: Apache-2.0
// Input: real text (any bytes, any line length) or generated words as the records of the source topic, with
// ascending event timestamps. Prepared once and shared by every run of the same input; immutable afterwards.
#pragma once

#include <memory>
#include <string>

#include "checkers/history.h"
#include "runtime/base/result.h"
#include "scenarios/plan.h"

namespace onceproof::scenarios {

// The bytes behind an InputSpec: the file's, the default text's, or the generated lines. Errors are
// invalid_argument with the path and what is wrong with it.
Result<std::string> load_text(const InputSpec& spec);
std::string content_hash(const std::string& text);

// Lines (ended by \n or \r\n) over `partitions` partitions, round-robin; record i of n at i * span / n.
// An empty text has no records. Errors: the limits of runtime/base/lineage.h.
Result<checkers::Input> split_input(const std::string& text, int32_t partitions, DurationUs span_us);

// What the pipeline computes, in the checkers' words.
checkers::Pipeline checker_pipeline(const std::vector<graph::LogicalOperator>& operators);

}  // namespace onceproof::scenarios
