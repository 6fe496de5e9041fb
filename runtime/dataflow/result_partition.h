// SPDX-License-Identifier: Apache-2.0
// A task's output: one subpartition a consumer, each a queue of buffers that leave when the consumer has
// granted credit (Flink: PipelinedSubpartition, credit-based flow control). Events need no credit but keep their
// place. Owned and called by its task only.
#pragma once

#include <deque>
#include <vector>

#include "runtime/dataflow/element.h"
#include "runtime/dataflow/messages.h"
#include "runtime/env/env.h"

namespace onceproof::dataflow {

class ResultPartition {
 public:
  ResultPartition(env::Network& network, const graph::ChannelConfig& config, uint32_t subpartitions);

  // Appends behind what the subpartition already holds; the buffer leaves when full, flushed or followed by an event.
  void emit(uint32_t subpartition, const RecordView& record);
  void emit_watermark(TimeUs timestamp_us);  // to every subpartition
  void broadcast_event(BufferKind kind, uint64_t checkpoint, TimeUs timestamp_us, bool final_checkpoint);
  void flush();  // half-filled buffers leave too
  void close();  // tells every consumer that this attempt is gone

  // Below the pool's limit: the task may take more input. One record may overdraw it, as in Flink.
  bool available() const { return queued_ < config_.pool_buffers; }
  bool has_unflushed() const { return unflushed_; }
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
    Bytes open;               // being filled; starts with room for the header
    std::deque<Bytes> queue;  // finished
  };
  void append(Subpartition& subpartition, const char* data, size_t size);
  void finish_open(Subpartition& subpartition);
  void drain(Subpartition& subpartition);

  env::Network& network_;
  const graph::ChannelConfig config_;
  std::vector<Subpartition> subpartitions_;
  uint32_t queued_ = 0;
  bool unflushed_ = false;
};

}  // namespace onceproof::dataflow
