// SPDX-License-Identifier: Apache-2.0
// The table of steps.
#include "scenarios/plan/pipeline_language.h"

namespace onceproof::scenarios {

namespace {
constexpr int64_t kDayMs = 86'400'000;
}  // namespace

// clang-format off
const std::vector<StepInfo>& pipeline_steps() {
  using enum ArgumentShape;
  static const std::vector<StepInfo> steps = {
      {.word = "source", .what = "reads the source topic", .words = {"log"}},
      {.word = "split", .what = "one record for each word: runs of bytes other than ASCII white space", .words = {"words"}},
      {.word = "map", .what = "changes each value",
       .settings = {{"prefix", "put in front of the value", text},
                    {"to", "what the value becomes", expression}},
       .forms = {{"prefix"}, {"to"}}},
      {.word = "filter", .what = "keeps the records of which something holds",
       .settings = {{"what", "of what; the value unless given", expression},
                    {"equals", "it is this text", text},
                    {"differs", "it is not this text", text},
                    {"contains", "this text is somewhere in it", text},
                    {"at_least", "it is a number, this or greater", number, -kMostNumber, kMostNumber},
                    {"at_most", "it is a number, this or smaller", number, -kMostNumber, kMostNumber}},
       .forms = {{"equals"}, {"differs"}, {"contains"}, {"at_least"}, {"at_most"}}},
      {.word = "key_by", .what = "partitions the stream by something of the record", .takes_expression = true},
      {.word = "window", .what = "groups each key's records by event time",
       .settings = {{"tumbling_ms", "length of windows that follow each other", number, 1, kDayMs},
                    {"sliding_ms", "length of windows that overlap", number, 1, kDayMs},
                    {"slide_ms", "from the beginning of one such window to that of the next", number, 1, kDayMs},
                    {"session_gap_ms", "a window lasts while a key's records are at most so far apart", number, 1, kDayMs},
                    {"allowed_lateness_ms", "how long a window waits for late records; the judge knows 0 alone", number, 0, kDayMs}},
       .forms = {{"tumbling_ms"}, {"sliding_ms", "slide_ms"}, {"session_gap_ms"}}},
      {.word = "aggregate", .what = "of the records of a key and a window: their count, or a number of something of them",
       .words = {"count"},
       .settings = {{"sum", "their sum", expression},
                    {"min", "the smallest", expression},
                    {"max", "the greatest", expression},
                    {"average", "their sum over their number", expression}},
       .forms = {{"sum"}, {"min"}, {"max"}, {"average"}}},
      {.word = "sink", .what = "writes to the sink topic", .words = {"log"}},
  };
  return steps;
}
// clang-format on

const std::vector<std::string>& expression_words() {
  static const std::vector<std::string> words = {"value", "key"};
  return words;
}

const std::vector<StepSetting>& expression_settings() {
  static const std::vector<StepSetting> settings = {
      {"field", "field of comma-separated text, from 0", ArgumentShape::number, 0, 1000},
      {"json", "member of a JSON object: \"a.b\"", ArgumentShape::text},
      {"constant", "this text", ArgumentShape::text},
  };
  return settings;
}

}  // namespace onceproof::scenarios
