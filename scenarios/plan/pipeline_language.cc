// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/pipeline_language.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/base/check.h"

namespace onceproof::scenarios {

namespace {

using api::Comparison;
using api::Expression;
using api::Statistic;
using api::WindowKind;
using OrderedJson = nlohmann::ordered_json;

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kMostFields = 1000;
constexpr int64_t kMostOverlap = 1000;  // sliding windows that one record is in

struct ComparisonWord {
  Comparison comparison;
  const char* word;
};
constexpr ComparisonWord kComparisons[] = {{Comparison::equals, "equals"},
                                           {Comparison::differs, "differs"},
                                           {Comparison::contains, "contains"},
                                           {Comparison::at_least, "at_least"},
                                           {Comparison::at_most, "at_most"}};
constexpr Statistic kStatistics[] = {Statistic::sum, Statistic::min, Statistic::max, Statistic::average};

const StepInfo* step_named(const std::string& word) {
  for (const StepInfo& step : pipeline_steps()) {
    if (word == step.word) return &step;
  }
  return nullptr;
}

// ---- reading -------------------------------------------------------------------------------------------

Expression read_expression(const JsonPlace& place, bool nested = false) {
  Expression expression;
  if (!place.is_object()) {
    const std::string word = place.word_of(expression_words(), "expression");
    expression.kind = word == "key" ? Expression::Kind::key : Expression::Kind::value;
    return expression;
  }
  std::vector<std::string> names;
  for (const StepSetting& setting : expression_settings()) names.push_back(setting.name);
  if (!nested) names.push_back("concat");
  if (!place.object_of(names, "expression")) return expression;
  if (place.keys().size() != 1) {
    place.problem("an expression has exactly one word");
    return expression;
  }
  if (const auto field = place.member("field")) {
    expression.kind = Expression::Kind::field;
    expression.index = field->integer(0, kMostFields);
  } else if (const auto member = place.member("json")) {
    expression.kind = Expression::Kind::json;
    expression.text = member->word();
  } else if (const auto constant = place.member("constant")) {
    expression.kind = Expression::Kind::constant;
    expression.text = constant->word();
  } else {
    expression.kind = Expression::Kind::concat;
    for (const JsonPlace& part : place.required("concat")->elements())
      expression.parts.push_back(read_expression(part, true));
  }
  return expression;
}

// The settings are among those of the step, and of its forms exactly one stands there whole.
bool check_settings(const JsonPlace& argument, const StepInfo& info) {
  std::vector<std::string> names;
  for (const StepSetting& setting : info.settings) names.push_back(setting.name);
  if (!argument.object_of(names, "setting")) return false;
  int whole = 0;
  std::string choices;
  for (const std::vector<std::string>& form : info.forms) {
    const auto stands = [&](const std::string& name) { return argument.member(name).has_value(); };
    if (std::any_of(form.begin(), form.end(), stands)) ++whole;
    if (std::any_of(form.begin(), form.end(), stands) && !std::all_of(form.begin(), form.end(), stands)) {
      argument.problem(fmt::format("{} needs {}", info.word, fmt::join(form, " and ")));
      return false;
    }
    choices += fmt::format("{}{}", choices.empty() ? "" : ", or ", fmt::join(form, " with "));
  }
  if (whole == 1) return true;
  argument.problem(fmt::format("{} {} has one of: {}", info.word, whole == 0 ? "says nothing; it" : "says several things; it", choices));
  return false;
}

void read_map(const JsonPlace& argument, StepSpec& step) {
  if (const auto to = argument.member("to")) {
    step.expression = read_expression(*to);
    return;
  }
  step.expression = prefixed(argument.required("prefix")->word());
}

void read_filter(const JsonPlace& argument, StepSpec& step) {
  if (const auto what = argument.member("what")) step.expression = read_expression(*what);
  for (const ComparisonWord& each : kComparisons) {
    const auto with = argument.member(each.word);
    if (!with) continue;
    step.comparison = each.comparison;
    const bool numbers = each.comparison == Comparison::at_least || each.comparison == Comparison::at_most;
    step.with = numbers ? std::to_string(with->integer(-kMostNumber, kMostNumber)) : with->word();
  }
}

void read_window(const JsonPlace& argument, StepSpec& step) {
  const auto number = [&](const char* name, int64_t low) {
    const auto value = argument.member(name);
    return value ? milliseconds(value->integer(low, kDayMs)) : 0;
  };
  if (argument.member("sliding_ms")) {
    step.windows = {WindowKind::sliding, number("sliding_ms", 1), number("slide_ms", 1)};
    if (argument.reader().ok() && step.windows.slide_us > step.windows.size_us)
      argument.problem("slide_ms is above sliding_ms: records between two windows would be in none");
    if (argument.reader().ok() && step.windows.size_us / step.windows.slide_us > kMostOverlap)
      argument.problem(fmt::format("sliding_ms is more than {} times slide_ms: so many windows would hold each record", kMostOverlap));
  } else if (argument.member("session_gap_ms")) {
    step.windows = {WindowKind::session, number("session_gap_ms", 1), 0};
  } else {
    step.windows = {WindowKind::tumbling, number("tumbling_ms", 1), 0};
  }
  step.allowed_lateness_us = number("allowed_lateness_ms", 0);
  if (step.allowed_lateness_us > 0)
    argument.problem(
        "allowed_lateness_ms must be 0: a window that fires again repeats what it holds, and the judge expects every "
        "record in one result");
}

void read_aggregate(const JsonPlace& argument, StepSpec& window) {
  if (!argument.is_object()) {
    argument.word_of({"count"}, "aggregate");
    return;
  }
  if (!check_settings(argument, *step_named("aggregate"))) return;
  for (const Statistic statistic : kStatistics) {
    if (const auto of = argument.member(api::to_string(statistic))) {
      window.statistic = statistic;
      window.expression = read_expression(*of);
    }
  }
}

// {"window": {"tumbling_ms": 10000}} : a step is an object with one step word and its argument.
void read_step(const JsonPlace& place, const std::string& word, PipelineSpec& spec) {
  const StepInfo* info = step_named(word);
  CHECK(info != nullptr, "the caller has checked the word");
  const JsonPlace argument = *place.member(word);
  if (word == "aggregate") {  // window and aggregate are one operator
    StepSpec none;
    return read_aggregate(argument, spec.empty() ? none : spec.back());
  }
  StepSpec step;
  if (info->takes_expression) {
    step.expression = read_expression(argument);
  } else if (!info->settings.empty()) {
    if (!check_settings(argument, *info)) return;
  } else {
    argument.word_of(info->words, word);
  }
  if (word == "source") step.kind = StepKind::source;
  if (word == "split") step.kind = StepKind::split;
  if (word == "key_by") step.kind = StepKind::key_by;
  if (word == "sink") step.kind = StepKind::sink;
  if (word == "map") step.kind = StepKind::map, read_map(argument, step);
  if (word == "filter") step.kind = StepKind::filter, read_filter(argument, step);
  if (word == "window") step.kind = StepKind::window, read_window(argument, step);
  spec.push_back(std::move(step));
}

// What may follow what.
void check_order(const JsonPlace& place, const std::vector<std::string>& words) {
  if (words.size() < 2 || words.front() != "source") return place.problem("a pipeline begins with {\"source\": ..}");
  if (words.back() != "sink") return place.problem("a pipeline ends with {\"sink\": ..}");
  for (size_t i = 1; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    const std::string& next = words[i + 1];
    const auto at = [&](std::string_view message) {
      place.reader().problem(fmt::format("{} at {}/{}", message, place.pointer(), i));
    };
    if (word == "source" || word == "sink") return at(fmt::format("a second {}", word));
    const bool window_follows = std::find(words.begin() + static_cast<ptrdiff_t>(i), words.end(), "window") != words.end();
    if (word == "key_by" && next != "window" && (next != "map" || !window_follows)) return at("key_by without a window behind it");
    if (word == "window" && (words[i - 1] != "key_by" || next != "aggregate")) {
      return at("a window stands between key_by and aggregate");
    }
    if (word == "aggregate" && words[i - 1] != "window") return at("an aggregate stands behind a window");
  }
}

// ---- writing -------------------------------------------------------------------------------------------

OrderedJson expression_json(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::value: return "value";
    case Expression::Kind::key: return "key";
    case Expression::Kind::field: return {{"field", expression.index}};
    case Expression::Kind::json: return {{"json", expression.text}};
    case Expression::Kind::constant: return {{"constant", expression.text}};
    case Expression::Kind::concat: break;
  }
  OrderedJson parts = OrderedJson::array();
  for (const Expression& part : expression.parts) parts.push_back(expression_json(part));
  return {{"concat", std::move(parts)}};
}

OrderedJson map_json(const StepSpec& step) {
  const std::vector<Expression>& parts = step.expression.parts;
  const bool prefix = parts.size() == 2 && parts[0].kind == Expression::Kind::constant && parts[1].kind == Expression::Kind::value;
  if (prefix) return {{"prefix", parts[0].text}};
  return {{"to", expression_json(step.expression)}};
}

OrderedJson filter_json(const StepSpec& step) {
  OrderedJson out = {{"what", expression_json(step.expression)}};
  for (const ComparisonWord& each : kComparisons) {
    if (each.comparison != step.comparison) continue;
    const bool numbers = each.comparison == Comparison::at_least || each.comparison == Comparison::at_most;
    if (numbers) {
      out[each.word] = std::stoll(step.with);
    } else {
      out[each.word] = step.with;
    }
  }
  return out;
}

OrderedJson window_json(const StepSpec& step) {
  const int64_t size_ms = step.windows.size_us / 1000;
  OrderedJson out;
  switch (step.windows.kind) {
    case WindowKind::tumbling: out["tumbling_ms"] = size_ms; break;
    case WindowKind::sliding: out = {{"sliding_ms", size_ms}, {"slide_ms", step.windows.slide_us / 1000}}; break;
    case WindowKind::session: out["session_gap_ms"] = size_ms; break;
  }
  out["allowed_lateness_ms"] = step.allowed_lateness_us / 1000;
  return out;
}

}  // namespace

PipelineSpec read_pipeline(const JsonPlace& place) {
  PipelineSpec spec;
  std::vector<std::string> words, known;
  for (const StepInfo& step : pipeline_steps()) known.push_back(step.word);
  for (const JsonPlace& step : place.elements()) {
    if (!step.object_of(known, "step")) return spec;
    const auto keys = step.keys();
    if (keys.size() != 1) {
      step.problem("a step has exactly one word");
      return spec;
    }
    words.push_back(keys.front());
    read_step(step, keys.front(), spec);
  }
  if (place.reader().ok()) check_order(place, words);
  return spec;
}

OrderedJson pipeline_json(const PipelineSpec& spec) {
  OrderedJson steps = OrderedJson::array();
  for (const StepSpec& step : spec) {
    switch (step.kind) {
      case StepKind::source: steps.push_back({{"source", "log"}}); break;
      case StepKind::split: steps.push_back({{"split", "words"}}); break;
      case StepKind::map: steps.push_back({{"map", map_json(step)}}); break;
      case StepKind::filter: steps.push_back({{"filter", filter_json(step)}}); break;
      case StepKind::key_by: steps.push_back({{"key_by", expression_json(step.expression)}}); break;
      case StepKind::window:
        steps.push_back({{"window", window_json(step)}});
        if (step.statistic == Statistic::count) {
          steps.push_back({{"aggregate", "count"}});
        } else {
          steps.push_back({{"aggregate", {{api::to_string(step.statistic), expression_json(step.expression)}}}});
        }
        break;
      case StepKind::sink: steps.push_back({{"sink", "log"}}); break;
    }
  }
  return steps;
}

}  // namespace onceproof::scenarios
