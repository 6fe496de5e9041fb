// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/pipeline_spec.h"

#include <fmt/format.h>

#include "runtime/base/check.h"

namespace onceproof::scenarios {

namespace {

api::Step step_of(const StepSpec& spec) {
  switch (spec.kind) {
    case StepKind::source: return api::SourceStep{};
    case StepKind::split: return api::MapStep{api::split_words(), true};
    case StepKind::map: return api::MapStep{api::map_value(spec.expression)};
    case StepKind::filter: return api::MapStep{api::filter(spec.expression, spec.comparison, spec.with)};
    case StepKind::window:
      return api::WindowStep{spec.windows, spec.allowed_lateness_us, api::aggregate(spec.statistic, spec.expression)};
    case StepKind::sink: return api::SinkStep{};
    case StepKind::key_by: break;
  }
  CHECK(false, "a key_by is no operator, but the exchange in front of the next one");
}

graph::Role role_of(StepKind kind) {
  if (kind == StepKind::source) return graph::Role::source;
  return kind == StepKind::sink ? graph::Role::sink : graph::Role::transformation;
}

}  // namespace

const char* to_string(StepKind kind) {
  switch (kind) {
    case StepKind::source: return "log source";
    case StepKind::split: return "split";
    case StepKind::map: return "map";
    case StepKind::filter: return "filter";
    case StepKind::key_by: return "key by";
    case StepKind::window: return "window";
    case StepKind::sink: return "log sink";
  }
  CHECK(false, "no such step");
}

api::Expression prefixed(const std::string& prefix) {
  api::Expression expression;
  expression.kind = api::Expression::Kind::concat;
  expression.parts = {{api::Expression::Kind::constant, 0, prefix}, {}};
  return expression;
}

std::shared_ptr<const api::Pipeline> build_pipeline(const PipelineSpec& spec, int32_t parallelism,
                                                    int32_t max_parallelism) {
  auto pipeline = std::make_shared<api::Pipeline>();
  pipeline->graph.parallelism = parallelism;
  pipeline->graph.max_parallelism = max_parallelism;
  const StepSpec* key_by = nullptr;  // right in front
  for (size_t i = 0; i < spec.size(); ++i) {
    if (spec[i].kind == StepKind::key_by) {
      key_by = &spec[i];
      continue;
    }
    graph::LogicalNode node;
    node.name = to_string(spec[i].kind);
    if (spec[i].kind == StepKind::window) node.name += fmt::format(" {}", api::to_string(spec[i].statistic));
    node.uid = fmt::format("{}-{}", i + 1, to_string(spec[i].kind));
    node.role = role_of(spec[i].kind);
    node.keyed = spec[i].kind == StepKind::window;
    std::vector<std::shared_ptr<const api::KeyOf>> keys;
    if (!pipeline->graph.nodes.empty()) {
      const auto from = static_cast<int32_t>(pipeline->graph.nodes.size()) - 1;
      node.inputs.push_back({from, key_by != nullptr ? graph::Exchange::hash : graph::Exchange::forward});
      keys.push_back(key_by != nullptr ? api::key_by(key_by->expression) : nullptr);
    }
    key_by = nullptr;
    pipeline->graph.nodes.push_back(std::move(node));
    pipeline->steps.push_back(step_of(spec[i]));
    pipeline->keys.push_back(std::move(keys));
  }
  return pipeline;
}

}  // namespace onceproof::scenarios
