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
  const PartitionRequest request{input.subpartition, channel, config_.exclusive_buffers};
  network_.send(input.producer, MailKind::partition_request, encode(request));
}

bool InputGate::receive(Bytes buffer) {
  if (buffer.size() < kBufferHeader) return false;
  const auto header = load<BufferHeader>(buffer.data());
  if (header.channel >= channels_.size()) return false;
  Channel& channel = channels_[header.channel];
  if (header.sequence != channel.expected_sequence) return false;
  ++channel.expected_sequence;
  channel.queue.push_back(std::move(buffer));
  return true;
}

bool InputGate::has_input() const {
  for (const Channel& channel : channels_) {
    if (!channel.blocked && !channel.queue.empty()) return true;
  }
  return false;
}

std::optional<InputGate::Next> InputGate::poll() {
  for (uint32_t tried = 0; tried < channels_.size(); ++tried) {
    const uint32_t index = next_channel_;
    next_channel_ = (next_channel_ + 1) % channels();
    Channel& channel = channels_[index];
    if (channel.blocked || channel.queue.empty()) continue;
    Next next{index, std::move(channel.queue.front())};
    channel.queue.pop_front();
    if (load<BufferHeader>(next.buffer.data()).kind == BufferKind::data) return_credit(channel);
    return next;
  }
  return std::nullopt;
}

// Half of the window at a time: one message for several buffers.
void InputGate::return_credit(Channel& channel) {
  if (++channel.owed_credit * 2 < config_.exclusive_buffers) return;
  const AddCredit grant{channel.input.subpartition, std::exchange(channel.owed_credit, 0)};
  network_.send(channel.input.producer, MailKind::add_credit, encode(grant));
}

void InputGate::unblock_all() {
  for (Channel& channel : channels_) channel.blocked = false;
}

}  // namespace onceproof::dataflow
