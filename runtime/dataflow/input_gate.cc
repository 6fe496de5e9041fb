// SPDX-License-Identifier: Apache-2.0
#include "runtime/dataflow/input_gate.h"

#include <utility>

namespace onceproof::dataflow {

using env::MailKind;

InputGate::InputGate(env::Network& network, const graph::ChannelConfig& config, std::vector<InputDescriptor> inputs)
    : network_(network), config_(config) {
  for (InputDescriptor& input : inputs) {
    Channel channel;
    channel.input = input;
    channels_.push_back(std::move(channel));
  }
}

void InputGate::request_partitions() {
  for (uint32_t channel = 0; channel < channels_.size(); ++channel) request_partition(channel);
}

void InputGate::request_partition(uint32_t channel) {
  const InputDescriptor& input = channels_[channel].input;
  const PartitionRequest request{input.source, channel, config_.exclusive_buffers};
  network_.send(input.producer, MailKind::partition_request, encode(request));
}

bool InputGate::receive(Bytes buffer) {
  if (buffer.size() < kBufferHeader) return false;
  const auto header = load<BufferHeader>(buffer.data());
  if (header.channel >= channels_.size() || header.kind > kLastBufferKind) return false;
  if (header.kind != BufferKind::data && buffer.size() != kBufferHeader) return false;
  Channel& channel = channels_[header.channel];
  if (header.sequence != channel.expected_sequence) return false;
  ++channel.expected_sequence;
  channel.queue.push(std::move(buffer));
  list(header.channel);
  return true;
}

void InputGate::list(uint32_t index) {
  Channel& channel = channels_[index];
  if (channel.listed || channel.blocked || channel.queue.empty()) return;
  channel.listed = true;
  ready_.push_back(index);
}

void InputGate::drop_blocked() {
  while (!ready_.empty() && channels_[ready_.front()].blocked) {
    channels_[ready_.front()].listed = false;
    ready_.pop_front();
  }
}

std::optional<InputGate::Next> InputGate::poll() {
  drop_blocked();
  if (ready_.empty()) return std::nullopt;
  const uint32_t index = ready_.front();
  ready_.pop_front();
  Channel& channel = channels_[index];
  Next next{index, channel.queue.pop()};
  channel.listed = false;
  list(index);
  if (load<BufferHeader>(next.buffer.data()).kind == BufferKind::data) return_credit(channel);
  return next;
}

// One message for more than half of the window: a producer that has used all of its credit always gets some back, also
// where the window is one buffer.
void InputGate::return_credit(Channel& channel) {
  if (++channel.owed_credit * 2 <= config_.exclusive_buffers) return;
  const AddCredit grant{channel.input.source, std::exchange(channel.owed_credit, 0)};
  network_.send(channel.input.producer, MailKind::add_credit, encode(grant));
}

void InputGate::block(uint32_t channel) {
  if (channels_[channel].blocked) return;
  channels_[channel].blocked = true;
  blocked_.push_back(channel);
}

void InputGate::unblock_all() {
  for (const uint32_t channel : blocked_) {
    channels_[channel].blocked = false;
    list(channel);
  }
  blocked_.clear();
}

}  // namespace onceproof::dataflow
