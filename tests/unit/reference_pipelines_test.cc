// SPDX-License-Identifier: Apache-2.0
// Reference over pipelines of many shapes: windows of every kind, filters, several splits, windows behind windows, unions,
// side outputs, several sources and sinks. What is expected is written out by hand.
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/support/history_builder.h"
#include "tests/support/pipelines.h"

namespace onceproof::tests {
namespace {

using api::Statistic;
using checkers::ExpectedResult;
using checkers::Reference;

// "key=value [start, end) <- p.o.w p.o.w", with the sink's number in front where there are several.
std::vector<std::string> told(const Reference& reference) {
  std::vector<std::string> lineages(reference.results().size());
  for (uint32_t i = 0; i < reference.contributions(); ++i) {
    const Position position = reference.position(i);
    lineages[reference.result_of(i)] += " " + std::to_string(partition_of(position)) + "." +
                                        std::to_string(offset_of(position)) + "." + std::to_string(ordinal_of(position));
  }
  std::vector<std::string> all;
  for (size_t r = 0; r < lineages.size(); ++r) {
    const ExpectedResult& result = reference.results()[r];
    std::string text = reference.sink_count() > 1 ? std::to_string(result.sink) + ": " : "";
    text += result.key + "=" + result.value;
    if (result.windowed()) {
      text += " [" + std::to_string(result.window_start_us / 1'000'000) + ", " +
              std::to_string(result.window_end_us / 1'000'000) + ")";
      EXPECT_EQ(result.timestamp_us, result.window_end_us - 1);
    }
    all.push_back(text + " <-" + lineages[r]);
  }
  return all;
}

using Told = std::vector<std::string>;

TEST(ReferencePipelines, ARecordIsInEachOfItsSlidingWindows) {
  const Reference reference(input_of({{{1, "a,5"}, {6, "a,7"}, {12, "b,1"}}}),
                            of_windows(sliding(10, 5), api::aggregate(Statistic::sum, field(1))));
  EXPECT_EQ(told(reference), (Told{"a=5 [-5, 5) <- 0.0.0", "a=12 [0, 10) <- 0.0.0 0.1.0", "a=7 [5, 15) <- 0.1.0",
                                   "b=1 [5, 15) <- 0.2.0", "b=1 [10, 20) <- 0.2.0"}));
  EXPECT_EQ(reference.contributions(), 6u);
  const Reference::Range both = reference.contributions_of(at(0, 1));
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(reference.result_of(both.begin), 1u);
  EXPECT_EQ(reference.result_of(both.begin + 1), 2u);
  EXPECT_EQ(reference.index_of(at(0, 1), 2), both.begin + 1);
  EXPECT_EQ(reference.index_of(at(0, 1), 0), Reference::kNone);
  EXPECT_TRUE(reference.contributions_of(at(0, 3)).empty());

  const Reference edge(input_of({{{10, "a,1"}}}), of_windows(sliding(10, 5), counting()));
  EXPECT_EQ(told(edge), (Told{"a=1 [5, 15) <- 0.0.0", "a=1 [10, 20) <- 0.0.0"})) << "a window ends before its end";
}

TEST(ReferencePipelines, SessionsEndBehindTheirLastRecordAndTouchingOnesAreOne) {
  const Reference reference(input_of({{{1, "a,1"}, {9, "a,1"}, {30, "b,1"}}, {{5, "a,1"}, {14, "a,1"}, {15, "b,1"}}}),
                            of_windows(session(4), counting()));
  EXPECT_EQ(told(reference), (Told{"a=3 [1, 13) <- 0.0.0 0.1.0 1.0.0", "a=1 [14, 18) <- 1.1.0", "b=1 [15, 19) <- 1.2.0",
                                   "b=1 [30, 34) <- 0.2.0"}));
}

TEST(ReferencePipelines, EveryStatisticIsTheAuthorsOwn) {
  const auto input = input_of({{{1, "a,5"}, {2, "a,-2.5"}, {3, "a,8"}}});
  const auto value = [&](Statistic statistic) {
    return Reference(input, of_windows(tumbling(10), api::aggregate(statistic, field(1)))).results()[0].value;
  };
  EXPECT_EQ(value(Statistic::sum), "10.5");
  EXPECT_EQ(value(Statistic::min), "-2.5");
  EXPECT_EQ(value(Statistic::max), "8");
  EXPECT_EQ(value(Statistic::average), "3.5");
  EXPECT_EQ(value(Statistic::count), "3");
}

TEST(ReferencePipelines, WhatAFilterDropsIsExpectedByNobody) {
  PipelineBuilder builder;
  const int32_t split = builder.split(api::split_words(), {builder.source()});
  builder.sink({builder.map(api::filter(value_of(), api::Comparison::differs, "the"), {split})});
  const Reference reference(input_of({{{1, "the cat the hat"}, {2, "the"}}}), builder.build());
  EXPECT_EQ(told(reference), (Told{"=cat <- 0.0.1", "=hat <- 0.0.3"}));
  EXPECT_EQ(reference.index_of(at(0, 0, 0)), Reference::kNone);
  EXPECT_EQ(reference.word(reference.index_of(at(0, 0, 3))), "hat");
  EXPECT_EQ(reference.index_of(at(0, 1, 0)), Reference::kNone);
}

// Cuts a text into its letters.
class Letters : public api::FlatMap {
 public:
  void apply(const api::Element& element, api::Collector& out) const override {
    for (size_t i = 0; i < element.value.size(); ++i) out.collect({}, element.value.substr(i, 1));
  }
};

TEST(ReferencePipelines, SplitsBehindSplitsHaveOrdinalsOfTheirOwn) {
  PipelineBuilder builder;
  const int32_t words = builder.split(api::split_words(), {builder.source()});
  builder.sink({builder.split(std::make_shared<Letters>(), {words})});
  const Reference reference(input_of({{{1, "ab c"}, {2, "d"}}}), builder.build());
  ASSERT_EQ(reference.contributions(), 4u);
  const Position second = Position{1} << 13;
  const std::vector<Position> expected = {at(0, 0), at(0, 0) | 1, at(0, 0) | second, at(0, 1)};
  const std::vector<std::string> letters = {"a", "b", "c", "d"};
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(reference.position(i), expected[i]) << i;
    EXPECT_EQ(reference.word(i), letters[i]);
    EXPECT_EQ(reference.index_of(expected[i]), i);
  }
}

TEST(ReferencePipelines, AWindowBehindAWindowCountsARecordAsOftenAsTheFirstOneDid) {
  PipelineBuilder builder;
  const int32_t first = builder.window(sliding(10, 5), counting(), field(0), {builder.source()});
  builder.sink({builder.window(tumbling(20), api::aggregate(Statistic::sum, value_of()), key_of(), {first})});
  const Reference reference(input_of({{{1, "a"}, {6, "a"}}}), builder.build());
  // [-5, 5)=1 at 4.99, [0, 10)=2 at 9.99, [5, 15)=1 at 14.99: all in [0, 20).
  EXPECT_EQ(told(reference), (Told{"a=4 [0, 20) <- 0.0.0 0.0.0 0.1.0 0.1.0"}));
  const Reference::Range twice = reference.contributions_of(at(0, 0));
  EXPECT_EQ(twice.size(), 2u);
  std::vector<uint32_t> members;
  reference.for_each({at(0, 0), at(0, 0), at(0, 0), at(0, 1)}, 0, [&](uint32_t index, Position) { members.push_back(index); });
  EXPECT_EQ(members, (std::vector<uint32_t>{0, 1, 1, 2})) << "what comes more often than it should is the last one again";
}

TEST(ReferencePipelines, AUnionHasTheRecordsOfAllItsInputsAndASourceOnlyItsOwn) {
  PipelineBuilder builder;
  const int32_t left = builder.source();
  const int32_t right = builder.source();
  builder.sink({builder.window(tumbling(10), counting(), field(0), {left, right})});
  builder.sink({builder.map(api::map_value(field(1)), {right})});
  const Reference reference(input_of({{{1, "a,1"}}, {{2, "b,2"}}, {{3, "a,3"}}}), builder.build(),
                            {{left, 0, 1}, {right, 1, 2}});
  EXPECT_EQ(told(reference), (Told{"0: a=2 [0, 10) <- 0.0.0 2.0.0", "0: b=1 [0, 10) <- 1.0.0", "1: =2 <- 1.0.0",
                                   "1: =3 <- 2.0.0"}));
  EXPECT_EQ(reference.contributions_of(at(2, 0)).size(), 2u);
  EXPECT_NE(reference.results()[1].key_id, reference.results()[2].key_id);
}

// Even numbers of bytes to the results, odd ones to the side.
class Parity : public api::FlatMap {
 public:
  void apply(const api::Element& element, api::Collector& out) const override {
    if (element.value.size() % 2 == 0) return out.collect(element.key, element.value);
    out.collect_side(1, element.key, element.value);
  }
};

TEST(ReferencePipelines, SideOutputsGoTheirOwnWay) {
  PipelineBuilder builder;
  const int32_t parity = builder.map(std::make_shared<Parity>(), {builder.source()});
  builder.sink({parity});
  builder.sink({parity});
  builder.side(1);
  const Reference reference(input_of({{{1, "a"}, {2, "bb"}, {3, "ccc"}}}), builder.build());
  EXPECT_EQ(told(reference), (Told{"0: =bb <- 0.1.0", "1: =a <- 0.0.0", "1: =ccc <- 0.2.0"}));
}

TEST(ReferencePipelines, ResultsOfOneWayAreOneLaneAndOthersAreNot) {
  PipelineBuilder builder;
  const int32_t source = builder.source();
  const int32_t map = builder.map(api::map_value(value_of()), {source});
  builder.sink({source, map});
  const Reference two(input_of({{{1, "a"}, {2, "b"}}}), builder.build());
  ASSERT_EQ(two.results().size(), 4u);
  EXPECT_EQ(two.lane_count(), 2u) << "straight, or through the map";
  EXPECT_EQ(two.results()[0].lane, two.results()[2].lane);
  EXPECT_NE(two.results()[0].lane, two.results()[1].lane);

  PipelineBuilder spread;
  const int32_t sink = spread.sink({spread.source()});
  spread.node(sink).inputs.front().exchange = graph::Exchange::rebalance;
  EXPECT_EQ(Reference(input_of({{{1, "a"}}}), spread.build()).results()[0].lane, Reference::kNone);
}

class Thrower : public api::FlatMap {
 public:
  void apply(const api::Element& element, api::Collector& out) const override {
    if (element.value == "poison") throw std::runtime_error("no such fruit");
    out.collect({}, element.value);
    if (element.value == "two") out.collect({}, element.value);
  }
};

TEST(ReferencePipelines, AFunctionThatCannotBeFollowedLeavesNothingToJudgeBy) {
  PipelineBuilder builder;
  builder.sink({builder.map(std::make_shared<Thrower>(), {builder.source()})});
  EXPECT_EQ(Reference(input_of({{{1, "one"}}}), builder.build()).problem(), "");
  const Reference thrown(input_of({{{1, "poison"}}}), builder.build());
  EXPECT_NE(thrown.problem().find("no such fruit"), std::string::npos) << thrown.problem();
  EXPECT_NE(Reference(input_of({{{1, "two"}}}), builder.build()).problem().find("it is no flat map"), std::string::npos);
  const checkers::Verdict verdict = checkers::judge(HistoryBuilder().build(), thrown);
  EXPECT_EQ(verdict.outcome, checkers::Outcome::inconclusive);
  EXPECT_NE(verdict.why.find("no such fruit"), std::string::npos);
}

}  // namespace
}  // namespace onceproof::tests
