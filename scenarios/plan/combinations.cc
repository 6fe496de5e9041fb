// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/combinations.h"

#include <algorithm>

#include <fmt/format.h>

namespace onceproof::scenarios {

using graph::BarrierMode;
using graph::LostTransaction;
using graph::OffsetCommit;
using graph::SinkMode;

namespace {

constexpr DurationUs kWindowUs = seconds(2);
constexpr DurationUs kBriefTimeoutUs = seconds(6);

void add_sinks(const Stack& stack, Shape shape, int32_t parallelism, std::vector<Combination>& all) {
  for (const SinkMode sink : {SinkMode::fire_and_forget, SinkMode::flush, SinkMode::transactional}) {
    Combination one{stack, shape, parallelism};
    one.stack.sink = sink;
    if (sink != SinkMode::transactional) {
      all.push_back(one);
      continue;
    }
    if (!stack.checkpoints) continue;
    for (const Timeout timeout : {Timeout::plenty, Timeout::bare, Timeout::brief}) {
      for (const LostTransaction lost : {LostTransaction::fail_job, LostTransaction::go_on}) {
        one.timeout = timeout;
        one.lost_transaction = lost;
        all.push_back(one);
      }
    }
  }
}

PipelineSpec pipeline_of(Shape shape) {
  PipelineSpec spec;
  const auto add = [&](StepKind kind) -> StepSpec& {
    spec.emplace_back().kind = kind;
    return spec.back();
  };
  add(StepKind::source);
  if (shape == Shape::transform) {
    add(StepKind::map).expression = prefixed("processed_");
  } else {
    add(StepKind::split);
    add(StepKind::key_by);
    add(StepKind::window).windows.size_us = kWindowUs;
  }
  add(StepKind::sink);
  return spec;
}

}  // namespace

const char* to_string(Timeout timeout) {
  return timeout == Timeout::plenty ? "plenty" : timeout == Timeout::bare ? "bare" : "brief";
}
const char* to_string(Shape shape) { return shape == Shape::transform ? "transform" : "windowed"; }

const std::vector<Combination>& all_combinations() {
  static const std::vector<Combination> all = [] {
    std::vector<Combination> made;
    for (const OffsetCommit offsets : {OffsetCommit::before_processing, OffsetCommit::with_checkpoint}) {
      for (const Stack& stack : {Stack{offsets, false, BarrierMode::aligned, SinkMode::flush},
                                 Stack{offsets, true, BarrierMode::at_least_once, SinkMode::flush},
                                 Stack{offsets, true, BarrierMode::aligned, SinkMode::flush}}) {
        for (const Shape shape : {Shape::transform, Shape::windowed}) {
          for (const int32_t parallelism : {1, 2}) add_sinks(stack, shape, parallelism, made);
        }
      }
    }
    return made;
  }();
  return all;
}

std::string name_of(const Combination& combination) {
  const Stack& stack = combination.stack;
  std::string name =
      fmt::format("{}/{}/{}/{}/{}", to_string(stack.offsets), stack.checkpoints ? to_string(stack.barriers) : "off",
                  to_string(stack.sink), to_string(combination.shape), combination.parallelism);
  if (stack.sink != SinkMode::transactional) return name;
  return name + fmt::format("/{}/", to_string(combination.timeout)) +
         (combination.lost_transaction == LostTransaction::go_on ? "continue" : "fail-job");
}

RunPlan with_combination(RunPlan plan, const Combination& combination) {
  set_pipeline(plan, pipeline_of(combination.shape));
  plan.job.plan.parallelism = combination.parallelism;
  plan.job.plan.max_parallelism = std::max(plan.job.plan.max_parallelism, combination.parallelism);
  plan = with_stack(std::move(plan), "configured", combination.stack);
  graph::SinkConfig& sink = plan.job.sink;
  sink.lost_transaction = combination.lost_transaction;
  sink.transaction_timeout_us = kBrokerMaxTransactionTimeoutUs;
  const DurationUs needed_us = needed_transaction_timeout_us(plan.job);
  if (combination.timeout == Timeout::bare) {
    sink.transaction_timeout_us = std::min(needed_us, kBrokerMaxTransactionTimeoutUs);
  } else if (combination.timeout == Timeout::brief) {
    sink.transaction_timeout_us = std::max(plan.job.checkpoint.interval_us, std::min(kBriefTimeoutUs, needed_us / 2));
  }
  return plan;
}

}  // namespace onceproof::scenarios
