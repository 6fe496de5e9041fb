// SPDX-License-Identifier: Apache-2.0
#include "testbed/testbed.h"

#include <fmt/format.h>

#include <ostream>

#include "runtime/graph/execution_graph.h"
#include "scenarios/plan/catalogue.h"
#include "scenarios/plan/draw.h"
#include "scenarios/run/runner.h"

namespace onceproof {

using scenarios::RunPlan;

struct Testbed::Settings {
  std::shared_ptr<const api::Pipeline> pipeline;
  std::shared_ptr<const std::vector<std::string>> records;
  DurationUs span_us = seconds(60);
  DurationUs out_of_orderness_us = 0;
  int32_t source_partitions = 4;
  uint64_t seeds = 100;
  uint64_t first_seed = 1;
  std::string profile = "swarm";
  SeededBugs bugs;
  Error error;  // the first setting that makes no sense
  bool refused = false;

  void refuse(Error with) {
    if (!refused) error = std::move(with);
    refused = true;
  }
};

namespace {

scenarios::Guarantee guarantee_of(Delivery delivery) {
  switch (delivery) {
    case Delivery::at_most_once: return scenarios::Guarantee::at_most_once;
    case Delivery::at_least_once: return scenarios::Guarantee::at_least_once;
    case Delivery::exactly_once: return scenarios::Guarantee::exactly_once;
  }
  return scenarios::Guarantee::none;
}

Outcome refusal(const Error& error) {
  Outcome outcome;
  outcome.refused = true;
  outcome.story = error.message;
  return outcome;
}

// Everything that was found, in the order of its weight.
std::string story_of(const checkers::RunReport& report, const std::string& guarantee, uint64_t seed) {
  const checkers::Verdict& verdict = report.verdict;
  std::string text = fmt::format("{} is {} in seed 0x{:x}", guarantee, checkers::to_string(verdict.outcome), seed);
  if (!verdict.why.empty()) text += ": " + verdict.why;
  constexpr size_t kMost = 5;
  for (size_t i = 0; i < verdict.findings.size() && i < kMost; ++i)
    text += fmt::format("\n  {}: {}", verdict.findings[i].kind, verdict.findings[i].story);
  if (verdict.findings.size() > kMost) text += fmt::format("\n  and {} more", verdict.findings.size() - kMost);
  for (const checkers::FaultRecord& fault : report.history.faults) {
    if (fault.fired) text += fmt::format("\n  fault: {}", fault.description);
  }
  return text + fmt::format("\n  reproduce: the same test with .first_seed(0x{:x}).seeds(1)", seed);
}

}  // namespace

Testbed::Testbed(api::Pipeline pipeline) : settings_(std::make_unique<Settings>()) {
  settings_->pipeline = std::make_shared<const api::Pipeline>(std::move(pipeline));
}
Testbed::~Testbed() = default;
Testbed::Testbed(Testbed&&) noexcept = default;

Testbed& Testbed::input(std::vector<std::string> records) {
  settings_->records = std::make_shared<const std::vector<std::string>>(std::move(records));
  return *this;
}
Testbed& Testbed::span(DurationUs span_us) { return settings_->span_us = span_us, *this; }
Testbed& Testbed::out_of_orderness(DurationUs most_us) { return settings_->out_of_orderness_us = most_us, *this; }
Testbed& Testbed::source_partitions(int32_t partitions) { return settings_->source_partitions = partitions, *this; }
Testbed& Testbed::seeds(uint64_t count) { return settings_->seeds = count, *this; }
Testbed& Testbed::first_seed(uint64_t seed) { return settings_->first_seed = seed, *this; }
Testbed& Testbed::faults(std::string profile) { return settings_->profile = std::move(profile), *this; }
Testbed& Testbed::bug(const std::string& name) {
  if (const auto bug = seeded_bug_named(name)) {
    settings_->bugs.add(*bug);
  } else {
    settings_->refuse({ErrorCode::invalid_argument, fmt::format("no seeded bug is named \"{}\" (onceproof list bugs)", name)});
  }
  return *this;
}

Outcome Testbed::keeps(Delivery delivery) {
  const Settings& settings = *settings_;
  if (settings.refused) return refusal(settings.error);
  const auto graph = graph::build_execution_graph(settings.pipeline->graph);
  if (!graph.ok()) return refusal(graph.error());
  scenarios::Scenario scenario;
  scenario.file = scenario.name = "testbed";
  scenario.own_pipeline = settings.pipeline;
  if (settings.records != nullptr) {
    scenario.input.kind = scenarios::InputKind::given;
    scenario.input.records = settings.records;
  }
  Result<scenarios::Scenario> drawn = scenarios::with_profile(std::move(scenario), settings.profile);
  if (!drawn.ok()) return refusal(drawn.error());
  scenarios::Overrides overrides;
  overrides.bugs = settings.bugs;
  const scenarios::Guarantee guarantee = guarantee_of(delivery);
  const std::string name = checkers::to_string(guarantee);
  Outcome outcome;
  for (uint64_t seed = settings.first_seed; seed < settings.first_seed + settings.seeds; ++seed) {
    Result<RunPlan> plan = scenarios::draw_plan(drawn.value(), seed, overrides);
    if (!plan.ok()) return refusal(plan.error());
    plan.value().input.span_us = settings.span_us;
    plan.value().job.source.partitions = settings.source_partitions;
    plan.value().job.source.out_of_orderness_us = std::max(plan.value().job.source.out_of_orderness_us, settings.out_of_orderness_us);
    if (settings.out_of_orderness_us > 0) plan.value().input.disorder_percent = 100;
    const RunPlan run = scenarios::with_stack(plan.take(), name, scenarios::stack_for(guarantee));
    if (Status status = scenarios::check_plan(run); !status.ok()) return refusal(status.error());
    const Result<scenarios::PreparedInput> input = scenarios::prepare_input(run);
    if (!input.ok()) return refusal(input.error());
    const scenarios::RunResult result = scenarios::run_plan(run, input.value());
    ++outcome.runs;
    for (const checkers::FaultRecord& fault : result.report.history.faults) outcome.effective_faults += fault.effective ? 1 : 0;
    if (result.report.verdict.outcome == checkers::Outcome::valid) continue;
    ++(result.report.verdict.outcome == checkers::Outcome::violated ? outcome.violated : outcome.inconclusive);
    outcome.seed = seed;
    outcome.story = story_of(result.report, name, seed);
    break;
  }
  return outcome;
}

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  if (outcome.refused) return out << "nothing was run: " << outcome.story;
  if (!outcome) return out << outcome.story;
  return out << fmt::format("{} runs kept it, under {} faults that changed something", outcome.runs, outcome.effective_faults);
}

}  // namespace onceproof
