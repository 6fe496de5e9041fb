// SPDX-License-Identifier: Apache-2.0
#include "checkers/judge.h"

#include <utility>

#include "checkers/reference.h"
#include "scenarios/history/document.h"
#include "scenarios/history/pipeline.h"

namespace onceproof::scenarios {

checkers::RunReport judge_document(HistoryDocument document) {
  const checkers::Reference reference(std::move(document.input), to_pipeline(document.pipeline));
  checkers::RunReport report = checkers::judged(std::move(document.history), reference);
  report.scenario = std::move(document.head.scenario);
  report.seed = document.head.seed;
  report.trace_hash = std::move(document.head.trace_hash);
  report.events = document.head.world_events;
  return report;
}

}  // namespace onceproof::scenarios
