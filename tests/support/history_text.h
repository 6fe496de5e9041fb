// SPDX-License-Identifier: Apache-2.0
// Histories as text, for tests: written, read and judged without files.
#pragma once

#include <set>
#include <sstream>
#include <string>

#include "reports/json.h"
#include "scenarios/history/document.h"
#include "scenarios/run/input.h"
#include "scenarios/run/runner.h"

namespace onceproof::tests {

inline std::string text_of(scenarios::HistoryHead head, const checkers::Pipeline& pipeline,
                           const checkers::Input& input, const checkers::History& history) {
  std::string text;
  const Status status = write_history(std::move(head), pipeline, input, history, [&](std::string_view piece) {
    text += piece;
    return Status();
  });
  CHECK(status.ok(), "a string takes everything");
  return text;
}

inline std::string text_of(const scenarios::RunResult& result, const checkers::Pipeline& steps) {
  scenarios::HistoryHead head;
  head.scenario = result.report.scenario;
  head.seed = result.report.seed;
  head.trace_hash = result.report.trace_hash;
  head.world_events = result.report.events;
  return text_of(std::move(head), steps, result.reference->input(), result.report.history);
}

inline Result<scenarios::HistoryDocument> document_of(const std::string& text) {
  std::istringstream stream(text);
  return scenarios::read_history(stream, "h");
}

// The message of the error, or nothing when the text is a history.
inline std::string error_of(const std::string& text) {
  const auto document = document_of(text);
  return document.ok() ? std::string() : document.error().message;
}

inline std::set<std::string> kinds_of(const checkers::Verdict& verdict) {
  std::set<std::string> kinds;
  for (const checkers::Finding& finding : verdict.findings) kinds.insert(finding.kind);
  return kinds;
}

}  // namespace onceproof::tests
