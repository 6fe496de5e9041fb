// SPDX-License-Identifier: Apache-2.0
// A task's output: one subpartition a consumer, each a queue of buffers that leave when the consumer has
// granted credit (Flink: PipelinedSubpartition, credit-based flow control). Events need no credit but keep their
// place. A watermark is for every consumer: it travels with the data or the event that leaves next, and alone only
// where nothing else leaves in time; of several that wait the last one stays. Owned and called by its task only.
#pragma once

#include <optional>
#include <vector>

#include "runtime/dataflow/buffer_queue.h"
#include "runtime/dataflow/element.h"
#include "runtime/dataflow/messages.h"
#include "runtime/env/env.h"

namespace onceproof::dataflow {

class ResultPartition {
 public:
  ResultPartition(env::Network& network, const graph::ChannelConfig& config, uint32_t subpartitions);

  // Appends behind what the subpartition already holds; the buffer leaves when full, flushed or followed by an event.
  void emit(uint32_t subpartition, const RecordView& record);
  void emit_watermark(TimeUs timestamp_us) { watermark_us_ = timestamp_us; }  // to every subpartition; ascending
  // Behind everything that was emitted, watermarks included.
  void broadcast_event(BufferKind kind, uint64_t checkpoint = 0, TimeUs timestamp_us = 0);
  void flush();               // half-filled buffers leave too
  void flush(TimeUs now_us);  // and, when their time has come, watermarks that have found no company
  void close();               // tells every consumer that this attempt is gone

  // How long what is unflushed may wait for flush(now_us); empty: nothing is.
  std::optional<DurationUs> flush_after(TimeUs now_us) const;

  // Below the pool's limit: the task may take more input. One record may overdraw it, as in Flink.
  bool available() const { return queued_data_ < config_.pool_buffers; }
  bool drained() const { return queued_ == 0; }  // everything finished was sent
  uint32_t subpartitions() const { return static_cast<uint32_t>(subpartitions_.size()); }

  // Both: true when output that was not available became so, and the task may take input again.
  bool on_partition_request(const PartitionRequest& request, const env::Address& consumer);
  bool on_add_credit(const AddCredit& grant);

 private:
  struct Subpartition {
    env::Address consumer;
    bool connected = false;
    uint32_t channel = 0;
    uint32_t credit = 0;
    uint32_t next_sequence = 0;
    TimeUs watermark_us = kMinTimeUs;  // the last one that was written
    Bytes open;                        // being filled; starts with room for the header
    size_t used = 0;                   // of open; 0: nothing has been put there
    BufferQueue queue;                 // finished
  };
  char* room(Subpartition& subpartition, size_t size);
  void fill(Subpartition& subpartition, size_t size);
  void append(Subpartition& subpartition, const char* data, size_t size);
  void append_watermark(Subpartition& subpartition);
  void finish_open(Subpartition& subpartition);
  void push_event(Subpartition& subpartition, BufferHeader header);
  void drain(Subpartition& subpartition);

  env::Network& network_;
  const graph::ChannelConfig config_;
  const size_t limit_;  // of a buffer, with its header
  std::vector<Subpartition> subpartitions_;
  TimeUs watermark_us_ = kMinTimeUs;
  TimeUs flushed_watermark_us_ = kMinTimeUs;  // every subpartition has written this one
  TimeUs lone_watermark_at_us_ = kMinTimeUs;  // watermarks may leave alone from then on
  uint32_t queued_ = 0;                       // buffers in all queues, and
  uint32_t queued_data_ = 0;                  // data buffers among them: events do not use up the pool
  bool open_data_ = false;
};

}  // namespace onceproof::dataflow
