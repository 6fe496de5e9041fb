// SPDX-License-Identifier: Apache-2.0
#include "scenarios/cli/bench_scenarios.h"

#include "runtime/state/keyed_table.h"
#include "scenarios/plan/catalogue.h"
#include "scenarios/plan/draw.h"

namespace onceproof::scenarios::cli {

namespace {

Result<RunPlan> calm_plan() {
  Result<Scenario> loaded = load_scenario("word-count");
  if (!loaded.ok()) return loaded.error();
  Scenario scenario = loaded.take();
  scenario.swarm.configuration_percent = 0;
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

size_t plain_loop(const checkers::Reference& reference) {
  state::KeyedTable<uint64_t> counts;
  const DurationUs window_us = reference.pipeline().window_us;
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
