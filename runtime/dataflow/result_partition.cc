// SPDX-License-Identifier: Apache-2.0
#include "runtime/dataflow/result_partition.h"

#include <algorithm>

namespace onceproof::dataflow {

using env::MailKind;

ResultPartition::ResultPartition(env::Network& network, const graph::ChannelConfig& config, uint32_t subpartitions)
    : network_(network), config_(config), subpartitions_(subpartitions) {}

void ResultPartition::append(Subpartition& subpartition, const char* data, size_t size) {
  const size_t limit = kBufferHeader + config_.buffer_bytes;
  while (size > 0) {
    if (subpartition.open.empty()) {
      subpartition.open.reserve(limit);
      subpartition.open.resize(kBufferHeader);
    }
    const size_t part = std::min(size, limit - subpartition.open.size());
    subpartition.open.append(data, part);
    data += part;
    size -= part;
    if (subpartition.open.size() == limit) finish_open(subpartition);
  }
  unflushed_ = true;
}

void ResultPartition::emit(uint32_t index, const RecordView& record) {
  Subpartition& subpartition = subpartitions_[index];
  char header[kRecordHeader];
  store_record_header(header, record);
  const size_t limit = kBufferHeader + config_.buffer_bytes;
  if (!subpartition.open.empty() && subpartition.open.size() + element_size(record) < limit) {
    subpartition.open.append(header, sizeof header).append(record.key).append(record.value);
    subpartition.open.append(record.lineage.raw());
    unflushed_ = true;
    return;
  }
  append(subpartition, header, sizeof header);
  append(subpartition, record.key.data(), record.key.size());
  append(subpartition, record.value.data(), record.value.size());
  append(subpartition, record.lineage.raw().data(), record.lineage.raw().size());
}

void ResultPartition::emit_watermark(TimeUs timestamp_us) {
  char element[kElementHeader];
  store_watermark(element, timestamp_us);
  for (Subpartition& subpartition : subpartitions_) append(subpartition, element, sizeof element);
}

void ResultPartition::finish_open(Subpartition& subpartition) {
  if (subpartition.open.empty()) return;
  BufferHeader header;
  header.kind = BufferKind::data;
  store(subpartition.open.data(), header);
  subpartition.queue.push_back(std::move(subpartition.open));
  subpartition.open.clear();
  ++queued_;
  drain(subpartition);
}

void ResultPartition::broadcast_event(BufferKind kind, uint64_t checkpoint, TimeUs timestamp_us,
                                      bool final_checkpoint) {
  for (Subpartition& subpartition : subpartitions_) {
    finish_open(subpartition);
    BufferHeader header;
    header.kind = kind;
    header.checkpoint = checkpoint;
    header.timestamp_us = timestamp_us;
    header.final_checkpoint = final_checkpoint ? 1 : 0;
    Bytes event(kBufferHeader, '\0');
    store(event.data(), header);
    subpartition.queue.push_back(std::move(event));
    ++queued_;
    drain(subpartition);
  }
}

void ResultPartition::flush() {
  if (!unflushed_) return;
  unflushed_ = false;
  for (Subpartition& subpartition : subpartitions_) finish_open(subpartition);
}

void ResultPartition::drain(Subpartition& subpartition) {
  while (subpartition.connected && !subpartition.queue.empty()) {
    Bytes& front = subpartition.queue.front();
    BufferHeader header = load<BufferHeader>(front.data());
    if (header.kind == BufferKind::data) {
      if (subpartition.credit == 0) return;
      --subpartition.credit;
    }
    header.channel = subpartition.channel;
    header.sequence = subpartition.next_sequence++;
    header.backlog = static_cast<uint16_t>(std::min<size_t>(subpartition.queue.size() - 1, 0xffff));
    store(front.data(), header);
    network_.send(subpartition.consumer, MailKind::buffer, std::move(front));
    subpartition.queue.pop_front();
    --queued_;
  }
}

bool ResultPartition::on_partition_request(const PartitionRequest& request, const env::Address& consumer) {
  if (request.subpartition >= subpartitions_.size()) return false;
  Subpartition& subpartition = subpartitions_[request.subpartition];
  if (subpartition.connected) return false;  // a repeated request: the first one was answered
  const bool was_available = available();
  subpartition.connected = true;
  subpartition.consumer = consumer;
  subpartition.channel = request.channel;
  subpartition.credit = request.credit;
  drain(subpartition);
  return !was_available && available();
}

bool ResultPartition::on_add_credit(const AddCredit& grant) {
  if (grant.subpartition >= subpartitions_.size()) return false;
  const bool was_available = available();
  subpartitions_[grant.subpartition].credit += grant.credit;
  drain(subpartitions_[grant.subpartition]);
  return !was_available && available();
}

void ResultPartition::close() {
  for (Subpartition& subpartition : subpartitions_) {
    if (!subpartition.connected) continue;
    network_.send(subpartition.consumer, MailKind::channel_closed, encode(ChannelClosed{subpartition.channel}));
  }
}

}  // namespace onceproof::dataflow
