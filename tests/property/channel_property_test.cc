// SPDX-License-Identifier: Apache-2.0
// The channel's law: whatever is emitted on one side comes out on the other, once and in order, for every buffer
// size (records span buffers), every credit and every interleaving of sending and reading. Of watermarks with no
// record between them the last one has to come.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "runtime/dataflow/input_gate.h"
#include "runtime/dataflow/result_partition.h"
#include "tests/support/fake_env.h"

namespace onceproof::tests {
namespace {

using env::MailKind;

// One producer with one subpartition, one consumer with one channel; mails are carried by hand, in order.
struct Pipe {
  explicit Pipe(const graph::ChannelConfig& config)
      : exclusive_buffers(config.exclusive_buffers),
        partition(producer.network(), config, 1), gate(consumer.network(), config, {{{1, 100}, {}}}) {
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
    for (Sent& message : producer.sent) {
      under_way += is_data(message.body) ? 1 : 0;
      RC_ASSERT(gate.receive(std::move(message.body)));
    }
    producer.sent.clear();
    RC_ASSERT(under_way <= exclusive_buffers);  // nobody sends more than was granted
  }
  static bool is_data(const Bytes& buffer) {
    return load<dataflow::BufferHeader>(buffer.data()).kind == dataflow::BufferKind::data;
  }
  bool read_one(std::vector<std::string>& out) {
    auto next = gate.poll();
    if (!next) return false;
    const auto header = load<dataflow::BufferHeader>(next->buffer.data());
    if (header.kind != dataflow::BufferKind::data) {
      if (header.watermark_us > kMinTimeUs) out.push_back("w" + std::to_string(header.watermark_us));
      if (header.kind == dataflow::BufferKind::barrier) out.push_back("b" + std::to_string(header.checkpoint));
      return true;
    }
    --under_way;
    RC_ASSERT(gate.read(
        *next,
        [&](const dataflow::RecordView& r) {
          out.push_back(std::string(r.key) + "|" + std::string(r.value) + "|" + std::to_string(r.timestamp_us) + "|" +
                        std::to_string(r.lineage.count()));
        },
        [&](TimeUs watermark) { out.push_back("w" + std::to_string(watermark)); }));
    return true;
  }

  const uint32_t exclusive_buffers;
  uint32_t under_way = 0;  // data buffers that arrived and were not read
  FakeEnv producer, consumer;
  dataflow::ResultPartition partition;
  dataflow::InputGate gate;
};

// What is left when only the last of several watermarks in a row has to come.
std::vector<std::string> coalesced(const std::vector<std::string>& elements) {
  std::vector<std::string> left;
  for (const std::string& element : elements) {
    if (!left.empty() && left.back().front() == 'w' && element.front() == 'w') left.pop_back();
    left.push_back(element);
  }
  return left;
}

TEST(Channel, DeliversEveryElementOnceAndInOrder) {
  EXPECT_TRUE(rc::check([] {
    graph::ChannelConfig config;
    config.buffer_bytes = *rc::gen::inRange<uint32_t>(1, 200);
    config.exclusive_buffers = *rc::gen::inRange<uint32_t>(1, 5);
    Pipe pipe(config);
    std::vector<std::string> expected, got;
    const int steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
      switch (*rc::gen::inRange(0, 8)) {
        case 0:
          pipe.partition.emit_watermark(i);
          expected.push_back("w" + std::to_string(i));
          break;
        case 1: pipe.carry_to_consumer(); break;
        case 2: pipe.read_one(got); break;
        case 3: pipe.carry_to_producer(); break;
        case 4: pipe.partition.flush(); break;
        case 5: pipe.partition.flush(milliseconds(i)); break;
        case 6:
          pipe.partition.broadcast_event(dataflow::BufferKind::barrier, static_cast<uint64_t>(i), 0);
          expected.push_back("b" + std::to_string(i));
          break;
        default: {
          const auto key = "k" + *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
          const auto value = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
          const std::string positions(8 * static_cast<size_t>(*rc::gen::inRange(0, 3)), 'p');
          pipe.partition.emit(0, {key, value, i, LineageView(positions)});
          expected.push_back(key + "|" + value + "|" + std::to_string(i) + "|" + std::to_string(positions.size() / 8));
        }
      }
    }
    while (const auto after_us = pipe.partition.flush_after(seconds(1))) pipe.partition.flush(seconds(1) + *after_us);
    for (bool moved = true; moved;) {
      pipe.carry_to_producer();
      pipe.carry_to_consumer();
      moved = pipe.read_one(got);
    }
    RC_ASSERT(coalesced(got) == coalesced(expected));
  }));
}

// However the consumer's reading and its blocking interleave: a channel that has credit owed to it never waits for it
// in vain, and no channel waits behind the same other one twice.
TEST(Channel, NoChannelStarvesAndEachKeepsItsOrder) {
  EXPECT_TRUE(rc::check([] {
    graph::ChannelConfig config;
    config.buffer_bytes = 8;
    config.exclusive_buffers = *rc::gen::inRange<uint32_t>(1, 4);
    const auto channels = *rc::gen::inRange<uint32_t>(1, 5);
    FakeEnv consumer;
    std::vector<dataflow::InputDescriptor> inputs;
    std::vector<std::unique_ptr<FakeEnv>> worlds;
    std::vector<std::unique_ptr<dataflow::ResultPartition>> partitions;
    for (uint32_t channel = 0; channel < channels; ++channel) {
      inputs.push_back({{1, 100 + channel}, {}});
      worlds.push_back(std::make_unique<FakeEnv>());
      partitions.push_back(std::make_unique<dataflow::ResultPartition>(
          static_cast<env::Env&>(*worlds.back()).network(), config, 1));
      partitions.back()->on_partition_request({{}, channel, config.exclusive_buffers}, {2, 200});
    }
    dataflow::InputGate gate(static_cast<env::Env&>(consumer).network(), config, inputs);
    std::vector<int> emitted(channels), read(channels);
    const auto carry = [&] {
      for (const Sent& message : consumer.sent) {
        dataflow::AddCredit grant;
        RC_ASSERT(decode(message.body, grant));
        partitions[message.to.endpoint - 100]->on_add_credit(grant);
      }
      consumer.sent.clear();
      for (uint32_t channel = 0; channel < channels; ++channel) {
        for (Sent& message : worlds[channel]->sent) RC_ASSERT(gate.receive(std::move(message.body)));
        worlds[channel]->sent.clear();
      }
    };
    const auto read_one = [&] {
      const auto next = gate.poll();
      if (!next) return false;
      RC_ASSERT(gate.read(
          *next, [&](const dataflow::RecordView& r) { RC_ASSERT(r.timestamp_us == read[next->channel]++); },
          [](TimeUs) {}));
      return true;
    };
    for (int steps = *rc::gen::inRange(0, 80); steps > 0; --steps) {
      const auto channel = *rc::gen::inRange<uint32_t>(0, channels);
      switch (*rc::gen::inRange(0, 6)) {
        case 0: gate.block(channel); break;
        case 1: gate.unblock_all(); break;
        case 2: carry(); break;
        case 3: read_one(); break;
        default:
          partitions[channel]->emit(0, {"key", "value", emitted[channel]++, {}});
          partitions[channel]->flush();
      }
    }
    gate.unblock_all();
    do carry();
    while (read_one());
    RC_ASSERT(read == emitted);
    RC_ASSERT(!gate.has_input());
  }));
}

TEST(Channel, BuffersOfEqualChannelsTakeTurns) {
  graph::ChannelConfig config;
  FakeEnv consumer;
  dataflow::InputGate gate(consumer.network(), config, {{{1, 100}, 0}, {{1, 101}, 0}});
  for (uint32_t channel = 0; channel < 2; ++channel) {
    for (uint32_t sequence = 0; sequence < 3; ++sequence) {
      dataflow::BufferHeader header;
      header.channel = channel;
      header.sequence = sequence;
      Bytes buffer(dataflow::kBufferHeader, '\0');
      store(buffer.data(), header);
      ASSERT_TRUE(gate.receive(buffer));
    }
  }
  for (uint32_t turn = 0; turn < 6; ++turn) EXPECT_EQ(gate.poll()->channel, turn % 2);
}

// One watermark for many consumers: it goes along with data, or alone where there are none, and then not often.
TEST(Channel, WatermarksTravelInCompanyOrSeldom) {
  graph::ChannelConfig config;
  FakeEnv producer;
  dataflow::ResultPartition partition(producer.network(), config, 64);
  for (uint32_t subpartition = 0; subpartition < 64; ++subpartition) {
    partition.on_partition_request({{0, subpartition}, 0, 2}, {2, 200 + subpartition});
  }
  const TimeUs end_us = 10 * 64 * config.lone_watermark_us;
  for (TimeUs now_us = 0; now_us < end_us; now_us += milliseconds(10)) {
    partition.emit_watermark(now_us);
    partition.flush(now_us);
  }
  EXPECT_EQ(producer.sent.size(), 64u * 10u) << "64 consumers: every 64 times the interval";
  producer.sent.clear();
  partition.emit_watermark(end_us + 1);
  partition.emit(5, {"key", "value", 0, {}});
  partition.emit_watermark(end_us + 2);
  partition.flush(end_us);
  ASSERT_EQ(producer.sent.size(), 64u) << "data are never held back, and its consumer gets no second message";
  partition.broadcast_event(dataflow::BufferKind::barrier, 1, 0);
  EXPECT_FALSE(partition.flush_after(end_us).has_value()) << "the barrier took the watermark along";
}

// A damaged buffer is refused, waits for a rest that never comes, or is read as other contents of the same shape; it
// never leads outside itself.
TEST(Channel, NoSingleBitFlipLeadsOutsideTheBuffer) {
  graph::ChannelConfig config;
  FakeEnv producer;
  dataflow::ResultPartition partition(producer.network(), config, 1);
  partition.on_partition_request({{}, 0, 2}, {2, 200});
  partition.emit(0, {"key", "value", 7, LineageView("12345678abcdefgh")});
  partition.emit_watermark(9);
  partition.emit(0, {"", "", 8, {}});
  partition.flush();
  const Bytes intact = producer.sent.back().body;
  std::map<std::string, int> outcomes;
  for (size_t bit = 0; bit < intact.size() * 8; ++bit) {
    Bytes damaged = intact;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    FakeEnv consumer;
    dataflow::InputGate gate(consumer.network(), config, {{{1, 100}, {}}});
    if (!gate.receive(damaged)) {
      ++outcomes["refused"];
      continue;
    }
    const auto next = gate.poll();
    if (load<dataflow::BufferHeader>(next->buffer.data()).kind != dataflow::BufferKind::data) continue;
    int elements = 0;
    size_t bytes = 0;
    const bool ok = gate.read(
        *next,
        [&](const dataflow::RecordView& r) {
          ++elements;
          bytes += dataflow::element_size(r);
        },
        [&](TimeUs) {
          ++elements;
          bytes += dataflow::kElementHeader;
        });
    EXPECT_LE(bytes, intact.size() - dataflow::kBufferHeader) << "bit " << bit;
    EXPECT_LE(elements, 3) << "bit " << bit;
    ++outcomes[!ok ? "does not decode" : elements < 3 ? "waits" : "read"];
  }
  EXPECT_GT(outcomes["refused"], 0);
  EXPECT_GT(outcomes["does not decode"], 32) << "among them every size that is too large";
  EXPECT_GT(outcomes["read"], 0);
}

TEST(Channel, AnElementWhoseSizesContradictItIsNoElement) {
  const Bytes element = [] {
    const dataflow::RecordView record{"key", "value", 7, LineageView("12345678")};
    Bytes whole(dataflow::element_size(record), '\0');
    dataflow::store_record(whole.data(), record);
    return whole.substr(4);
  }();
  dataflow::RecordView record;
  ASSERT_TRUE(dataflow::load_record(element, record));
  EXPECT_EQ(record.value, "value");
  for (size_t cut = 0; cut < element.size(); ++cut) {
    if (dataflow::load_record(ByteView(element).substr(0, cut), record)) {
      EXPECT_GE(cut, dataflow::kRecordHeader - 4 + 3 + 8) << "only the value has no size of its own";
    }
  }
  for (const size_t at : {size_t{9}, size_t{13}}) {  // the key's size, the number of positions
    Bytes damaged = element;
    store(damaged.data() + at, UINT32_MAX);
    EXPECT_FALSE(dataflow::load_record(damaged, record));
  }
  TimeUs watermark_us = 0;
  EXPECT_FALSE(dataflow::load_watermark("\2", watermark_us));
}

TEST(Channel, AnEventWithABodyOrAnUnknownKindIsRefused) {
  graph::ChannelConfig config;
  FakeEnv consumer;
  dataflow::InputGate gate(consumer.network(), config, {{{1, 100}, {}}});
  dataflow::BufferHeader header;
  header.kind = dataflow::BufferKind::barrier;
  Bytes buffer(dataflow::kBufferHeader + 1, '\0');
  store(buffer.data(), header);
  EXPECT_FALSE(gate.receive(buffer));
  header.kind = static_cast<dataflow::BufferKind>(static_cast<uint32_t>(dataflow::kLastBufferKind) + 1);
  buffer.resize(dataflow::kBufferHeader);
  store(buffer.data(), header);
  EXPECT_FALSE(gate.receive(buffer));
}

TEST(Channel, AGapInTheSequenceIsRefused) {
  graph::ChannelConfig config;
  FakeEnv consumer;
  dataflow::InputGate gate(consumer.network(), config, {{{1, 100}, {}}});
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
  partition.on_partition_request({{}, 0, 1}, {2, 200});
  partition.emit(0, {"key", "a value that fills several buffers", 0, {}});
  partition.broadcast_event(dataflow::BufferKind::barrier, 1);
  EXPECT_FALSE(partition.drained());
  EXPECT_EQ(producer.sent.size(), 1u);  // one credit, one buffer; the barrier keeps its place behind the data
  partition.on_add_credit({{}, 100});
  const auto last = load<dataflow::BufferHeader>(producer.sent.back().body.data());
  EXPECT_EQ(last.kind, dataflow::BufferKind::barrier);
  EXPECT_TRUE(partition.drained());
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
  EXPECT_TRUE(partition.on_partition_request({{}, 0, 100}, {2, 200}));
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
