// SPDX-License-Identifier: Apache-2.0
// The typed programming interface: what an author writes, and the pipeline that it is.
#include "runtime/api/streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/graph/execution_graph.h"

namespace onceproof::tests {
struct Bid {
  uint64_t auction = 0;
  std::string bidder;
  std::optional<double> price;
  bool operator==(const Bid&) const = default;
};
}  // namespace onceproof::tests
template <>
inline constexpr auto onceproof::api::members<onceproof::tests::Bid> =
    std::tuple(&onceproof::tests::Bid::auction, &onceproof::tests::Bid::bidder, &onceproof::tests::Bid::price);

namespace onceproof::tests {
namespace {

using namespace api;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Kept : public Collector {
 public:
  std::vector<std::pair<std::string, std::string>> elements;
  void collect(ByteView key, ByteView value) override { elements.emplace_back(key, value); }
  void collect_side(uint32_t, ByteView, ByteView) override {}
};

template <class T>
T there_and_back(const T& value) {
  Bytes bytes;
  encode_value(value, bytes);
  return decode_value<T>(bytes);
}

TEST(Codec, TheUsualTypesComeBackAsTheyWere) {
  EXPECT_EQ(there_and_back<int32_t>(-5), -5);
  EXPECT_EQ(there_and_back(2.5), 2.5);
  EXPECT_EQ(there_and_back(std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(there_and_back(std::vector<std::string>{"a", "", "c"}), (std::vector<std::string>{"a", "", "c"}));
  EXPECT_EQ(there_and_back(std::optional<int64_t>()), std::nullopt);
  EXPECT_EQ(there_and_back(std::tuple(1, std::string("x"), std::optional(true))), std::tuple(1, std::string("x"), std::optional(true)));
  EXPECT_EQ(there_and_back(std::pair(std::string("k"), uint8_t{7})), std::pair(std::string("k"), uint8_t{7}));
  const Bid bid{7, "ann", 1.5};
  EXPECT_EQ(there_and_back(bid), bid);
}

TEST(Codec, BytesOfAnotherTypeAreRefusedAndNeverReadBeyond) {
  EXPECT_THROW(decode_value<int64_t>("abc"), std::runtime_error);
  EXPECT_THROW(decode_value<int16_t>("abc"), std::runtime_error);
  EXPECT_THROW(decode_value<std::vector<int64_t>>("\xff\xff\xff\xff\x0f"), std::runtime_error);
}

Pipeline word_count() {
  Environment job;
  job.from_log<std::string>()
      .flat_map<std::string>([](const std::string& line, auto& out) {
        for (size_t at = 0; at < line.size(); at = line.find(' ', at) == std::string::npos ? line.size() : line.find(' ', at) + 1)
          out(line.substr(at, line.find(' ', at) - at));
      })
      .key_by([](const std::string& word) { return word; })
      .window(tumbling(seconds(10)))
      .aggregate(count())
      .to_log();
  return job.pipeline();
}

TEST(Streams, AWordCountIsTwoVertices) {
  const Pipeline pipeline = word_count();
  const auto graph = graph::build_execution_graph(pipeline.graph);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ASSERT_EQ(graph.value().vertices.size(), 2u);
  EXPECT_EQ(graph.value().vertices[0].name, "source -> flat map");
  EXPECT_EQ(graph.value().vertices[1].name, "window -> sink");
  EXPECT_EQ(pipeline.graph.nodes[2].uid, "3-window");
}

TEST(Streams, APipelineIsAValueBuiltTwiceItIsTheSame) {
  const Pipeline one = word_count(), other = word_count();
  ASSERT_EQ(one.graph.nodes.size(), other.graph.nodes.size());
  for (size_t i = 0; i < one.graph.nodes.size(); ++i) {
    EXPECT_EQ(one.graph.nodes[i].uid, other.graph.nodes[i].uid);
    EXPECT_EQ(one.graph.nodes[i].inputs, other.graph.nodes[i].inputs);
  }
}

TEST(Streams, FunctionsSeeTypedValues) {
  Environment job;
  auto bids = job.from_log<Bid>();
  auto dear = bids.filter([](const Bid& bid) { return bid.price.value_or(0) > 1; });
  auto priced = dear.map([](const Bid& bid) { return Keyed<std::string, double>{bid.bidder, *bid.price}; });
  priced.to_log();
  const Pipeline pipeline = job.pipeline();
  Bytes bytes;
  encode_value(Bid{1, "ann", 2.5}, bytes);
  Kept kept;
  std::get<MapStep>(pipeline.steps[1]).function->apply({"", bytes, 0}, kept);
  ASSERT_EQ(kept.elements.size(), 1u);
  Kept keyed;
  std::get<MapStep>(pipeline.steps[2]).function->apply({"", kept.elements[0].second, 0}, keyed);
  ASSERT_EQ(keyed.elements.size(), 1u);
  EXPECT_EQ(keyed.elements[0].first, "ann");
  EXPECT_EQ(decode_value<double>(keyed.elements[0].second), 2.5);
  EXPECT_THROW(std::get<MapStep>(pipeline.steps[1]).function->apply({"", "no bid", 0}, kept), std::runtime_error);
}

template <class A>
std::string aggregated(A aggregate, std::vector<int64_t> values) {
  const TypedAggregate<int64_t, A> typed(std::move(aggregate));
  Bytes all, other, bytes, result;
  typed.create(all);
  typed.create(other);
  for (size_t i = 0; i < values.size(); ++i) {
    encode_value(values[i], bytes);
    typed.add(i % 2 == 0 ? all : other, {"", bytes, 0});
  }
  typed.merge(all, other);
  typed.result(all, result);
  return std::to_string(decode_value<typename TypedAggregate<int64_t, A>::Result>(result));
}

TEST(Streams, AggregatesAreTypedAndMerge) {
  EXPECT_EQ(aggregated(count(), {5, 6, 7}), "3");
  EXPECT_EQ(aggregated(sum([](int64_t each) { return each * 2; }), {5, 6, 7}), "36");
  EXPECT_EQ(aggregated(reduce([](int64_t a, int64_t b) { return std::max(a, b); }), {5, 9, 7}), "9");
}

TEST(Streams, UnionsAndSideReadersAreStreamsOfTheSameGraph) {
  Environment job(3);
  auto left = job.from_log<std::string>("left");
  auto right = job.from_log<std::string>("right");
  left.union_with(right).to_log("both");
  left.rebalance().to_log("left again");
  const auto graph = graph::build_execution_graph(job.pipeline().graph);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph.value().vertices.size(), 4u);
  EXPECT_EQ(graph.value().edges.size(), 3u);
}

TEST(Streams, AStreamThatNobodyReadsIsRefusedByItsName) {
  Environment job;
  job.from_log<std::string>().map([](const std::string& line) { return line.size(); }, "lengths");
  const auto graph = graph::build_execution_graph(job.pipeline().graph);
  ASSERT_FALSE(graph.ok());
  EXPECT_THAT(graph.error().message, HasSubstr("operator 2 (lengths): its results go nowhere"));
}

}  // namespace
}  // namespace onceproof::tests
