// SPDX-License-Identifier: Apache-2.0
// Log source: reads its share of a topic's partitions (partition % parallelism == subtask), bounded by the end
// offsets found at the start. Emits the watermark that its slowest split allows. Positions are either state (with
// the checkpoint) or committed to the log's group before their records are emitted (at-most-once; a later member of
// the same instance id fences this one, KIP-345).
#pragma once

#include <memory>
#include <vector>

#include "runtime/dataflow/operator.h"

namespace onceproof::connectors {

class LogSource : public dataflow::SourceOperator {
 public:
  explicit LogSource(dataflow::TaskContext& context);
  void open(ByteView restored, dataflow::Ready ready) override;
  bool poll() override;
  bool at_end() const override;
  void snapshot(Bytes& state) const override;

 private:
  struct Split {
    int32_t partition = 0;
    int64_t next_offset = 0;  // of the next record to emit: what a checkpoint stores
    int64_t end_offset = 0;
    TimeUs watermark_us = kMinTimeUs;
    bool fetching = false;
    Bytes batch;  // being emitted: stored records from `cursor` on
    size_t cursor = 0;
    int64_t batch_end = 0;  // next_offset once the batch is emitted
    bool has_batch = false;
  };
  void join_group();
  void load_committed(size_t index);
  void load_end(size_t index);
  void fetch(size_t index);
  void on_fetched(size_t index, Result<env::FetchResult> result);
  bool emit_some(Split& split, int& budget);
  void emit_watermark();
  bool finished(const Split& split) const { return split.next_offset >= split.end_offset; }
  env::TopicPartition topic_partition(const Split& split) const;

  dataflow::TaskContext& context_;
  const graph::SourceConfig& config_;
  std::unique_ptr<env::Log> log_;
  std::string instance_id_;
  uint64_t member_epoch_ = 0;
  std::vector<Split> splits_;
  size_t opening_ = 0;
  bool opened_ = false;
  size_t next_split_ = 0;
  TimeUs watermark_us_ = kMinTimeUs;
  dataflow::Ready ready_;
};

}  // namespace onceproof::connectors
