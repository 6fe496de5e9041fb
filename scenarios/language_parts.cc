// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language_parts.h"

#include <fmt/format.h>

#include "runtime/base/check.h"
#include "runtime/env/mail.h"
#include "scenarios/nearest_word.h"

namespace onceproof::scenarios {

namespace {

using graph::LogicalOperator;
using graph::OperatorKind;

const std::vector<std::string> kSteps = {"source", "split", "map", "key_by", "window", "aggregate", "sink"};
constexpr const char* kPrefix = "processed_";  // the only map whose reference the checkers know

// {"window": {"tumbling_ms": 10000}} : a step is an object with one step word and its argument.
void read_step(const JsonPlace& step, const std::string& word, std::vector<LogicalOperator>& operators) {
  const JsonPlace argument = *step.member(word);
  LogicalOperator op;
  if (word == "source") {
    argument.word_of({"log"}, "source");
    op.kind = OperatorKind::log_source;
  } else if (word == "split") {
    argument.word_of({"words"}, "split");
    op.kind = OperatorKind::split;
  } else if (word == "map") {
    op.kind = OperatorKind::map_prefix;
    op.prefix = kPrefix;
    if (argument.object_of({"prefix"}, "setting")) {
      if (const auto prefix = argument.required("prefix")) op.prefix = prefix->word_of({kPrefix}, "prefix");
    }
  } else if (word == "key_by") {
    argument.word_of({"value"}, "key");
    op.kind = OperatorKind::key_by;
  } else if (word == "window") {
    op.kind = OperatorKind::window_count;
    if (argument.object_of({"tumbling_ms", "allowed_lateness_ms"}, "setting")) {
      if (const auto size = argument.required("tumbling_ms")) op.window_us = size->integer(1, 86'400'000) * 1000;
      if (const auto late = argument.member("allowed_lateness_ms")) {
        op.allowed_lateness_us = late->integer(0, 86'400'000) * 1000;
      }
    }
  } else if (word == "aggregate") {
    argument.word_of({"count"}, "aggregate");
    return;  // window and aggregate are one operator
  } else {
    argument.word_of({"log"}, "sink");
    op.kind = OperatorKind::log_sink;
  }
  operators.push_back(op);
}

// What may follow what: source, then splits and maps, then at most one key_by window aggregate, then the sink.
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
    if (windowed && word != "window" && word != "aggregate") return at(fmt::format("{} after a window", word));
    if (word == "key_by" && next != "window") return at("key_by without a window behind it");
    if (word == "window" && (words[i - 1] != "key_by" || next != "aggregate")) {
      return at("a window stands between key_by and aggregate");
    }
    if (word == "aggregate" && words[i - 1] != "window") return at("an aggregate stands behind a window");
    windowed |= word == "key_by";
  }
}

}  // namespace

std::vector<LogicalOperator> read_pipeline(const JsonPlace& place) {
  std::vector<LogicalOperator> operators;
  std::vector<std::string> words;
  for (const JsonPlace& step : place.elements()) {
    if (!step.object_of(kSteps, "step")) return operators;
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

Stack read_parts(const JsonPlace& place) {
  Stack stack;
  if (!place.object_of({"offsets", "checkpoints", "barriers", "sink"}, "part")) return stack;
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

std::vector<std::string> point_words() {
  std::vector<std::string> words;
  for (int i = 0; i < env::kPointCount; ++i) words.push_back(env::info(static_cast<env::Point>(i)).name);
  return words;
}

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
