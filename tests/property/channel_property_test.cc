// SPDX-License-Identifier: Apache-2.0
// The channel's law: whatever is emitted on one side comes out on the other, once and in order, for every buffer
// size (records span buffers), every credit and every interleaving of sending and reading.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "runtime/dataflow/input_gate.h"
#include "runtime/dataflow/result_partition.h"
#include "tests/support/fake_env.h"

namespace onceproof::tests {
namespace {

using env::MailKind;

// One producer with one subpartition, one consumer with one channel; mails are carried by hand, in order.
struct Pipe {
  explicit Pipe(const graph::ChannelConfig& config)
      : partition(producer.network(), config, 1), gate(consumer.network(), config, {{{1, 100}, 0}}) {
    gate.request_partitions();
    carry_to_producer();
  }
  void carry_to_producer() {
    for (const Sent& message : consumer.sent) {
      if (message.kind == MailKind::partition_request) {
        dataflow::PartitionRequest request;
        RC_ASSERT(decode(message.body, request));
        partition.on_partition_request(request, {2, 200});
      } else {
        dataflow::AddCredit grant;
        RC_ASSERT(decode(message.body, grant));
        partition.on_add_credit(grant);
      }
    }
    consumer.sent.clear();
  }
  void carry_to_consumer() {
    for (Sent& message : producer.sent) RC_ASSERT(gate.receive(std::move(message.body)));
    producer.sent.clear();
  }
  bool read_one(std::vector<std::string>& out) {
    auto next = gate.poll();
    if (!next) return false;
    RC_ASSERT(gate.read(
        *next,
        [&](const dataflow::RecordView& r) {
          out.push_back(std::string(r.key) + "|" + std::string(r.value) + "|" + std::to_string(r.timestamp_us) + "|" +
                        std::to_string(r.lineage.count()));
        },
        [&](TimeUs watermark) { out.push_back("w" + std::to_string(watermark)); }));
    return true;
  }

  FakeEnv producer, consumer;
  dataflow::ResultPartition partition;
  dataflow::InputGate gate;
};

TEST(Channel, DeliversEveryElementOnceAndInOrder) {
  EXPECT_TRUE(rc::check([] {
    graph::ChannelConfig config;
    config.buffer_bytes = *rc::gen::inRange<uint32_t>(1, 200);
    config.exclusive_buffers = *rc::gen::inRange<uint32_t>(1, 5);
    Pipe pipe(config);
    std::vector<std::string> expected, got;
    const int steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
      switch (*rc::gen::inRange(0, 6)) {
        case 0:
          pipe.partition.emit_watermark(i);
          expected.push_back("w" + std::to_string(i));
          break;
        case 1: pipe.carry_to_consumer(); break;
        case 2: pipe.read_one(got); break;
        case 3: pipe.carry_to_producer(); break;
        case 4: pipe.partition.flush(); break;
        default: {
          const auto key = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
          const auto value = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
          const std::string positions(8 * static_cast<size_t>(*rc::gen::inRange(0, 3)), 'p');
          pipe.partition.emit(0, {key, value, i, LineageView(positions)});
          expected.push_back(key + "|" + value + "|" + std::to_string(i) + "|" + std::to_string(positions.size() / 8));
        }
      }
    }
    pipe.partition.flush();
    for (bool moved = true; moved;) {
      pipe.carry_to_producer();
      pipe.carry_to_consumer();
      moved = pipe.read_one(got);
    }
    RC_ASSERT(got == expected);
  }));
}

TEST(Channel, AGapInTheSequenceIsRefused) {
  graph::ChannelConfig config;
  FakeEnv consumer;
  dataflow::InputGate gate(consumer.network(), config, {{{1, 100}, 0}});
  dataflow::BufferHeader header;
  header.sequence = 1;
  Bytes buffer(dataflow::kBufferHeader, '\0');
  store(buffer.data(), header);
  EXPECT_FALSE(gate.receive(buffer));
}

TEST(Channel, NothingButEventsLeavesWithoutCredit) {
  graph::ChannelConfig config;
  config.buffer_bytes = 8;
  FakeEnv producer;
  dataflow::ResultPartition partition(producer.network(), config, 1);
  partition.on_partition_request({0, 0, 1}, {2, 200});
  partition.emit(0, {"key", "a value that fills several buffers", 0, {}});
  partition.broadcast_event(dataflow::BufferKind::barrier, 1, 0, false);
  EXPECT_EQ(producer.sent.size(), 1u);  // one credit, one buffer; the barrier keeps its place behind the data
  partition.on_add_credit({0, 100});
  const auto last = load<dataflow::BufferHeader>(producer.sent.back().body.data());
  EXPECT_EQ(last.kind, dataflow::BufferKind::barrier);
}

// A source that had filled its pool before its consumer asked for it used to sleep for ever (word-count, seed 0xa6).
TEST(Channel, AConsumerThatConnectsLateWakesItsProducer) {
  graph::ChannelConfig config;
  config.buffer_bytes = 8;
  config.pool_buffers = 1;
  FakeEnv producer;
  dataflow::ResultPartition partition(producer.network(), config, 1);
  partition.emit(0, {"key", "a value that fills several buffers", 0, {}});
  EXPECT_FALSE(partition.available());
  EXPECT_TRUE(partition.on_partition_request({0, 0, 100}, {2, 200}));
  EXPECT_TRUE(partition.available());
}

TEST(Channel, ABlockedChannelKeepsItsBuffers) {
  graph::ChannelConfig config;
  FakeEnv consumer;
  dataflow::InputGate gate(consumer.network(), config, {{{1, 100}, 0}, {{1, 101}, 0}});
  for (uint32_t channel = 0; channel < 2; ++channel) {
    dataflow::BufferHeader header;
    header.channel = channel;
    Bytes buffer(dataflow::kBufferHeader, '\0');
    store(buffer.data(), header);
    ASSERT_TRUE(gate.receive(buffer));
  }
  gate.block(0);
  EXPECT_EQ(gate.poll()->channel, 1u);
  EXPECT_FALSE(gate.poll().has_value());
  gate.unblock_all();
  EXPECT_EQ(gate.poll()->channel, 0u);
}

}  // namespace
}  // namespace onceproof::tests
