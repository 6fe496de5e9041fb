// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/language_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/env/mail.h"
#include "scenarios/plan/nearest_word.h"

namespace onceproof::scenarios {

namespace {

using graph::LogicalOperator;
using graph::OperatorKind;

constexpr int64_t kDayMs = 86'400'000;

const StepInfo* step_named(const std::string& word) {
  for (const StepInfo& step : pipeline_steps()) {
    if (word == step.word) return &step;
  }
  return nullptr;
}

// The argument of a step, checked against the table; the settings that are numbers, by name.
std::map<std::string, int64_t> read_argument(const JsonPlace& argument, const StepInfo& step) {
  std::map<std::string, int64_t> numbers;
  if (step.settings.empty()) {
    argument.word_of(step.words, step.word);
    return numbers;
  }
  std::vector<std::string> names;
  for (const StepSetting& setting : step.settings) names.push_back(setting.name);
  if (!argument.object_of(names, "setting")) return numbers;
  for (const StepSetting& setting : step.settings) {
    const auto value = setting.required ? argument.required(setting.name) : argument.member(setting.name);
    if (!value) continue;
    if (setting.words.empty())
      numbers[setting.name] = value->integer(setting.low, setting.high);
    else
      value->word_of(setting.words, setting.name);
  }
  return numbers;
}

// {"window": {"tumbling_ms": 10000}} : a step is an object with one step word and its argument.
void read_step(const JsonPlace& step, const std::string& word, std::vector<LogicalOperator>& operators) {
  const StepInfo* info = step_named(word);
  CHECK(info != nullptr, "the caller has checked the word");
  std::map<std::string, int64_t> numbers = read_argument(*step.member(word), *info);
  LogicalOperator op;
  if (word == "aggregate") return;  // window and aggregate are one operator
  if (word == "source") {
    op.kind = OperatorKind::log_source;
  } else if (word == "split") {
    op.kind = OperatorKind::split;
  } else if (word == "map") {
    op.kind = OperatorKind::map_prefix;
    op.prefix = kMapPrefix;
  } else if (word == "key_by") {
    op.kind = OperatorKind::key_by;
  } else if (word == "window") {
    op.kind = OperatorKind::window_count;
    op.window_us = milliseconds(numbers["tumbling_ms"]);
    op.allowed_lateness_us = milliseconds(numbers["allowed_lateness_ms"]);
    if (op.allowed_lateness_us > 0)
      step.problem(
          "allowed_lateness_ms must be 0: a window that fires again repeats what it holds, and the judge expects every "
          "record in one result");
  } else {
    op.kind = OperatorKind::log_sink;
  }
  operators.push_back(op);
}

// What may follow what: source, then at most one split, then maps, then at most one key_by window aggregate, then the
// sink; where there is a window, maps before it may stand behind exchanges of their own. A split gives each word its
// ordinal, so nothing stands before it.
void check_order(const JsonPlace& place, const std::vector<std::string>& words) {
  if (words.size() < 2 || words.front() != "source") return place.problem("a pipeline begins with {\"source\": ..}");
  if (words.back() != "sink") return place.problem("a pipeline ends with {\"sink\": ..}");
  bool windowed = false;
  for (size_t i = 1; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    const std::string& next = words[i + 1];
    const auto at = [&](std::string_view message) {
      place.reader().problem(fmt::format("{} at {}/{}", message, place.pointer(), i));
    };
    if (word == "source" || word == "sink") return at(fmt::format("a second {}", word));
    if (windowed && word != "aggregate") return at(fmt::format("{} after a window", word));
    if (word == "split" && words[i - 1] != "source") return at("a split stands right behind the source");
    const bool counts = std::find(words.begin(), words.end(), "window") != words.end();
    if (word == "key_by" && next != "window" && (next != "map" || !counts)) return at("key_by without a window behind it");
    if (word == "window" && (words[i - 1] != "key_by" || next != "aggregate")) {
      return at("a window stands between key_by and aggregate");
    }
    if (word == "aggregate" && words[i - 1] != "window") return at("an aggregate stands behind a window");
    windowed |= word == "window";
  }
}

}  // namespace

// clang-format off
const std::vector<StepInfo>& pipeline_steps() {
  static const std::vector<StepInfo> steps = {
      {.word = "source", .what = "reads the source topic", .words = {"log"}},
      {.word = "split", .what = "one record for each word: runs of bytes other than ASCII white space", .words = {"words"}},
      {.word = "map", .what = "changes each value",
       .settings = {{.name = "prefix", .what = "put in front of the value", .words = {kMapPrefix}, .required = true}}},
      {.word = "key_by", .what = "partitions the stream by the record's value", .words = {"value"}},
      {.word = "window", .what = "groups each key's records by event time",
       .settings = {{.name = "tumbling_ms", .what = "length of the tumbling windows", .low = 1, .high = kDayMs, .required = true},
                    {.name = "allowed_lateness_ms", .what = "how long a window waits for late records; the judge knows 0 alone", .high = kDayMs}}},
      {.word = "aggregate", .what = "counts the records of a key and a window", .words = {"count"}},
      {.word = "sink", .what = "writes to the sink topic", .words = {"log"}},
  };
  return steps;
}

const std::vector<PartInfo>& stack_parts() {
  static const std::vector<PartInfo> parts = {
      {"offsets", "when source offsets are committed", offset_words()},
      {"checkpoints", "whether checkpoints are taken"},
      {"barriers", "how tasks treat barriers of several channels", barrier_words()},
      {"sink", "how the sink writes", sink_words()},
  };
  return parts;
}
// clang-format on

std::vector<LogicalOperator> read_pipeline(const JsonPlace& place) {
  std::vector<LogicalOperator> operators;
  std::vector<std::string> words, known;
  for (const StepInfo& step : pipeline_steps()) known.push_back(step.word);
  for (const JsonPlace& step : place.elements()) {
    if (!step.object_of(known, "step")) return operators;
    const auto keys = step.keys();
    if (keys.size() != 1) {
      step.problem("a step has exactly one word");
      return operators;
    }
    words.push_back(keys.front());
    read_step(step, keys.front(), operators);
  }
  if (place.reader().ok()) check_order(place, words);
  return operators;
}

Stack read_parts(const JsonPlace& place, std::vector<std::string> more_keys) {
  Stack stack;
  for (const PartInfo& part : stack_parts()) more_keys.push_back(part.name);
  if (!place.object_of(more_keys, "part")) return stack;
  if (const auto offsets = place.member("offsets")) {
    stack.offsets = *offsets_named(offsets->word_of(offset_words(), "offset commit"));
  }
  if (const auto checkpoints = place.member("checkpoints")) stack.checkpoints = checkpoints->boolean();
  if (const auto barriers = place.member("barriers")) {
    stack.barriers = *barriers_named(barriers->word_of(barrier_words(), "barrier mode"));
  }
  if (const auto sink = place.member("sink")) stack.sink = *sink_named(sink->word_of(sink_words(), "sink mode"));
  return stack;
}

bool valid_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::vector<std::string> point_words() {
  std::vector<std::string> words;
  for (int i = 0; i < env::kPointCount; ++i) words.push_back(env::info(static_cast<env::Point>(i)).name);
  return words;
}

std::vector<std::string> drawn_point_words() {
  std::vector<std::string> words = {"any point"};
  for (const std::string& point : point_words()) {
    const std::string word = "any " + point.substr(0, point.find('.')) + " point";
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

std::vector<env::Point> points_named(const std::string& word) {
  std::vector<env::Point> points;
  for (int i = 0; i < env::kPointCount; ++i) {
    const std::string name = env::info(static_cast<env::Point>(i)).name;
    const std::string family = "any " + name.substr(0, name.find('.')) + " point";
    if (word == name || word == family || word == "any point") points.push_back(static_cast<env::Point>(i));
  }
  return points;
}

bool hit_before(env::Point point) { return std::string_view(env::info(point).what).find("(before") != std::string_view::npos; }

std::vector<std::string> mail_words() {
  std::vector<std::string> words;
  for (int i = 1; i < env::kMailKindCount; ++i) words.push_back(env::to_string(static_cast<env::MailKind>(i)));
  return words;
}

std::pair<std::string, int> split_process_name(const std::string& name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string::npos || dash + 1 == name.size() || name.size() - dash > 5) return {name, -1};
  int number = 0;
  for (size_t i = dash + 1; i < name.size(); ++i) {
    if (name[i] < '0' || name[i] > '9') return {name, -1};
    number = number * 10 + (name[i] - '0');
  }
  return {name.substr(0, dash), number};
}

}  // namespace onceproof::scenarios
