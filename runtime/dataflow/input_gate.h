// SPDX-License-Identifier: Apache-2.0
// A task's input: one channel a producer subtask, each with its received buffers and its own partial record.
// A blocked channel keeps its buffers (alignment); credit goes back only for consumed ones, so blocking reaches
// the producer as back-pressure. Owned and called by its task only. (Flink: SingleInputGate, RemoteInputChannel.)
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "runtime/dataflow/buffer_queue.h"
#include "runtime/dataflow/element.h"
#include "runtime/dataflow/messages.h"
#include "runtime/env/env.h"

namespace onceproof::dataflow {

class InputGate {
 public:
  InputGate(env::Network& network, const graph::ChannelConfig& config, std::vector<InputDescriptor> inputs);

  void request_partitions();                 // once, at start
  void request_partition(uint32_t channel);  // again, when the producer was not there yet

  // Queues one buffer; false when its sequence number shows a gap or its header is none that a producer writes.
  [[nodiscard]] bool receive(Bytes buffer);

  struct Next {
    uint32_t channel = 0;
    Bytes buffer;
  };
  // The next buffer of a channel that is not blocked, channels in turn; empty when there is none.
  std::optional<Next> poll();
  bool has_input() {
    drop_blocked();
    return !ready_.empty();
  }

  // Calls on_record / on_watermark for each element that `buffer` completes on its channel; false at the first one
  // that is none.
  template <class OnRecord, class OnWatermark>
  [[nodiscard]] bool read(const Next& next, OnRecord on_record, OnWatermark on_watermark);

  void block(uint32_t channel);
  void unblock_all();
  uint32_t channels() const { return static_cast<uint32_t>(channels_.size()); }
  const InputDescriptor& descriptor(uint32_t channel) const { return channels_[channel].input; }

 private:
  struct Channel {
    InputDescriptor input;
    BufferQueue queue;
    Bytes partial;  // the beginning of a record that spans buffers
    uint32_t expected_sequence = 0;
    uint32_t owed_credit = 0;
    bool blocked = false;
    bool listed = false;  // in ready_
  };
  void list(uint32_t channel);
  void drop_blocked();
  void return_credit(Channel& channel);
  template <class OnRecord, class OnWatermark>
  static bool deliver(ByteView element, OnRecord& on_record, OnWatermark& on_watermark);

  env::Network& network_;
  const graph::ChannelConfig config_;
  std::vector<Channel> channels_;
  // Every channel that has buffers and is not blocked, each once, the one that waits longest in front. A channel that
  // is blocked while it stands here stays until it comes to the front.
  std::deque<uint32_t> ready_;
  std::vector<uint32_t> blocked_;
};

template <class OnRecord, class OnWatermark>
bool InputGate::deliver(ByteView element, OnRecord& on_record, OnWatermark& on_watermark) {
  switch (static_cast<ElementTag>(element.front())) {
    case ElementTag::record: {
      RecordView record;
      if (!load_record(element, record)) return false;
      on_record(record);
      return true;
    }
    case ElementTag::watermark: {
      TimeUs timestamp_us = 0;
      if (!load_watermark(element, timestamp_us)) return false;
      on_watermark(timestamp_us);
      return true;
    }
  }
  return false;
}

template <class OnRecord, class OnWatermark>
bool InputGate::read(const Next& next, OnRecord on_record, OnWatermark on_watermark) {
  Bytes& partial = channels_[next.channel].partial;
  ByteView in = ByteView(next.buffer).substr(kBufferHeader);
  while (!in.empty()) {
    if (partial.empty() && in.size() >= 4) {  // the fast path: a whole element inside this buffer
      const uint32_t size = load<uint32_t>(in.data());
      if (size == 0) return false;
      if (in.size() - 4 >= size) {
        if (!deliver(in.substr(4, size), on_record, on_watermark)) return false;
        in.remove_prefix(4 + size);
        continue;
      }
    }
    const size_t wanted = partial.size() < 4 ? 4 - partial.size() : 4 + load<uint32_t>(partial.data()) - partial.size();
    const size_t part = wanted < in.size() ? wanted : in.size();
    partial.append(in.substr(0, part));
    in.remove_prefix(part);
    if (partial.size() >= 4 && load<uint32_t>(partial.data()) > kMaxElement) return false;
    if (partial.size() < 4 || partial.size() < 4 + size_t{load<uint32_t>(partial.data())}) continue;
    if (partial.size() == 4) return false;  // an element of size 0
    if (!deliver(ByteView(partial).substr(4), on_record, on_watermark)) return false;
    partial.clear();
  }
  return true;
}

}  // namespace onceproof::dataflow
