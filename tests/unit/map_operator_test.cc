// SPDX-License-Identifier: Apache-2.0
// An author's flat map in the runtime: names of what it makes, side outputs, and what becomes of what it throws.
#include "runtime/operators/map_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "runtime/api/text.h"
#include "tests/support/fake_env.h"

namespace onceproof::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Out : public dataflow::Output {
 public:
  std::vector<std::string> records;
  void emit(const dataflow::RecordView& r) override {
    std::string positions;
    for (size_t i = 0; i < r.lineage.count(); ++i)
      positions += " " + std::to_string(offset_of(r.lineage[i])) + "." + std::to_string(ordinal_of(r.lineage[i]));
    records.push_back(std::string(r.value) + positions);
  }
  void emit_watermark(TimeUs) override {}
};

class Function : public api::FlatMap {
 public:
  explicit Function(std::function<void(const api::Element&, api::Collector&)> body) : body_(std::move(body)) {}
  void apply(const api::Element& element, api::Collector& out) const override { body_(element, out); }

 private:
  const std::function<void(const api::Element&, api::Collector&)> body_;
};

struct Map {
  Map(std::shared_ptr<const api::FlatMap> function, api::OrdinalBits bits) : op(context, {std::move(function), true}, bits) {
    context.own_node.name = "split";
    op.chain(&out);
    op.chain_sides({&side});
  }
  void emit(ByteView value, std::initializer_list<Position> lineage) {
    op.emit({"", value, 5, Lineage(lineage).view()});
  }
  FakeContext context;
  operators::MapOperator op;
  Out out, side;
};

TEST(MapOperator, EachOfSeveralResultsHasAnOrdinalOfItsOwn) {
  Map map(api::split_words(), {0, 26});
  map.emit(" a  b\t\r", {make_position(0, 7)});
  map.emit("c", {make_position(0, 8)});
  map.emit(" ", {make_position(0, 9)});
  EXPECT_THAT(map.out.records, ElementsAre("a 7.0", "b 7.1", "c 8.0"));
}

TEST(MapOperator, WhatIsMadeOfASplitRecordIsNamedByBothOrdinals) {
  Map map(api::split_words(), {0, 13});
  map.emit("a b", {make_position(0, 7, 3 << 13), make_position(0, 9)});
  EXPECT_THAT(map.out.records, ElementsAre("a 7.24576 9.0", "b 7.24577 9.1"));
}

TEST(MapOperator, MoreResultsThanLineageCanTellApartEndTheJobAndAreNotPassedOn) {
  Map map(api::split_words(), {0, 1});
  map.emit("a b c", {make_position(0, 7)});
  EXPECT_THAT(map.out.records, ElementsAre("a 7.0", "b 7.1"));
  EXPECT_THAT(map.context.failures, ElementsAre("operator \"split\" made more than 2 of one record: lineage cannot tell them apart"));
  EXPECT_TRUE(map.context.permanent);
  Map no_split(api::split_words(), {});
  no_split.emit("a b", {make_position(0, 7)});
  EXPECT_THAT(no_split.context.failures, ElementsAre("operator \"split\" made more than 1 of one record: it is no flat map"));
}

TEST(MapOperator, WhatAFunctionThrowsFailsTheTaskWithThePlaceOfTheRecord) {
  Map map(std::make_shared<Function>([](const api::Element&, api::Collector&) { throw std::runtime_error("no number"); }), {0, 26});
  map.emit("x", {make_position(2, 7)});
  EXPECT_THAT(map.out.records, IsEmpty());
  EXPECT_THAT(map.context.failures, ElementsAre("operator \"split\" failed at source partition 2, offset 7: no number"));
  EXPECT_FALSE(map.context.permanent);
}

TEST(MapOperator, ASideOutputHasItsOwnReaders) {
  const auto sides = [](const api::Element& element, api::Collector& out) {
    out.collect_side(1, {}, element.value);
    out.collect({}, element.value);
  };
  Map map(std::make_shared<Function>(sides), {0, 26});
  map.emit("x", {make_position(0, 7)});
  EXPECT_THAT(map.out.records, ElementsAre("x 7.1"));
  EXPECT_THAT(map.side.records, ElementsAre("x 7.0"));
}

}  // namespace
}  // namespace onceproof::tests
