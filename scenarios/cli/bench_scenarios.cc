// SPDX-License-Identifier: Apache-2.0
#include "scenarios/cli/bench_scenarios.h"

#include <fmt/format.h>

#include "runtime/state/keyed_table.h"
#include "scenarios/history/document.h"
#include "scenarios/plan/catalogue.h"
#include "scenarios/plan/draw.h"
#include "scenarios/search/session.h"

namespace onceproof::scenarios::cli {

namespace {

Result<RunPlan> calm_plan() {
  Result<Scenario> loaded = load_scenario("word-count");
  if (!loaded.ok()) return loaded.error();
  Scenario scenario = loaded.take();
  scenario.swarm.configuration.percent = 0;
  Result<RunPlan> drawn = draw_plan(scenario, 1);
  if (!drawn.ok()) return drawn.error();
  RunPlan plan = with_stack(drawn.take(), "exactly-once", stack_named(scenario, "exactly-once"));
  plan.faults = {};
  return plan;
}

Result<Benchmark> prepared(RunPlan plan) {
  Result<PreparedInput> input = prepare_input(plan);
  if (!input.ok()) return input.error();
  plan.input.content_hash = input.value().content_hash;
  return Benchmark{std::move(plan), input.take()};
}

}  // namespace

Result<Benchmark> word_count_benchmark(int32_t parallelism) {
  Result<RunPlan> plan = calm_plan();
  if (!plan.ok()) return plan.error();
  plan.value().job.plan.parallelism = parallelism;
  plan.value().job.slots_per_task_manager = parallelism;
  return prepared(plan.take());
}

Result<Benchmark> idle_day_benchmark() {
  Result<RunPlan> plan = calm_plan();
  if (!plan.ok()) return plan.error();
  plan.value().input.spec.kind = InputKind::generated;
  plan.value().input.generated.records = 100;
  plan.value().input.generated.distinct = 10;
  plan.value().input.span_us = seconds(24 * 3600);
  return prepared(plan.take());
}

namespace {

constexpr uint64_t kMostSeeds = 200;

// The first run of the scenario's exactly-once stack, in the order of the seeds, that a fault struck and that ended so.
Result<JudgedHistory> first_run(const std::string& scenario, const std::string& bug, checkers::Outcome outcome) {
  Request request;
  request.scenario = scenario;
  request.stacks = {"exactly-once"};
  if (!bug.empty()) request.bugs = {bug};
  Result<Session> session = Session::open(request);
  if (!session.ok()) return session.error();
  for (uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    const Result<std::vector<RunPlan>> plans = session.value().plans(seed);
    if (!plans.ok()) return plans.error();
    Result<RunResult> run = session.value().run(plans.value().front());
    if (!run.ok()) return run.error();
    const checkers::RunReport& report = run.value().report;
    if (report.verdict.outcome != outcome || report.history.restarts == 0) continue;
    const uint64_t facts = count_lines(run.value().reference->input(), report.history);
    return JudgedHistory{run.take(), facts};
  }
  return Error{ErrorCode::not_found, fmt::format("no seed up to {} of {}{} with restarts is {}", kMostSeeds, scenario,
                                                 bug.empty() ? "" : " with " + bug, checkers::to_string(outcome))};
}

}  // namespace

Result<JudgeBenchmark> judge_benchmark(const std::string& scenario) {
  Result<JudgedHistory> right = first_run(scenario, "", checkers::Outcome::valid);
  if (!right.ok()) return right.error();
  Result<JudgedHistory> wrong = first_run(scenario, "commit-on-ack", checkers::Outcome::violated);
  if (!wrong.ok()) return wrong.error();
  return JudgeBenchmark{right.take(), wrong.take()};
}

uint64_t one_pass(const checkers::History& history) {
  uint64_t sum = 0;
  for (const auto* records : {&history.outputs, &history.observed}) {
    for (const checkers::OutputRecord& record : *records) {
      sum += static_cast<uint64_t>(record.offset) + record.key.size() + record.value.size();
      for (const Position position : record.lineage) sum += position;
    }
  }
  for (const checkers::Event& event : history.events) sum += static_cast<uint64_t>(event.at_us) + event.text.size();
  return sum;
}

size_t plain_loop(const checkers::Reference& reference) {
  state::KeyedTable<uint64_t> counts;
  DurationUs window_us = 1;
  for (const api::Step& step : reference.pipeline().steps) {
    if (const auto* window = std::get_if<api::WindowStep>(&step)) window_us = window->windows.size_us;
  }
  for (const auto& partition : reference.input().partitions) {
    for (const checkers::InputRecord& record : partition) {
      const TimeUs window = record.timestamp_us / window_us;
      const std::string& text = record.value;
      for (size_t at = 0; at < text.size();) {
        const size_t begin = text.find_first_not_of(" \t\v\f\r", at);
        if (begin == std::string::npos) break;
        at = std::min(text.find_first_of(" \t\v\f\r", begin), text.size());
        ++counts.find_or_insert(0, ByteView(text).substr(begin, at - begin), window).first->value;
      }
    }
  }
  return counts.size();
}

}  // namespace onceproof::scenarios::cli
