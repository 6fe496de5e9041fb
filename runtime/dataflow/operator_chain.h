// SPDX-License-Identifier: Apache-2.0
// The operators of one task, a tree: its head reads the task's channels or is a source, its leaves are sinks and result
// partitions (Flink: OperatorChain). Owned and called by its task only, inside the task's mails.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "runtime/dataflow/partitioners.h"
#include "runtime/dataflow/program.h"
#include "runtime/dataflow/result_partition.h"

namespace onceproof::dataflow {

class OperatorChain {
 public:
  // `runs` false: the subtask had finished in the restored checkpoint. Nothing comes and nothing is kept: it only says
  // to its consumers that it is at its end.
  OperatorChain(TaskContext& task, const Program& program, bool runs);
  ~OperatorChain();

  // ---- what flows ----
  SourceOperator* source() { return source_.get(); }  // null: the head reads channels
  void emit(uint32_t port, const RecordView& record);
  void emit_watermark(TimeUs watermark_us);
  // Records and bytes that came in since it was asked last.
  std::pair<uint64_t, uint64_t> take_work();

  // ---- life ----
  // Gives every operator its state. Then open() answers once for each of opens() parts, sinks before the source: what a
  // sink has to commit is committed before anything new is written.
  Status restore(RestoredStates states);
  int opens() const { return static_cast<int>(sinks_.size()) + (source_ ? 1 : 0); }
  void open(const Ready& opened);
  void finish(Ready acknowledged);  // the data are over: once every sink's outside has acknowledged everything
  void close();                     // the attempt ends before its time

  // ---- checkpoints ----
  // Appends the state; `flushed` is called once the outside of every sink has acknowledged it, possibly at once.
  void snapshot(uint64_t checkpoint, Bytes& state, Ready flushed);
  void checkpoint_complete(uint64_t checkpoint, Ready committed);
  void retry(size_t sink) { sinks_.at(sink)->retry(); }
  bool has_sinks() const { return !sinks_.empty(); }
  bool sinks_available() const;

  // ---- result partitions ----
  ResultPartition* partition(uint32_t index) { return index < partitions_.size() ? partitions_[index].get() : nullptr; }
  bool has_partitions() const { return !partitions_.empty(); }
  bool available() const;  // the task may take more input
  bool drained() const;
  void broadcast_event(BufferKind kind, uint64_t checkpoint = 0, TimeUs timestamp_us = 0);
  void flush_partitions();
  void flush(TimeUs now_us);  // what has waited for long enough: buffers, batches of sinks
  std::optional<DurationUs> flush_after(TimeUs now_us, DurationUs linger_us) const;

 private:
  class NodeContext;
  struct Link;
  struct Meter;
  class FanOut;
  void create(const Program& program, int32_t node);
  void connect();
  Output* readers_of(int32_t node, uint32_t output);
  Output* join(std::vector<Output*> readers);
  StateKind kind_of(const Link& link) const;
  StateFormat format_of(const Link& link) const;

  TaskContext& task_;
  const graph::ExecutionGraph& graph_;
  const graph::Vertex& vertex_;
  std::vector<std::unique_ptr<NodeContext>> contexts_;
  std::unique_ptr<SourceOperator> source_;
  std::vector<std::unique_ptr<SinkOperator>> sinks_;
  std::vector<std::unique_ptr<Operator>> operators_;
  std::vector<Link> links_;  // by place in the chain
  std::vector<std::unique_ptr<ResultPartition>> partitions_;
  std::vector<std::unique_ptr<Partitioner>> partitioners_;
  std::vector<std::unique_ptr<Output>> junctions_;
  std::vector<Meter> meters_;  // by port of the head
  std::vector<Bytes> sink_states_;  // restored, until open()
  Bytes source_state_;
  size_t fenced_ = 0;  // sinks that have fenced what was before them
};

}  // namespace onceproof::dataflow
