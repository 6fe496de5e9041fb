// SPDX-License-Identifier: Apache-2.0
// The chain of one task: a tree of operators with several sinks, side outputs and exchanges at its ends, and its state by
// the operators' names.
#include "runtime/dataflow/operator_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_env.h"
#include "tests/support/scripted_program.h"

namespace onceproof::tests {
namespace {

using dataflow::OperatorChain;
using dataflow::RecordView;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Keeps what it was given, and answers when the test says so.
class KeepingSink : public dataflow::SinkOperator {
 public:
  struct Outside {
    std::vector<std::string> records;
    std::vector<dataflow::Ready> waiting;
    std::string restored;
    bool available = true;
  };
  explicit KeepingSink(Outside& outside) : outside_(outside) {}
  dataflow::StateFormat state_format() const override { return {"kept", 2}; }
  void emit(const RecordView& record) override { outside_.records.emplace_back(record.value); }
  void open(ByteView restored, dataflow::Ready ready) override { outside_.restored = restored, ready(); }
  bool available() const override { return outside_.available; }
  void prepare_snapshot(uint64_t, Bytes& state, dataflow::Ready ready) override {
    state = outside_.records.empty() ? "nothing" : outside_.records.back();
    outside_.waiting.push_back(std::move(ready));
  }
  void checkpoint_complete(uint64_t, dataflow::Ready ready) override { outside_.waiting.push_back(std::move(ready)); }
  void finish(dataflow::Ready ready) override { outside_.waiting.push_back(std::move(ready)); }

 private:
  Outside& outside_;
};

// Odd lengths go to the side.
class Sorter : public dataflow::Operator {
 public:
  void emit(const RecordView& record) override {
    (record.value.size() % 2 == 0 ? next_ : sides_.front())->emit(record);
  }
};

class OperatorChainTest : public ::testing::Test {
 protected:
  // sorter -> even, and by its side output -> odd, and to the sink in another task
  static graph::LogicalGraph sorted() {
    graph::LogicalNode sorter = map_node("sorter", {{0, graph::Exchange::rebalance}});
    sorter.outputs = 2;
    graph::LogicalNode odd = sink_node("odd", {{1, graph::Exchange::forward, 1}});
    return graph_of({source_node("source"), sorter, sink_node("even", {{1}}), odd,
                     sink_node("elsewhere", {{1, graph::Exchange::hash, 1}})});
  }
  void build(graph::LogicalGraph graph = sorted()) {
    program = std::make_unique<ScriptedProgram>(std::move(graph));
    program->transformations["sorter"] = [](auto&) { return std::make_unique<Sorter>(); };
    for (const char* name : {"even", "odd"})
      program->sinks[name] = [this, name](auto&) { return std::make_unique<KeepingSink>(outside[name]); };
    context.task.subtask = {1, 0};
    context.task.parallelism = 2;
    chain = std::make_unique<OperatorChain>(context, *program, true);
  }
  void emit(ByteView value) { chain->emit(0, {"", value, 0, LineageView(ByteView())}); }
  Bytes snapshot(bool* flushed = nullptr) {
    Bytes state;
    chain->snapshot(1, state, [flushed] {
      if (flushed != nullptr) *flushed = true;
    });
    return state;
  }
  Status restore(const Bytes& state) {
    return chain->restore(dataflow::RestoredStates(dataflow::read_snapshot(state).take()));
  }
  std::string refused(const Bytes& state) {
    const Status status = restore(state);
    return status.ok() ? "accepted" : status.error().message;
  }

  FakeContext context;
  std::map<std::string, KeepingSink::Outside> outside;
  std::unique_ptr<ScriptedProgram> program;
  std::unique_ptr<OperatorChain> chain;
};

TEST_F(OperatorChainTest, EveryReaderOfAnOutputGetsItsRecords) {
  build();
  for (const char* value : {"a", "bb", "ccc"}) emit(value);
  EXPECT_THAT(outside["even"].records, ElementsAre("bb"));
  EXPECT_THAT(outside["odd"].records, ElementsAre("a", "ccc"));
  for (uint32_t i = 0; i < 2; ++i) chain->partition(0)->on_partition_request({{0, i}, 0, 9}, {2, 200});
  chain->flush_partitions();
  EXPECT_GT(context.world.count(env::MailKind::buffer), 0) << "the side output's other reader is in another task";
  EXPECT_EQ(chain->take_work(), (std::pair<uint64_t, uint64_t>{3, 6}));
  EXPECT_EQ(chain->take_work(), (std::pair<uint64_t, uint64_t>{0, 0}));
}

TEST_F(OperatorChainTest, ASideOutputThatNobodyReadsIsDropped) {
  graph::LogicalGraph graph = sorted();
  graph.nodes.resize(3);
  build(std::move(graph));
  emit("odd");
  chain->emit_watermark(5);
  EXPECT_THAT(outside["odd"].records, IsEmpty());
}

TEST_F(OperatorChainTest, ASnapshotIsFlushedWhenEverySinkIs) {
  build();
  bool flushed = false;
  snapshot(&flushed);
  outside["even"].waiting.back()();
  EXPECT_FALSE(flushed);
  outside["odd"].waiting.back()();
  EXPECT_TRUE(flushed);
}

TEST_F(OperatorChainTest, ACheckpointIsCommittedWhenEverySinkHasCommittedAndTheDataAreWrittenWhenEverySinkHas) {
  build();
  int committed = 0, finished = 0;
  chain->checkpoint_complete(1, [&] { ++committed; });
  chain->finish([&] { ++finished; });
  for (auto& [name, each] : outside) {
    EXPECT_EQ(committed + finished, 0);
    for (const auto& ready : each.waiting) {
      if (name == "odd") ready();
    }
  }
  for (const auto& ready : outside["even"].waiting) ready();
  EXPECT_EQ(committed, 1);
  EXPECT_EQ(finished, 1);
}

TEST_F(OperatorChainTest, OneSinkThatHasNoRoomHoldsTheTaskUp) {
  build();
  EXPECT_TRUE(chain->available());
  outside["odd"].available = false;
  EXPECT_FALSE(chain->available());
  EXPECT_FALSE(chain->sinks_available());
}

TEST_F(OperatorChainTest, StateIsFoundByItsOperatorsNameWhereverItStands) {
  build();
  emit("bb"), emit("a");
  const Bytes state = snapshot();
  graph::LogicalGraph other = sorted();
  std::swap(other.nodes[2], other.nodes[3]);  // the sinks in another order
  build(std::move(other));
  ASSERT_TRUE(restore(state).ok());
  int opened = 0;
  chain->open([&] { ++opened; });
  EXPECT_EQ(opened, 2);
  EXPECT_EQ(outside["even"].restored, "bb");
  EXPECT_EQ(outside["odd"].restored, "a");
}

TEST_F(OperatorChainTest, WhatTheJobCannotReadIsRefusedByItsName) {
  build();
  dataflow::TaskSnapshot taken = dataflow::read_snapshot(snapshot()).take();
  ASSERT_EQ(taken.operators.size(), 2u);
  const auto refused_with = [&](auto change) {
    dataflow::TaskSnapshot changed = taken;
    change(changed);
    build();
    return refused(encode(changed));
  };
  EXPECT_EQ(refused_with([](auto&) {}), "accepted");
  EXPECT_EQ(refused_with([](auto& s) { s.operators.pop_back(); }), "the checkpoint has no state of operator \"odd\"");
  EXPECT_EQ(refused_with([](auto& s) { s.operators.push_back(s.operators[0]), s.operators[2].uid = "gone"; }),
            "the checkpoint has state of operator \"gone\", which the job does not have");
  EXPECT_EQ(refused_with([](auto& s) { s.operators[0].format.version = 3; }),
            "the state of operator \"even\" is of version 3 of kept; this program reads versions up to 2");
  EXPECT_EQ(refused_with([](auto& s) { s.operators[0].format.version = 1; }), "accepted");
  EXPECT_THAT(refused_with([](auto& s) { s.operators[0].format.name = "list"; }),
              HasSubstr("operator \"even\" has sink state of type list in the checkpoint, and sink state of type kept"));
  EXPECT_THAT(refused_with([](auto& s) { s.operators[0].kind = dataflow::StateKind::keyed; }),
              HasSubstr("has keyed state of type kept in the checkpoint"));
  taken.version = 2;
  EXPECT_THAT(dataflow::read_snapshot(encode(taken)).error().message, HasSubstr("of version 2; this program reads"));
  EXPECT_EQ(dataflow::read_snapshot("torn").code(), ErrorCode::invalid_argument);  // its first word is no version either
  EXPECT_EQ(dataflow::read_snapshot("").code(), ErrorCode::corrupt);
}

TEST_F(OperatorChainTest, OfAFinishedTaskOnlyTheEndIsLeft) {
  build();
  chain = std::make_unique<OperatorChain>(context, *program, false);
  EXPECT_EQ(chain->opens(), 0);
  EXPECT_EQ(chain->source(), nullptr);
  bool flushed = false;
  snapshot(&flushed);
  EXPECT_TRUE(flushed);
  for (uint32_t i = 0; i < 2; ++i) chain->partition(0)->on_partition_request({{0, i}, 0, 9}, {2, 200});
  chain->emit_watermark(kMaxTimeUs);
  chain->broadcast_event(dataflow::BufferKind::end_of_data);
  EXPECT_EQ(context.world.count(env::MailKind::buffer), 2);
}

}  // namespace
}  // namespace onceproof::tests
