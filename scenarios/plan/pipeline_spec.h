// SPDX-License-Identifier: Apache-2.0
// A pipeline as scenario files spell it: plain data that is read (pipeline_language.h), stored in plans and histories,
// and made into the pipeline that runs and that the reference interprets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/api/pipeline.h"
#include "runtime/api/text.h"

namespace onceproof::scenarios {

enum class StepKind : uint8_t { source, split, map, filter, key_by, window, sink };

// Only the fields of its kind are used.
struct StepSpec {
  StepKind kind = StepKind::source;
  api::Expression expression = {};  // map: to; filter: what; key_by: by; window: of which the aggregate is
  api::Comparison comparison = api::Comparison::equals;
  std::string with = {};
  api::Windows windows = {};
  DurationUs allowed_lateness_us = 0;
  api::Statistic statistic = api::Statistic::count;
  bool operator==(const StepSpec&) const = default;
};
using PipelineSpec = std::vector<StepSpec>;  // source first, sink last

api::Expression prefixed(const std::string& prefix);  // of a map: the prefix, and then the value
// Named as in an execution graph: "source", "window".
const char* to_string(StepKind kind);

// What runs and what is judged. Of a spec that the language accepts the graph is sound; check_graph() says so.
std::shared_ptr<const api::Pipeline> build_pipeline(const PipelineSpec& spec, int32_t parallelism = 1,
                                                    int32_t max_parallelism = 128);

}  // namespace onceproof::scenarios
