// SPDX-License-Identifier: Apache-2.0
// Runner: one plan -> one world -> one history -> one verdict. The only place where runtime, simulator, log model
// and checkers meet. A run is a pure function of its plan and input.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "checkers/reference.h"
#include "checkers/verdict.h"
#include "runtime/base/result.h"
#include "scenarios/plan/plan.h"
#include "scenarios/run/backlog.h"
#include "scenarios/run/input.h"
#include "simulator/log/source_topic.h"
#include "simulator/trace.h"

namespace onceproof::scenarios {

// What many runs share: the input, encoded once, and what it should become.
struct PreparedInput {
  std::string content_hash;
  std::shared_ptr<const simulator::log::SourceTopic> source;
  std::shared_ptr<const checkers::Reference> reference;
  TimeUs end_us = 0;  // when the last record appears; at least the plan's span
  uint64_t records = 0;
  Workload workload;
  std::shared_ptr<const std::string> text;  // the bytes, unless they are generated or more than kCopiedInputBytes
};
inline constexpr uint64_t kCopiedInputBytes = 1 << 20;  // a run folder has a copy of a smaller input
Result<PreparedInput> prepare_input(const RunPlan& plan, uint64_t most_bytes = kInputLimit);

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
  state,   // as judged, and nobody judges it: what the run came to is all that is asked for
};

// How far a run is, about every virtual second, for whoever waits for it. Nothing that is done with it changes the run.
struct RunProgress {
  const std::string& stack;
  TimeUs now_us = 0;
  uint64_t read = 0;     // source records that were asked for
  uint64_t records = 0;  // of so many
  bool judging = false;  // the run is over
};
using RunWatch = std::function<void(const RunProgress&)>;

// `window`: events to record in full detail, for naming the first one in which two runs differ.
RunResult run_plan(const RunPlan& plan, const PreparedInput& input, Recording recording = Recording::full,
                   std::optional<std::pair<uint64_t, uint64_t>> window = std::nullopt, const RunWatch& watch = {});

}  // namespace onceproof::scenarios
