// SPDX-License-Identifier: Apache-2.0
// Execution graph: chaining, exchanges, pipelined regions, and a clear refusal of plans that make no sense.
#include "runtime/graph/execution_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scripted_program.h"

namespace onceproof::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

LogicalGraph word_count() {
  return tests::graph_of({tests::source_node("source"), tests::map_node("split", {{0}}),
                          tests::map_node("window", {{1, Exchange::hash}}), tests::sink_node("sink", {{2}})});
}
LogicalGraph transform() {
  return tests::graph_of({tests::source_node("source"), tests::map_node("map", {{0}}), tests::sink_node("sink", {{1}})});
}
Result<ExecutionGraph> build(LogicalGraph graph) { return build_execution_graph(std::move(graph)); }

std::string refusal_of(const Result<ExecutionGraph>& graph) {
  if (graph.ok()) return "accepted";
  EXPECT_EQ(graph.code(), ErrorCode::invalid_argument);
  return graph.error().message;
}
std::string refusal_of(const LogicalGraph& graph) { return refusal_of(build(graph)); }
std::string refusal_of(std::vector<LogicalNode> nodes) {
  return refusal_of(build_execution_graph(tests::graph_of(std::move(nodes))));
}
using tests::graph_of;
using tests::map_node;
using tests::sink_node;
using tests::source_node;

TEST(ExecutionGraph, WordCountIsTwoVerticesWithAHashExchangeBetweenThem) {
  const ExecutionGraph graph = build(word_count()).take();
  ASSERT_EQ(graph.vertices.size(), 2u);
  EXPECT_EQ(graph.vertices[0].name, "source -> split");
  EXPECT_EQ(graph.vertices[1].name, "window -> sink");
  EXPECT_EQ(graph.vertices[0].parallelism, 2);
  EXPECT_THAT(graph.vertices[1].nodes, ElementsAre(2, 3));
  EXPECT_EQ(graph.logical.nodes[2].name, "window");
  ASSERT_EQ(graph.edges.size(), 1u);
  EXPECT_EQ(graph.edges[0].from, 0);
  EXPECT_EQ(graph.edges[0].to, 1);
  EXPECT_EQ(graph.edges[0].input.exchange, Exchange::hash);
}

TEST(ExecutionGraph, AnAllToAllExchangeMakesOneRegionOfAllSubtasks) {
  const ExecutionGraph graph = build(word_count()).take();
  EXPECT_THAT(graph.subtasks(), ElementsAre(SubtaskId{0, 0}, SubtaskId{0, 1}, SubtaskId{1, 0}, SubtaskId{1, 1}));
  ASSERT_EQ(graph.regions.size(), 1u);
  EXPECT_EQ(graph.regions[0], graph.subtasks());
  EXPECT_EQ(graph.region_of({1, 1}), 0);
}

TEST(ExecutionGraph, AChainWithoutExchangeFailsSubtaskBySubtask) {
  LogicalGraph plan = transform();
  plan.parallelism = 3;
  const ExecutionGraph graph = build(plan).take();
  ASSERT_EQ(graph.vertices.size(), 1u);
  EXPECT_EQ(graph.vertices[0].name, "source -> map -> sink");
  EXPECT_TRUE(graph.edges.empty());
  EXPECT_THAT(graph.regions,
              ElementsAre(ElementsAre(SubtaskId{0, 0}), ElementsAre(SubtaskId{0, 1}), ElementsAre(SubtaskId{0, 2})));
  EXPECT_EQ(graph.region_of({0, 2}), 2);
}

TEST(ExecutionGraph, ASubtaskThatDoesNotExistIsInNoRegion) {
  const ExecutionGraph graph = build(word_count()).take();
  EXPECT_EQ(graph.region_of({0, 2}), -1);
  EXPECT_EQ(graph.region_of({2, 0}), -1);
}

TEST(ExecutionGraph, ParallelismStaysWithinTheKeyGroups) {
  const auto with = [](int32_t parallelism, int32_t max_parallelism) {
    LogicalGraph graph = transform();
    graph.parallelism = parallelism;
    graph.max_parallelism = max_parallelism;
    return refusal_of(graph);
  };
  EXPECT_THAT(with(0, 128), HasSubstr("parallelism is 0"));
  EXPECT_THAT(with(129, 128), HasSubstr("between 1 and max_parallelism, 128"));
  EXPECT_EQ(with(128, 128), "accepted");
  EXPECT_THAT(with(1, 32769), HasSubstr("max_parallelism is 32769"));
  EXPECT_THAT(with(1, 0), HasSubstr("max_parallelism is 0"));
  LogicalGraph graph = transform();
  graph.nodes[1].parallelism = 129;
  EXPECT_THAT(refusal_of(graph), HasSubstr("operator 2 (map): its parallelism is 129; it must be between 1 and max_parallelism, 128"));
}

// ---- graphs that are no chain --------------------------------------------------------------------------

TEST(ExecutionGraph, OneStreamCanHaveSeveralReadersInOneTask) {
  const ExecutionGraph graph =
      build_execution_graph(graph_of({source_node("source"), map_node("map", {{0}}), sink_node("all", {{1}}),
                                      map_node("filter", {{1}}), sink_node("some", {{3}})}))
          .take();
  ASSERT_EQ(graph.vertices.size(), 1u);
  EXPECT_EQ(graph.vertices[0].name, "source -> map -> (all, filter -> some)");
  EXPECT_THAT(graph.vertices[0].nodes, ElementsAre(0, 1, 2, 3, 4));
}

TEST(ExecutionGraph, AUnionIsNotChainedAndItsStreamsAreEdgesOfTheirOwn) {
  const ExecutionGraph graph =
      build_execution_graph(graph_of({source_node("a"), source_node("b"), sink_node("sink", {{0}, {1, Exchange::rebalance}})}))
          .take();
  ASSERT_EQ(graph.vertices.size(), 3u);
  ASSERT_EQ(graph.edges.size(), 2u);
  EXPECT_EQ(graph.subpartitions(graph.edges[0]), 1u);  // forward: each producer has one consumer
  EXPECT_THAT(graph.producers(graph.edges[0], 1), ElementsAre(1));
  EXPECT_EQ(graph.subpartitions(graph.edges[1]), 2u);
  EXPECT_THAT(graph.producers(graph.edges[1], 1), ElementsAre(0, 1));
  EXPECT_EQ(graph.regions.size(), 1u);
}

TEST(ExecutionGraph, PartsThatShareNoStreamAreRegionsOfTheirOwn) {
  const ExecutionGraph graph = build_execution_graph(graph_of({source_node("a"), sink_node("x", {{0, Exchange::hash}}),
                                                               source_node("b"), sink_node("y", {{2, Exchange::hash}}),
                                                               source_node("c"), sink_node("z", {{4}})}))
                                   .take();
  EXPECT_EQ(graph.regions.size(), 4u);  // two of all to all, and each subtask of the chain
}

TEST(ExecutionGraph, AForwardExchangeBetweenTasksTiesSubtaskToSubtask) {
  LogicalNode alone = map_node("map", {{0}});
  alone.starts_chain = true;
  const ExecutionGraph graph = build_execution_graph(graph_of({source_node("source"), alone, sink_node("sink", {{1}})})).take();
  EXPECT_THAT(graph.regions, ElementsAre(ElementsAre(SubtaskId{0, 0}, SubtaskId{1, 0}), ElementsAre(SubtaskId{0, 1}, SubtaskId{1, 1})));
}

TEST(ExecutionGraph, EachOperatorHasAParallelismOfItsOwn) {
  LogicalNode wide = map_node("map", {{0, Exchange::rebalance}});
  wide.parallelism = 5;
  LogicalNode sink = sink_node("sink", {{1, Exchange::hash}});
  sink.parallelism = 3;
  const ExecutionGraph graph = build_execution_graph(graph_of({source_node("source"), wide, sink})).take();
  EXPECT_EQ(graph.parallelism_of(0), 2);
  EXPECT_EQ(graph.parallelism_of(1), 5);
  EXPECT_EQ(graph.subpartitions(graph.edges[1]), 3u);
  EXPECT_EQ(graph.slots(), 5);
  sink.inputs = {{1}};
  EXPECT_THAT(refusal_of({source_node("source"), wide, sink}),
              HasSubstr("operator 3 (sink): a forward exchange joins equal parallelisms, and operator 2 (map) has 5"));
}

TEST(ExecutionGraph, NodesMayComeInAnyOrderAndVerticesComeInTheirStreams) {
  const ExecutionGraph graph =
      build_execution_graph(graph_of({sink_node("sink", {{2, Exchange::hash}}), source_node("source"), map_node("map", {{1}})}))
          .take();
  ASSERT_EQ(graph.vertices.size(), 2u);
  EXPECT_EQ(graph.vertices[0].name, "source -> map");
  EXPECT_EQ(graph.vertices[1].name, "sink");
}

TEST(ExecutionGraph, StreamsDoNotGoInACircle) {
  EXPECT_THAT(refusal_of({source_node("source"), map_node("a", {{0}, {2}}), map_node("b", {{1}}), sink_node("sink", {{2}})}),
              HasSubstr("these do: operator 2 (a), operator 3 (b)"));
  EXPECT_THAT(refusal_of({source_node("source"), map_node("a", {{0}, {1}}), sink_node("sink", {{1}})}),
              HasSubstr("operator 2 (a): it reads its own results"));
}

TEST(ExecutionGraph, NoEndDangles) {
  EXPECT_THAT(refusal_of({source_node("source"), map_node("map", {{0}}), sink_node("sink", {{0}})}),
              HasSubstr("operator 2 (map): its results go nowhere"));
  EXPECT_THAT(refusal_of({source_node("source"), sink_node("sink", {{0}}), sink_node("other", {})}),
              HasSubstr("operator 3 (other): nothing feeds it"));
  LogicalNode join = map_node("join", {{0}});
  join.ports = 2;
  EXPECT_THAT(refusal_of({source_node("source"), join, sink_node("sink", {{1}})}),
              HasSubstr("operator 2 (join): nothing feeds its input 2 of 2"));
  EXPECT_THAT(refusal_of({source_node("source"), sink_node("sink", {{7}})}), HasSubstr("from operator 8, which does not exist"));
  EXPECT_THAT(refusal_of({source_node("source"), sink_node("sink", {{0}}), sink_node("next", {{1}})}),
              HasSubstr("reads from operator 2 (sink), which is a sink"));
}

TEST(ExecutionGraph, KeyedStateStandsBehindAPartitionedStream) {
  LogicalNode window = map_node("window", {{0}});
  window.keyed = true;
  EXPECT_THAT(refusal_of({source_node("source"), window, sink_node("sink", {{1}})}),
              HasSubstr("operator 2 (window): its state is by key, so a key by must stand"));
  window.inputs[0].exchange = Exchange::rebalance;
  EXPECT_THAT(refusal_of({source_node("source"), window, sink_node("sink", {{1}})}), HasSubstr("a key by must stand"));
  window.inputs[0].exchange = Exchange::hash;
  EXPECT_EQ(refusal_of({source_node("source"), window, sink_node("sink", {{1}})}), "accepted");
}

TEST(ExecutionGraph, AUidNamesOneOperator) {
  LogicalNode twin = map_node("twin", {{0}});
  twin.uid = "source";
  EXPECT_THAT(refusal_of({source_node("source"), twin, sink_node("sink", {{1}})}),
              HasSubstr("operator 2 (twin): its uid \"source\" is that of operator 1 (source)"));
}

}  // namespace
}  // namespace onceproof::graph
