// SPDX-License-Identifier: Apache-2.0
#include "runtime/dataflow/result_partition.h"

#include <algorithm>

namespace onceproof::dataflow {

using env::MailKind;

namespace {
constexpr size_t kFirstRoom = 512;  // most buffers leave long before they are full
}  // namespace

ResultPartition::ResultPartition(env::Network& network, const graph::ChannelConfig& config, uint32_t subpartitions)
    : network_(network), config_(config), limit_(kBufferHeader + config.buffer_bytes), subpartitions_(subpartitions) {}

// Where the next `size` bytes of the open buffer lie; null when it cannot hold so many.
char* ResultPartition::room(Subpartition& subpartition, size_t size) {
  const size_t used = std::max(subpartition.used, kBufferHeader);
  const size_t wanted = used + size;
  if (wanted > limit_) return nullptr;
  Bytes& open = subpartition.open;
  if (wanted > open.size()) open.resize(std::min(limit_, std::max({wanted, kFirstRoom, 2 * open.size()})));
  return open.data() + used;
}

// They have been written.
void ResultPartition::fill(Subpartition& subpartition, size_t size) {
  subpartition.used = std::max(subpartition.used, kBufferHeader) + size;
  open_data_ = true;
  if (subpartition.used == limit_) finish_open(subpartition);
}

// An element may span buffers.
void ResultPartition::append(Subpartition& subpartition, const char* data, size_t size) {
  while (size > 0) {
    const size_t part = std::min(size, limit_ - std::max(subpartition.used, kBufferHeader));
    std::memcpy(room(subpartition, part), data, part);
    fill(subpartition, part);
    data += part;
    size -= part;
  }
}

void ResultPartition::append_watermark(Subpartition& subpartition) {
  char element[kElementHeader];
  store_watermark(element, watermark_us_);
  subpartition.watermark_us = watermark_us_;
  append(subpartition, element, sizeof element);
}

void ResultPartition::emit(uint32_t index, const RecordView& record) {
  Subpartition& subpartition = subpartitions_[index];
  if (subpartition.watermark_us < watermark_us_) append_watermark(subpartition);
  const size_t size = element_size(record);
  if (char* const to = room(subpartition, size)) {
    store_record(to, record);
    return fill(subpartition, size);
  }
  Bytes element(size, '\0');
  store_record(element.data(), record);
  append(subpartition, element.data(), size);
}

void ResultPartition::finish_open(Subpartition& subpartition) {
  if (subpartition.used == 0) return;
  subpartition.open.resize(subpartition.used);
  subpartition.used = 0;
  store(subpartition.open.data(), BufferHeader{});
  subpartition.queue.push(std::move(subpartition.open));
  subpartition.open.clear();
  ++queued_;
  ++queued_data_;
  drain(subpartition);
}

// The event carries the watermark that is still to be written. A lone one that waits for credit is overtaken by it.
void ResultPartition::push_event(Subpartition& subpartition, BufferHeader header) {
  if (subpartition.watermark_us < watermark_us_) header.watermark_us = subpartition.watermark_us = watermark_us_;
  BufferQueue& queue = subpartition.queue;
  const bool replaces = !queue.empty() && load<BufferHeader>(queue.back().data()).kind == BufferKind::watermark;
  if (replaces) {
    const TimeUs waiting_us = load<BufferHeader>(queue.back().data()).watermark_us;
    header.watermark_us = std::max(header.watermark_us, waiting_us);
    store(queue.back().data(), header);
    return;  // what holds the queue up still does
  }
  Bytes event(kBufferHeader, '\0');
  store(event.data(), header);
  queue.push(std::move(event));
  ++queued_;
  drain(subpartition);
}

void ResultPartition::broadcast_event(BufferKind kind, uint64_t checkpoint, TimeUs timestamp_us) {
  BufferHeader header;
  header.kind = kind;
  header.checkpoint = checkpoint;
  header.timestamp_us = timestamp_us;
  for (Subpartition& subpartition : subpartitions_) {
    finish_open(subpartition);
    push_event(subpartition, header);
  }
  open_data_ = false;
  flushed_watermark_us_ = watermark_us_;
}

void ResultPartition::flush() {
  if (!open_data_) return;
  open_data_ = false;
  for (Subpartition& subpartition : subpartitions_) {
    const bool company = subpartition.used > 0 && subpartition.used + kElementHeader <= limit_;
    if (company && subpartition.watermark_us < watermark_us_) append_watermark(subpartition);
    finish_open(subpartition);
  }
  open_data_ = false;
}

void ResultPartition::flush(TimeUs now_us) {
  flush();
  if (flushed_watermark_us_ == watermark_us_ || now_us < lone_watermark_at_us_) return;
  BufferHeader header;
  header.kind = BufferKind::watermark;
  for (Subpartition& subpartition : subpartitions_) {
    if (subpartition.watermark_us < watermark_us_) push_event(subpartition, header);
  }
  flushed_watermark_us_ = watermark_us_;
  lone_watermark_at_us_ = now_us + config_.lone_watermark_us * subpartitions();
}

std::optional<DurationUs> ResultPartition::flush_after(TimeUs now_us) const {
  if (open_data_) return config_.buffer_timeout_us;
  if (flushed_watermark_us_ == watermark_us_) return std::nullopt;
  return std::max(config_.buffer_timeout_us, lone_watermark_at_us_ - std::min(now_us, lone_watermark_at_us_));
}

void ResultPartition::drain(Subpartition& subpartition) {
  while (subpartition.connected && !subpartition.queue.empty()) {
    BufferHeader header = load<BufferHeader>(subpartition.queue.front().data());
    if (header.kind == BufferKind::data) {
      if (subpartition.credit == 0) return;
      --subpartition.credit;
      --queued_data_;
    }
    --queued_;
    header.channel = subpartition.channel;
    header.sequence = subpartition.next_sequence++;
    Bytes buffer = subpartition.queue.pop();
    store(buffer.data(), header);
    network_.send(subpartition.consumer, MailKind::buffer, std::move(buffer));
  }
}

bool ResultPartition::on_partition_request(const PartitionRequest& request, const env::Address& consumer) {
  if (request.source.subpartition >= subpartitions_.size()) return false;
  Subpartition& subpartition = subpartitions_[request.source.subpartition];
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
  if (grant.source.subpartition >= subpartitions_.size()) return false;
  const bool was_available = available();
  subpartitions_[grant.source.subpartition].credit += grant.credit;
  drain(subpartitions_[grant.source.subpartition]);
  return !was_available && available();
}

void ResultPartition::close() {
  for (Subpartition& subpartition : subpartitions_) {
    if (!subpartition.connected) continue;
    network_.send(subpartition.consumer, MailKind::channel_closed, encode(ChannelClosed{subpartition.channel}));
  }
}

}  // namespace onceproof::dataflow
