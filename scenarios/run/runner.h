// SPDX-License-Identifier: Apache-2.0
// Runner: one plan -> one world -> one history -> one verdict. The only place where runtime, simulator, log model
// and checkers meet. A run is a pure function of its plan and input.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "checkers/reference.h"
#include "checkers/verdict.h"
#include "runtime/base/result.h"
#include "scenarios/plan/plan.h"
#include "simulator/log/source_topic.h"
#include "simulator/trace.h"

namespace onceproof::scenarios {

// What many runs share: the input, encoded once, and what it should become.
struct PreparedInput {
  std::string content_hash;
  std::shared_ptr<const simulator::log::SourceTopic> source;
  std::shared_ptr<const checkers::Reference> reference;
  TimeUs end_us = 0;  // when the last record appears; at least the plan's span
};
Result<PreparedInput> prepare_input(const RunPlan& plan);

struct RunResult {
  checkers::RunReport report;
  simulator::Trace trace;
  std::array<uint64_t, env::kPointCount> hits{};  // of each protocol point, both phases
  std::shared_ptr<const checkers::Reference> reference;  // what it was judged against
};

// How much of what happened the history tells. The trace, the verdict's outcome and its counts are the same for both.
enum class Recording : uint8_t {
  full,    // every recorded point: for reports and for the story of a violation
  judged,  // without the points that no checker reads: some are hit parallelism squared times a checkpoint
};

// `window`: events to record in full detail, for naming the first one in which two runs differ.
RunResult run_plan(const RunPlan& plan, const PreparedInput& input, Recording recording = Recording::full,
                   std::optional<std::pair<uint64_t, uint64_t>> window = std::nullopt);

}  // namespace onceproof::scenarios
