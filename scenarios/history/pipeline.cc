// SPDX-License-Identifier: Apache-2.0
#include "scenarios/history/pipeline.h"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "runtime/api/text.h"
#include "scenarios/plan/json_reader.h"
#include "scenarios/plan/pipeline_language.h"

namespace onceproof::scenarios {

namespace {

using api::Expression;

class KeyByValue : public api::FlatMap {
 public:
  void apply(const api::Element& element, api::Collector& out) const override { out.collect(element.value, element.value); }
};

// A chain, operator by operator.
class Builder {
 public:
  explicit Builder(api::Pipeline& pipeline) : pipeline_(pipeline) {}
  void add(const char* name, graph::Role role, api::Step step) {
    graph::LogicalNode node;
    node.uid = node.name = name + ("-" + std::to_string(pipeline_.graph.nodes.size() + 1));
    node.role = role;
    const bool first = pipeline_.graph.nodes.empty();
    if (!first) node.inputs.push_back({.from = static_cast<int32_t>(pipeline_.graph.nodes.size()) - 1});
    pipeline_.graph.nodes.push_back(std::move(node));
    pipeline_.steps.push_back(std::move(step));
    pipeline_.keys.emplace_back(first ? 0 : 1);
  }
  void partition_by(std::shared_ptr<const api::KeyOf> key) {
    graph::LogicalNode& node = pipeline_.graph.nodes.back();
    node.keyed = true;
    node.inputs.front().exchange = graph::Exchange::hash;
    pipeline_.keys.back().front() = std::move(key);
  }

 private:
  api::Pipeline& pipeline_;
};

}  // namespace

namespace {

// Empty when the four words cannot say it.
std::optional<std::vector<checkers::Step>> simple_steps(const PipelineSpec& spec) {
  std::vector<checkers::Step> steps;
  for (size_t i = 1; i + 1 < spec.size(); ++i) {
    const StepSpec& step = spec[i];
    const bool whole = step.expression == Expression();
    if (step.kind == StepKind::split && i == 1) {
      steps.push_back(checkers::Step::split_words);
    } else if (step.kind == StepKind::map && step.expression == prefixed("processed_")) {
      steps.push_back(checkers::Step::map_prefix);
    } else if (step.kind == StepKind::key_by && whole && i + 3 == spec.size() && spec[i + 1].kind == StepKind::window) {
      steps.push_back(checkers::Step::key_by_value);
    } else if (step.kind == StepKind::window && whole && i + 2 == spec.size() && step.statistic == api::Statistic::count &&
               step.windows.kind == api::WindowKind::tumbling) {
      steps.push_back(checkers::Step::count_per_window);
    } else {
      return std::nullopt;
    }
  }
  return steps;
}

Result<PipelineSpec> read_text(const std::string& text) {
  JsonReader reader("the pipeline's text");
  const auto root = reader.parse(text);
  PipelineSpec spec;
  if (root && root->object_of({"pipeline"}, "setting")) {
    if (const auto pipeline = root->required("pipeline")) spec = read_pipeline(*pipeline);
  }
  if (!reader.ok()) return reader.error();
  return spec;
}

}  // namespace

checkers::Pipeline to_steps(const PipelineSpec& spec) {
  checkers::Pipeline told;
  if (auto steps = simple_steps(spec)) {
    told.steps = std::move(*steps);
    if (!told.steps.empty() && told.steps.back() == checkers::Step::count_per_window)
      told.window_us = spec[spec.size() - 2].windows.size_us;
  } else {
    told.text = nlohmann::ordered_json{{"pipeline", pipeline_json(spec)}}.dump();
  }
  return told;
}

Status check_pipeline_text(const std::string& text) {
  const Result<PipelineSpec> spec = read_text(text);
  return spec.ok() ? Status() : Status(spec.error());
}

std::shared_ptr<const api::Pipeline> to_pipeline(const checkers::Pipeline& steps) {
  using checkers::Step;
  if (!steps.text.empty()) return build_pipeline(read_text(steps.text).take());
  auto pipeline = std::make_shared<api::Pipeline>();
  Builder builder(*pipeline);
  builder.add("source", graph::Role::source, api::SourceStep{});
  const auto map = [&](const char* name, std::shared_ptr<const api::FlatMap> function, bool splits) {
    builder.add(name, graph::Role::transformation, api::MapStep{std::move(function), splits});
  };
  for (const Step step : steps.steps) {
    switch (step) {
      case Step::split_words: map("split", api::split_words(), true); break;
      case Step::map_prefix: {
        const Expression prefix{.kind = Expression::Kind::constant, .text = "processed_"};
        map("map", api::map_value({.kind = Expression::Kind::concat, .parts = {prefix, Expression()}}), false);
        break;
      }
      case Step::key_by_value: map("key-by", std::make_shared<KeyByValue>(), false); break;
      case Step::count_per_window:
        builder.add("window", graph::Role::transformation,
                    api::WindowStep{{.kind = api::WindowKind::tumbling, .size_us = steps.window_us},
                                    0,
                                    api::aggregate(api::Statistic::count)});
        builder.partition_by(api::key_by({.kind = Expression::Kind::key}));
        break;
    }
  }
  builder.add("sink", graph::Role::sink, api::SinkStep{});
  return pipeline;
}

}  // namespace onceproof::scenarios
