// SPDX-License-Identifier: Apache-2.0
// The shapes of an input: backlog, disorder, edges, empty and idle partitions, hot keys, huge and empty records.
#include "scenarios/run/input.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "scenarios/plan/draw.h"
#include "scenarios/plan/language.h"

namespace onceproof::scenarios {
namespace {

constexpr int kLines = 400;

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += std::to_string(i) + "\n";
  return text;
}

InputShape plain(int32_t partitions) {
  InputShape shape;
  shape.partitions = partitions;
  shape.span_us = seconds(40);
  shape.window_us = seconds(10);
  return shape;
}

ShapedInput shaped(const InputShape& shape) { return shape_input(lines(kLines), shape).take(); }

size_t records_of(const ShapedInput& input) {
  size_t records = 0;
  for (const auto& partition : input.records.partitions) records += partition.size();
  return records;
}

GeneratedInput generated(int64_t records) {
  GeneratedInput input;
  input.records = records;
  input.distinct = 100;
  return input;
}

std::map<std::string, int> words_of(const GeneratedInput& input) {
  InputPlan plan;
  plan.spec.kind = InputKind::generated;
  plan.generated = input;
  const std::string text = load_text(plan).take();
  std::map<std::string, int> count;
  const checkers::Input records = split_input(text, 1, 1000).take();
  for (const auto& record : records.partitions[0]) ++count[record.value];
  return count;
}

TEST(InputShape, PlainRecordsAppearAtTheirTimestamps) {
  const ShapedInput input = shaped(plain(3));
  for (size_t p = 0; p < 3; ++p) {
    for (size_t i = 0; i < input.visible_us[p].size(); ++i) {
      EXPECT_EQ(input.visible_us[p][i], input.records.partitions[p][i].timestamp_us);
    }
  }
}

TEST(InputShape, ABacklogIsThereFromTheStartAndKeepsItsTimestamps) {
  InputShape shape = plain(1);
  shape.backlog_percent = 25;
  const ShapedInput input = shaped(shape);
  EXPECT_EQ(std::count(input.visible_us[0].begin(), input.visible_us[0].end(), 0), kLines / 4);
  EXPECT_EQ(input.visible_us[0][kLines / 4], seconds(10));
  EXPECT_EQ(input.records.partitions[0][kLines / 4 - 1].timestamp_us, seconds(10) - milliseconds(100));
}

TEST(InputShape, DisorderIsRealAndNeverLate) {
  InputShape shape = plain(2);
  shape.out_of_orderness_us = seconds(3);
  shape.disorder_percent = 100;
  shape.edge_percent = 30;
  shape.step_us = milliseconds(700);
  const ShapedInput input = shaped(shape);
  int descents = 0, equal = 0, edges = 0, before_edges = 0;
  for (size_t p = 0; p < 2; ++p) {
    EXPECT_TRUE(std::is_sorted(input.visible_us[p].begin(), input.visible_us[p].end()));
    TimeUs largest_us = 0, last_us = -1;
    for (const checkers::InputRecord& record : input.records.partitions[p]) {
      EXPECT_GE(record.timestamp_us, 0);
      EXPECT_GE(record.timestamp_us, largest_us - shape.out_of_orderness_us) << "a late record";
      descents += record.timestamp_us < last_us;
      equal += record.timestamp_us == last_us;
      edges += record.timestamp_us > 0 && record.timestamp_us % shape.window_us == 0;
      before_edges += (record.timestamp_us + 1) % shape.window_us == 0;
      largest_us = std::max(largest_us, last_us = record.timestamp_us);
    }
  }
  EXPECT_GT(descents, kLines / 5);
  EXPECT_GT(edges, 5);
  EXPECT_GT(before_edges, 5);
  EXPECT_EQ(records_of(input), static_cast<size_t>(kLines));
}

TEST(InputShape, AStepMakesEqualTimestamps) {
  InputShape shape = plain(1);
  shape.step_us = seconds(1);
  const ShapedInput input = shaped(shape);
  for (const checkers::InputRecord& record : input.records.partitions[0]) EXPECT_EQ(record.timestamp_us % 1'000'000, 0);
}

TEST(InputShape, EmptyAndIdlePartitionsLeaveTheirShareToTheOthers) {
  InputShape shape = plain(5);
  shape.empty_partitions = 1;
  shape.idle_partitions = 2;
  const ShapedInput input = shaped(shape);
  EXPECT_TRUE(input.records.partitions[4].empty());
  EXPECT_EQ(records_of(input), static_cast<size_t>(kLines));
  DurationUs gap_us = 0;
  for (size_t i = 1; i < input.visible_us[2].size(); ++i) {
    gap_us = std::max(gap_us, input.visible_us[2][i] - input.visible_us[2][i - 1]);
  }
  EXPECT_GT(gap_us, seconds(19)) << "idle for the middle half";
  EXPECT_LT(input.visible_us[3].back(), seconds(20)) << "ends early";
  shape.empty_partitions = 255;
  EXPECT_EQ(shaped(shape).records.partitions[0].size(), static_cast<size_t>(kLines)) << "one always gets something";
}

TEST(InputGenerator, ZipfMakesHotKeys) {
  GeneratedInput input = generated(2000);
  EXPECT_LT(words_of(input)["w0"], 60);
  input.zipf_percent = 100;
  EXPECT_GT(words_of(input)["w0"], 300);
  EXPECT_GT(words_of(input).size(), 60u);
}

TEST(InputGenerator, MakesEmptyAndHugeRecordsAndRecordsOfSeveralWords) {
  GeneratedInput input = generated(1000);
  input.empty_percent = 20;
  input.huge_one_in = 50;
  input.huge_bytes = 777;
  input.words = 3;
  auto words = words_of(input);
  EXPECT_GT(words[""], 120);
  EXPECT_GT(words[std::string(777, 'h')], 5);
  EXPECT_EQ(std::count(words.rbegin()->first.begin(), words.rbegin()->first.end(), ' '), 2);
}

TEST(InputGenerator, ASwarmMayReplaceTheTextButNeverTheFileOfAPerson) {
  const Scenario scenario = parse_scenario(R"({"name": "x", "pipeline": [{"source": "log"}, {"sink": "log"}],
      "swarm": {"configuration": {"percent": 100, "input.generated.records": 50}}})",
                                           "x.json")
                                .take();
  EXPECT_EQ(draw_plan(scenario, 1).value().input.spec.kind, InputKind::generated);
  Overrides overrides;
  overrides.input = InputSpec{InputKind::file, "README.md"};
  EXPECT_EQ(draw_plan(scenario, 1, overrides).value().input.spec.kind, InputKind::file);
}

}  // namespace
}  // namespace onceproof::scenarios
