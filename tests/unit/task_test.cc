// SPDX-License-Identifier: Apache-2.0
// One task alone, with a source and a sink that do what the test says: how it ends, and its part of a checkpoint.
#include "runtime/dataflow/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/mail_to.h"
#include "tests/support/scripted_program.h"

namespace onceproof::tests {
namespace {

using dataflow::BufferKind;
using dataflow::TaskState;
using env::MailKind;
using env::Point;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Outside {  // what the connectors of the task under test do
  bool at_end = false;
  bool sink_available = true;
  std::vector<uint64_t> prepared;
  std::vector<uint64_t> committed;
  dataflow::Ready flushed;  // answers the latest prepare_snapshot or finish
};

class ScriptedSource : public dataflow::SourceOperator {
 public:
  explicit ScriptedSource(Outside& outside) : outside_(outside) {}
  void open(ByteView, dataflow::Ready ready) override { ready(); }
  bool poll() override { return false; }
  bool at_end() const override { return outside_.at_end; }
  dataflow::StateFormat state_format() const override { return {"offset"}; }
  void snapshot(Bytes& state) const override { state = "offset"; }

 private:
  Outside& outside_;
};

class ScriptedSink : public dataflow::SinkOperator {
 public:
  explicit ScriptedSink(Outside& outside) : outside_(outside) {}
  void emit(const dataflow::RecordView&) override {}
  void open(ByteView, dataflow::Ready ready) override { ready(); }
  bool available() const override { return outside_.sink_available; }
  void prepare_snapshot(uint64_t checkpoint, Bytes&, dataflow::Ready ready) override {
    outside_.prepared.push_back(checkpoint);
    outside_.flushed = std::move(ready);
  }
  void checkpoint_complete(uint64_t checkpoint, dataflow::Ready ready) override {
    outside_.committed.push_back(checkpoint);
    ready();
  }
  void finish(dataflow::Ready ready) override { outside_.flushed = std::move(ready); }

 private:
  Outside& outside_;
};

class TaskTest : public ::testing::Test {
 protected:
  TaskTest() {
    descriptor.session = 1;
    descriptor.attempt = 100;
    descriptor.job_manager = {0, env::kMainEndpoint};
  }
  void start() { start(graph_of({source_node("source"), sink_node("sink", {{0}})})); }
  void start(graph::LogicalGraph graph) {
    auto program = std::make_shared<ScriptedProgram>(std::move(graph));
    program->sources["source"] = [this](auto&) { return std::make_unique<ScriptedSource>(outside); };
    program->sinks["sink"] = [this](auto&) { return std::make_unique<ScriptedSink>(outside); };
    task = std::make_unique<dataflow::Task>(world, descriptor, program);
    fire(*task, MailKind::start);
  }
  // A source in front of an exchange, and the sink behind it.
  static graph::LogicalGraph two_vertices() {
    return graph_of({source_node("source"), sink_node("sink", {{0, graph::Exchange::hash}})}, 1);
  }
  // A source in front of an exchange, whose only consumer has connected.
  void start_as_producer() {
    start(two_vertices());
    deliver(*task, MailKind::partition_request, {2, 200}, encode(dataflow::PartitionRequest{{0, 0}, 0, 2}));
  }
  // The last vertex: two producers on process 2.
  void start_as_consumer() {
    descriptor.subtask.vertex = 1;
    descriptor.inputs = {{{2, 200}, {}}, {{2, 201}, {}}};
    start(two_vertices());
  }
  void trigger(uint64_t checkpoint) {
    deliver(*task, MailKind::trigger_checkpoint, {0, 1}, encode(dataflow::TriggerCheckpoint{checkpoint, 0}));
  }
  void completed(uint64_t checkpoint) {
    deliver(*task, MailKind::notify_checkpoint_complete, {0, 1},
            encode(dataflow::NotifyCheckpoint{checkpoint, checkpoint}));
  }
  void aborted(uint64_t checkpoint) {
    deliver(*task, MailKind::notify_checkpoint_aborted, {0, 1}, encode(dataflow::NotifyCheckpoint{checkpoint, 0}));
  }
  void event(uint32_t channel, BufferKind kind, uint64_t checkpoint = 0) {
    dataflow::BufferHeader header;
    header.channel = channel;
    header.sequence = next_sequence[channel]++;
    header.kind = kind;
    header.checkpoint = checkpoint;
    Bytes buffer(dataflow::kBufferHeader, '\0');
    store(buffer.data(), header);
    deliver(*task, MailKind::buffer, {2, 200 + channel}, std::move(buffer));
    for (int i = 0; i < 3; ++i) fire(*task, MailKind::process_input);
  }
  std::vector<std::string> downstream() const {  // events that were sent to the consumer
    std::vector<std::string> events;
    for (const Sent& sent : world.sent) {
      if (sent.kind != MailKind::buffer) continue;
      const auto header = load<dataflow::BufferHeader>(sent.body.data());
      const char* const names[] = {"data", "barrier", "cancel", "end of data", "end of partition", "watermark"};
      events.push_back(names[static_cast<int>(header.kind)] +
                       (header.checkpoint == 0 ? std::string() : " " + std::to_string(header.checkpoint)));
    }
    return events;
  }
  TaskState state() const {
    TaskState last = TaskState::created;
    for (const Sent& sent : world.sent) {
      dataflow::TaskStateReport report;
      if (sent.kind == MailKind::task_update && decode(sent.body, report)) last = report.state;
    }
    return last;
  }
  std::vector<uint64_t> acknowledged() {
    for (const Posted& post : std::vector<Posted>(world.posted)) {
      if (post.kind == MailKind::snapshot_async) fire(*task, post.kind, post.a);
    }
    std::vector<uint64_t> ids;
    for (const Sent& sent : world.sent) {
      dataflow::Acknowledge ack;
      if (sent.kind == MailKind::acknowledge_checkpoint && decode(sent.body, ack)) ids.push_back(ack.checkpoint);
    }
    return ids;
  }

  FakeEnv world;
  Outside outside;
  dataflow::TaskDescriptor descriptor;
  std::unique_ptr<dataflow::Task> task;
  std::map<uint32_t, uint32_t> next_sequence;
};

TEST_F(TaskTest, TellsItsOwnTaskManagerThatItRuns) {
  start();
  EXPECT_EQ(state(), TaskState::running);
  EXPECT_EQ(world.sent.back().to, (env::Address{1, env::kMainEndpoint}));
}

TEST_F(TaskTest, FinishesWhenACheckpointThatWasTakenAtTheEndOfItsDataIsComplete) {
  start();
  trigger(1);
  outside.at_end = true;
  fire(*task, MailKind::process_input);
  EXPECT_EQ(state(), TaskState::finishing);
  completed(1);  // taken before the end: does not cover it
  EXPECT_EQ(state(), TaskState::finishing);
  trigger(2);
  trigger(3);
  aborted(2);
  EXPECT_EQ(state(), TaskState::finishing);
  completed(3);
  EXPECT_EQ(state(), TaskState::finished);
  EXPECT_TRUE(world.stopped);
}

TEST_F(TaskTest, WithoutCheckpointsItFinishesWhenEverythingIsAcknowledgedNotMerelySent) {
  descriptor.checkpoint.enabled = false;
  start();
  outside.at_end = true;
  fire(*task, MailKind::process_input);
  ASSERT_TRUE(outside.flushed) << "the sink was asked to finish";
  EXPECT_EQ(state(), TaskState::finishing);
  outside.flushed();
  EXPECT_EQ(state(), TaskState::finished);
}

TEST_F(TaskTest, AProducerSaysEndOfDataThenEndOfPartition) {
  start_as_producer();
  outside.at_end = true;
  fire(*task, MailKind::process_input);
  trigger(1);
  completed(1);
  EXPECT_THAT(downstream(), ElementsAre("end of data", "barrier 1", "end of partition"));
}

TEST_F(TaskTest, RestoredAsFinishedItSaysSoAtOnceAndKeepsSayingSo) {
  descriptor.finished_on_restore = 1;
  start_as_producer();
  EXPECT_EQ(state(), TaskState::finishing);
  trigger(1);
  EXPECT_THAT(downstream(), ElementsAre("end of data", "barrier 1"));
  EXPECT_THAT(acknowledged(), ElementsAre(1u));
}

TEST_F(TaskTest, WhatTravelsInlineIsAcknowledgedInTheMailThatTookItAFileIsNot) {
  const auto sent = [this](MailKind kind) {
    return std::count_if(world.sent.begin(), world.sent.end(), [&](const Sent& each) { return each.kind == kind; });
  };
  start_as_producer();
  trigger(1);
  EXPECT_EQ(sent(MailKind::acknowledge_checkpoint), 1);
  descriptor.checkpoint.inline_threshold_bytes = 0;
  start_as_producer();
  const auto before = sent(MailKind::acknowledge_checkpoint);
  trigger(1);
  EXPECT_EQ(sent(MailKind::acknowledge_checkpoint), before);
  EXPECT_EQ(world.posted.back().kind, MailKind::snapshot_async);
}

TEST_F(TaskTest, TriggersThatFindTheSinkBetweenTwoTransactionsAllWaitForIt) {
  start();
  outside.sink_available = false;
  trigger(1);
  trigger(2);
  EXPECT_THAT(outside.prepared, IsEmpty());
  outside.sink_available = true;
  fire(*task, MailKind::process_input);
  EXPECT_THAT(outside.prepared, ElementsAre(1u, 2u));
}

TEST_F(TaskTest, ATriggerThatCannotBeServedIsToldDownstreamWhereChannelsMayWait) {
  start_as_producer();
  aborted(2);
  trigger(1);
  trigger(2);
  trigger(3);
  EXPECT_THAT(downstream(), ElementsAre("barrier 1", "cancel 2", "barrier 3"));
}

TEST_F(TaskTest, AConsumerWaitsForNoChannelThatHasEnded) {
  start_as_consumer();
  event(0, BufferKind::barrier, 1);
  EXPECT_THAT(outside.prepared, IsEmpty());
  event(1, BufferKind::end_of_data);
  event(1, BufferKind::end_of_partition);
  EXPECT_THAT(outside.prepared, ElementsAre(1u));
  event(0, BufferKind::end_of_data);
  EXPECT_EQ(state(), TaskState::finishing);
  event(0, BufferKind::end_of_partition);
  trigger(2);  // nobody upstream is left to send a barrier
  EXPECT_THAT(outside.prepared, ElementsAre(1u, 2u));
  fire(*task, MailKind::connection_lost, 2);  // nor to be missed
  EXPECT_EQ(state(), TaskState::finishing);
  completed(2);
  EXPECT_EQ(state(), TaskState::finished);
}

TEST_F(TaskTest, AProducerThatIsNeverThereIsNotAskedForEver) {
  start_as_consumer();
  int asked = 0;
  while (state() != TaskState::failed && asked < 100) {
    ++asked;
    env::Mail bounced;
    bounced.kind = MailKind::unknown_endpoint;
    bounced.a = 200;
    bounced.b = static_cast<uint64_t>(MailKind::partition_request);
    task->on_mail(bounced);
  }
  EXPECT_EQ(asked, 8);  // 0.1 s, doubled up to 10 s
}

TEST_F(TaskTest, ADamagedElementFailsTheTask) {
  start_as_consumer();
  dataflow::BufferHeader header;
  Bytes buffer(dataflow::kBufferHeader, '\0');
  store(buffer.data(), header);
  Bytes element(dataflow::kRecordHeader, '\0');
  dataflow::store_record(element.data(), {"", "", 7, LineageView(ByteView())});
  element[13] = '\x40';  // the key's size: beyond the element
  deliver(*task, MailKind::buffer, {2, 200}, buffer + element);
  fire(*task, MailKind::process_input);
  EXPECT_EQ(state(), TaskState::failed);
}

}  // namespace
}  // namespace onceproof::tests
