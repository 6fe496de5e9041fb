// SPDX-License-Identifier: Apache-2.0
// What scenario files can say of a record that is text.
#include "runtime/api/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace onceproof::api {
namespace {

using ::testing::ElementsAre;

std::string value_of(const Expression& expression, ByteView value, ByteView key = "") {
  Bytes scratch;
  return std::string(evaluate(expression, {key, value, 0}, scratch));
}
Expression field(int64_t index) { return {Expression::Kind::field, index}; }
Expression json(const char* path) { return {Expression::Kind::json, 0, path}; }

TEST(TextFunctions, AFieldIsWhatStandsBetweenTwoCommas) {
  EXPECT_EQ(value_of(field(0), "a,,c"), "a");
  EXPECT_EQ(value_of(field(1), "a,,c"), "");
  EXPECT_EQ(value_of(field(2), "a,,c"), "c");
  EXPECT_EQ(value_of(field(3), "a,,c"), "");
  EXPECT_EQ(value_of(field(0), ""), "");
}

TEST(TextFunctions, AMemberOfAnObjectIsItsTextOrItsJson) {
  EXPECT_EQ(value_of(json("a.b"), R"({"a": {"b": "x"}})"), "x");
  EXPECT_EQ(value_of(json("a"), R"({"a": 12.5})"), "12.5");
  EXPECT_EQ(value_of(json("a.b"), R"({"a": 1})"), "");
  EXPECT_EQ(value_of(json("a"), "no json"), "");
  EXPECT_EQ(value_of(json("a"), R"({"a": null})"), "");
}

TEST(TextFunctions, ConcatPutsItsPartsBehindEachOther) {
  EXPECT_EQ(value_of({Expression::Kind::concat, 0, "", {{Expression::Kind::key}, {Expression::Kind::constant, 0, ":"}, field(1)}}, "a,b", "k"),
            "k:b");
}

std::string result_of(Statistic statistic, std::initializer_list<const char*> values) {
  const auto aggregated = aggregate(statistic, {});
  Bytes all, half, result;  // in two halves, merged
  aggregated->create(all);
  aggregated->create(half);
  size_t i = 0;
  for (const char* value : values) aggregated->add(++i * 2 > values.size() ? half : all, {"", value, 0});
  aggregated->merge(all, half);
  aggregated->result(all, result);
  return result;
}

TEST(TextFunctions, AggregatesAreExactAndMerge) {
  EXPECT_EQ(result_of(Statistic::count, {"x", "y", "z"}), "3");
  EXPECT_EQ(result_of(Statistic::sum, {"1", "-2.5", " 4.25"}), "2.75");
  EXPECT_EQ(result_of(Statistic::sum, {"0.1", "0.2"}), "0.3");
  EXPECT_EQ(result_of(Statistic::min, {"3", "-7", "2"}), "-7");
  EXPECT_EQ(result_of(Statistic::max, {"-3", "-7"}), "-3");
  EXPECT_EQ(result_of(Statistic::average, {"1", "2"}), "1.5");
  EXPECT_EQ(result_of(Statistic::sum, {"word", ""}), "0");
  EXPECT_EQ(result_of(Statistic::sum, {"99999999999999999999", "1"}), result_of(Statistic::max, {"99999999999999999999"}));
}

class Kept : public Collector {
 public:
  std::vector<std::string> values;
  void collect(ByteView, ByteView value) override { values.emplace_back(value); }
  void collect_side(uint32_t, ByteView, ByteView) override {}
};

TEST(TextFunctions, AFilterKeepsWhatHolds) {
  const auto kept = [](Comparison comparison, const char* with) {
    Kept out;
    for (const char* value : {"9", "10", "word"}) filter({}, comparison, with)->apply({"", value, 0}, out);
    return out.values;
  };
  EXPECT_THAT(kept(Comparison::equals, "10"), ElementsAre("10"));
  EXPECT_THAT(kept(Comparison::differs, "10"), ElementsAre("9", "word"));
  EXPECT_THAT(kept(Comparison::contains, "or"), ElementsAre("word"));
  EXPECT_THAT(kept(Comparison::at_least, "10"), ElementsAre("10")) << "numbers, not text";
  EXPECT_THAT(kept(Comparison::at_most, "9"), ElementsAre("9", "word"));
}

}  // namespace
}  // namespace onceproof::api
