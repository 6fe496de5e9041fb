// SPDX-License-Identifier: Apache-2.0
// Log source: reads its share of a topic's partitions (partition % parallelism == subtask), each up to a stopping
// offset that is found once, at the start of the job, and is part of the state from then on (Flink: the split's
// stoppingOffset): on a topic that grows, a restart does not move the end. Emits the watermark that its slowest split
// allows. Positions are either state (with the checkpoint) or committed to the log's group before their records are
// emitted (at-most-once). Without a checkpoint to restore the end is asked for again: the group has no place for it.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/connectors/group_offsets.h"

namespace onceproof::connectors {

class LogSource : public dataflow::SourceOperator {
 public:
  explicit LogSource(dataflow::TaskContext& context);
  void open(ByteView restored, dataflow::Ready ready) override;
  bool poll() override;
  bool at_end() const override;
  dataflow::StateFormat state_format() const override { return {"log-splits"}; }
  void snapshot(Bytes& state) const override;

 private:
  // opening -> fetching -> (committing ->) emitting -> fetching .. -> finished
  enum class Stage : uint8_t {
    opening,
    fetching,    // waits for the log
    committing,  // has a batch, whose offset is not yet certain in the group
    emitting,    // has a batch
    finished,    // everything before the stopping offset was emitted
  };
  struct Split {
    int32_t partition = 0;
    int64_t next_offset = 0;  // of the next record to emit: what a checkpoint stores
    int64_t end_offset = 0;
    Stage stage = Stage::opening;
    DurationUs wait_us = 0;  // of the present fetch; longer while the partition is idle
    TimeUs watermark_us = kMinTimeUs;
    Bytes batch;  // stored records, emitted up to `cursor`
    size_t cursor = 0;
    int64_t batch_end = 0;  // next_offset once the batch is emitted
  };
  struct SplitState {  // what a snapshot holds of a split
    int64_t next_offset = 0;
    int64_t end_offset = 0;
    template <class Archive>
    void fields(Archive& archive) {
      archive(next_offset, end_offset);
    }
  };
  using State = std::map<int32_t, SplitState>;  // by partition

  void find_ends(const State& restored);
  void opened();
  void fetch(size_t index);
  void on_fetched(size_t index, Result<env::FetchResult> result);
  void emit_some(Split& split, uint32_t& budget);
  void emit_watermark();
  env::TopicPartition topic_partition(const Split& split) const { return {config_.topic, split.partition}; }

  dataflow::TaskContext& context_;
  const graph::SourceConfig& config_;
  std::unique_ptr<env::Log> log_;
  std::unique_ptr<GroupOffsets> group_;  // null: offsets are state
  std::vector<Split> splits_;
  size_t ends_to_find_ = 0;
  bool opened_ = false;
  size_t next_split_ = 0;
  TimeUs watermark_us_ = kMinTimeUs;
  dataflow::Ready ready_;
};

}  // namespace onceproof::connectors
