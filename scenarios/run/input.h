// SPDX-License-Identifier: Apache-2.0
// Input: real text (any bytes, any line length) or generated words as the records of the source topic. No record is
// ever late: a timestamp lags behind the largest one before it by at most what the source's watermark allows.
// Prepared once and shared by every run of the same input; immutable afterwards.
#pragma once

#include <memory>
#include <string>

#include "checkers/history.h"
#include "runtime/base/result.h"
#include "scenarios/plan/plan.h"

namespace onceproof::scenarios {

// A run holds its input and every result of it in memory, some twenty bytes for each of the input's; more than this is
// refused unless somebody says otherwise (--input-limit).
inline constexpr uint64_t kInputLimit = uint64_t{256} << 20;

// The bytes behind an input: the file's, the default text's, or the generated lines. Errors are
// invalid_argument with the path and what is wrong with it.
Result<std::string> load_text(const InputPlan& input, uint64_t most_bytes = kInputLimit);
// An input that is given: each record with its size, as nothing separates them.
std::string bytes_of(const std::vector<std::string>& records);
std::string content_hash(const std::string& text);

// What decides where a line goes and when: numbers of the plan, gathered.
struct InputShape {
  int32_t partitions = 1;
  DurationUs span_us = 0;
  DurationUs out_of_orderness_us = 0;  // the source's
  DurationUs window_us = 0;            // of the pipeline; 0: it has none, and no edges
  int64_t backlog_percent = 0;
  int64_t disorder_percent = 0;
  int64_t edge_percent = 0;
  DurationUs step_us = 0;
  int32_t empty_partitions = 0;
  int32_t idle_partitions = 0;
};
InputShape input_shape(const RunPlan& plan);

struct ShapedInput {
  checkers::Input records;
  std::vector<std::vector<TimeUs>> visible_us;  // [p][o]: when the record appears; ascending in a partition
};
// Lines (ended by \n or \r\n) over the partitions, round-robin but for the empty and idle ones; line i of n appears at
// i * span / n, or at 0 when it belongs to the backlog. An empty text has no records. Errors: the limits of
// runtime/base/lineage.h.
Result<ShapedInput> shape_input(const std::string& text, const InputShape& shape);
Result<ShapedInput> shape_records(const std::vector<std::string_view>& records, const InputShape& shape);
// The plain shape.
Result<checkers::Input> split_input(const std::string& text, int32_t partitions, DurationUs span_us);

}  // namespace onceproof::scenarios
