// SPDX-License-Identifier: Apache-2.0
// Execution graph: chaining, exchanges, pipelined regions, and a clear refusal of plans that make no sense.
#include "runtime/graph/execution_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/bytes.h"

namespace onceproof::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

LogicalOperator op(OperatorKind kind) {
  LogicalOperator result;
  result.kind = kind;
  if (kind == OperatorKind::window_count) result.window_us = seconds(10);
  if (kind == OperatorKind::map_prefix) result.prefix = "processed_";
  return result;
}

LogicalPlan plan_of(std::initializer_list<OperatorKind> kinds, int32_t parallelism = 2) {
  LogicalPlan plan;
  plan.parallelism = parallelism;
  for (const OperatorKind kind : kinds) plan.operators.push_back(op(kind));
  return plan;
}

using enum OperatorKind;
LogicalPlan word_count() { return plan_of({log_source, split, key_by, window_count, log_sink}); }
LogicalPlan transform() { return plan_of({log_source, map_prefix, log_sink}); }

std::string refusal_of(const LogicalPlan& plan) {
  const auto graph = build_execution_graph(plan);
  if (graph.ok()) return "accepted";
  EXPECT_EQ(graph.code(), ErrorCode::invalid_argument);
  return graph.error().message;
}

TEST(ExecutionGraph, WordCountIsTwoVerticesWithAHashExchangeBetweenThem) {
  const ExecutionGraph graph = build_execution_graph(word_count()).take();
  ASSERT_EQ(graph.vertices.size(), 2u);
  EXPECT_EQ(graph.vertices[0].name, "log source -> split");
  EXPECT_EQ(graph.vertices[1].name, "window count -> log sink");
  EXPECT_EQ(graph.vertices[0].parallelism, 2);
  ASSERT_EQ(graph.vertices[1].operators.size(), 2u);
  EXPECT_EQ(graph.vertices[1].operators[0].kind, window_count);
  EXPECT_EQ(graph.vertices[1].operators[0].window_us, seconds(10));
  ASSERT_EQ(graph.edges.size(), 1u);
  EXPECT_EQ(graph.edges[0].from, 0);
  EXPECT_EQ(graph.edges[0].to, 1);
  EXPECT_EQ(graph.edges[0].exchange, Exchange::hash);
}

TEST(ExecutionGraph, AnAllToAllExchangeMakesOneRegionOfAllSubtasks) {
  const ExecutionGraph graph = build_execution_graph(word_count()).take();
  EXPECT_THAT(graph.subtasks(), ElementsAre(SubtaskId{0, 0}, SubtaskId{0, 1}, SubtaskId{1, 0}, SubtaskId{1, 1}));
  ASSERT_EQ(graph.regions.size(), 1u);
  EXPECT_EQ(graph.regions[0], graph.subtasks());
  EXPECT_EQ(graph.region_of({1, 1}), 0);
}

TEST(ExecutionGraph, AChainWithoutExchangeFailsSubtaskBySubtask) {
  LogicalPlan plan = transform();
  plan.parallelism = 3;
  const ExecutionGraph graph = build_execution_graph(plan).take();
  ASSERT_EQ(graph.vertices.size(), 1u);
  EXPECT_EQ(graph.vertices[0].name, "log source -> map -> log sink");
  EXPECT_TRUE(graph.edges.empty());
  EXPECT_THAT(graph.regions,
              ElementsAre(ElementsAre(SubtaskId{0, 0}), ElementsAre(SubtaskId{0, 1}), ElementsAre(SubtaskId{0, 2})));
  EXPECT_EQ(graph.region_of({0, 2}), 2);
}

TEST(ExecutionGraph, ASubtaskThatDoesNotExistIsInNoRegion) {
  const ExecutionGraph graph = build_execution_graph(word_count()).take();
  EXPECT_EQ(graph.region_of({0, 2}), -1);
  EXPECT_EQ(graph.region_of({2, 0}), -1);
}

TEST(ExecutionGraph, EveryKeyByStartsAVertex) {
  const ExecutionGraph graph =
      build_execution_graph(plan_of({log_source, key_by, map_prefix, split, key_by, window_count, log_sink}, 1)).take();
  ASSERT_EQ(graph.vertices.size(), 3u);
  EXPECT_EQ(graph.vertices[1].name, "map -> split");
  EXPECT_EQ(graph.edges.size(), 2u);
  EXPECT_EQ(graph.regions.size(), 1u);
}

TEST(ExecutionGraph, AKeyByInFrontOfTheSinkIsAPlan) {
  EXPECT_EQ(refusal_of(plan_of({log_source, key_by, log_sink})), "accepted");
}

TEST(ExecutionGraph, TheEndsOfAPlanAreASourceAndASink) {
  EXPECT_THAT(refusal_of(plan_of({})), HasSubstr("no operators"));
  EXPECT_THAT(refusal_of(plan_of({split, log_sink})), HasSubstr("operator 1 (split): a plan starts with a log source"));
  EXPECT_THAT(refusal_of(plan_of({log_source})), HasSubstr("ends with a log sink"));
  EXPECT_THAT(refusal_of(plan_of({log_source, split})), HasSubstr("operator 2 (split): a plan ends with a log sink"));
  EXPECT_THAT(refusal_of(plan_of({log_source, key_by})), HasSubstr("ends with a log sink"));
  EXPECT_THAT(refusal_of(plan_of({log_source, log_source, log_sink})), HasSubstr("operator 2 (log source)"));
  EXPECT_THAT(refusal_of(plan_of({log_source, log_sink, log_sink})), HasSubstr("operator 2 (log sink)"));
}

TEST(ExecutionGraph, AWindowNeedsAKeyAndASize) {
  EXPECT_THAT(refusal_of(plan_of({log_source, window_count, log_sink})), HasSubstr("a key by must stand"));
  EXPECT_THAT(refusal_of(plan_of({log_source, window_count, key_by, log_sink})), HasSubstr("a key by must stand"));
  LogicalPlan plan = word_count();
  plan.operators[3].window_us = 0;
  EXPECT_THAT(refusal_of(plan), HasSubstr("operator 4 (window count): the window size is 0 us"));
  plan.operators[3].window_us = 1;
  plan.operators[3].allowed_lateness_us = -1;
  EXPECT_THAT(refusal_of(plan), HasSubstr("lateness is -1 us"));
}

TEST(ExecutionGraph, TwoKeyBysInARowAreRefused) {
  EXPECT_THAT(refusal_of(plan_of({log_source, key_by, key_by, log_sink})), HasSubstr("operator 3 (key by)"));
}

TEST(ExecutionGraph, ParallelismStaysWithinTheKeyGroups) {
  EXPECT_THAT(refusal_of(plan_of({log_source, log_sink}, 0)), HasSubstr("parallelism is 0"));
  EXPECT_THAT(refusal_of(plan_of({log_source, log_sink}, 129)), HasSubstr("between 1 and max_parallelism, 128"));
  EXPECT_EQ(refusal_of(plan_of({log_source, log_sink}, 128)), "accepted");
  LogicalPlan plan = transform();
  plan.max_parallelism = 32769;
  EXPECT_THAT(refusal_of(plan), HasSubstr("max_parallelism is 32769"));
  plan.max_parallelism = 0;
  EXPECT_THAT(refusal_of(plan), HasSubstr("max_parallelism is 0"));
}

TEST(ExecutionGraph, VerticesSurviveTheCodec) {
  const ExecutionGraph graph = build_execution_graph(word_count()).take();
  Vertex copy;
  ASSERT_TRUE(decode(encode(graph.vertices[1]), copy));
  EXPECT_EQ(copy.name, graph.vertices[1].name);
  EXPECT_EQ(copy.operators[0].window_us, seconds(10));
}

}  // namespace
}  // namespace onceproof::graph
