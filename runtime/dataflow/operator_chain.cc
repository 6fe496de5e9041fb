// SPDX-License-Identifier: Apache-2.0
#include "runtime/dataflow/operator_chain.h"

#include <algorithm>

#include "runtime/graph/key_groups.h"

namespace onceproof::dataflow {

namespace {

class Discard : public Output {  // a side output that nobody reads
 public:
  void emit(const RecordView&) override {}
  void emit_watermark(TimeUs) override {}
};

// To be called `parts` times; the last one calls `ready`.
Ready countdown(size_t parts, Ready ready) {
  return [left = std::make_shared<size_t>(parts), ready = std::move(ready)] {
    if (--*left == 0) ready();
  };
}

}  // namespace

// What one operator sees of its task.
class OperatorChain::NodeContext : public TaskContext {
 public:
  NodeContext(OperatorChain& chain, const graph::LogicalNode& node) : chain_(chain), task_(chain.task_), node_(node) {}
  env::Env& env() override { return task_.env(); }
  const TaskDescriptor& descriptor() const override { return task_.descriptor(); }
  const graph::LogicalNode& node() const override { return node_; }
  void fail(const std::string& reason, Failure failure) override { task_.fail(reason, failure); }
  void resume() override { task_.resume(); }
  void retry_after(DurationUs wait_us) override {
    task_.env().scheduler().after(wait_us, env::MailKind::sink_retry, sink);
  }
  void fenced() override {
    if (++chain_.fenced_ == chain_.sinks_.size()) task_.fenced();
  }
  size_t sink = 0;  // its place among the chain's sinks

 private:
  OperatorChain& chain_;
  TaskContext& task_;
  const graph::LogicalNode& node_;
};

// An operator and where its results go.
struct OperatorChain::Link {
  int32_t node = 0;
  NodeContext* context = nullptr;
  Operator* transformation = nullptr;
  SinkOperator* sink = nullptr;
};

struct OperatorChain::Meter : Output {
  explicit Meter(Output* to) : next(to) {}
  void emit(const RecordView& record) override {
    ++records;
    bytes += record.key.size() + record.value.size();
    next->emit(record);
  }
  void emit_watermark(TimeUs watermark_us) override { next->emit_watermark(watermark_us); }
  Output* next;
  uint64_t records = 0;
  uint64_t bytes = 0;
};

class OperatorChain::FanOut : public Output {
 public:
  explicit FanOut(std::vector<Output*> readers) : readers_(std::move(readers)) {}
  void emit(const RecordView& record) override {
    for (Output* reader : readers_) reader->emit(record);
  }
  void emit_watermark(TimeUs watermark_us) override {
    for (Output* reader : readers_) reader->emit_watermark(watermark_us);
  }

 private:
  const std::vector<Output*> readers_;
};

// ---- building ------------------------------------------------------------------------------------------

OperatorChain::OperatorChain(TaskContext& task, const Program& program, bool runs)
    : task_(task), graph_(program.graph()),
      vertex_(graph_.vertices.at(static_cast<size_t>(task.descriptor().subtask.vertex))) {
  const TaskDescriptor& descriptor = task_.descriptor();
  for (const graph::Edge* edge : graph_.outputs_of(descriptor.subtask.vertex)) {
    partitions_.push_back(std::make_unique<ResultPartition>(task_.env().network(), descriptor.channel,
                                                            graph_.subpartitions(*edge)));
    const int32_t reader = graph_.vertices[static_cast<size_t>(edge->to)].nodes.front();
    const bool by_key = edge->input.exchange == graph::Exchange::hash;
    partitioners_.push_back(make_partitioner(edge->input.exchange, *partitions_.back(),
                                             by_key ? program.key_selector(reader, edge->input) : nullptr,
                                             descriptor.max_parallelism, descriptor.subtask.subtask));
  }
  if (runs) {
    for (const int32_t node : vertex_.nodes) create(program, node);
    connect();
  } else if (!partitioners_.empty()) {  // the end of time reaches the consumers all the same
    std::vector<Output*> all;
    for (const auto& partitioner : partitioners_) all.push_back(partitioner.get());
    meters_.emplace_back(join(std::move(all)));
  }
}

OperatorChain::~OperatorChain() = default;

void OperatorChain::create(const Program& program, int32_t index) {
  const graph::LogicalNode& node = graph_.logical.nodes[static_cast<size_t>(index)];
  contexts_.push_back(std::make_unique<NodeContext>(*this, node));
  NodeContext& context = *contexts_.back();
  Link link{index, &context};
  switch (node.role) {
    case graph::Role::source: source_ = program.source(index, context); break;
    case graph::Role::transformation:
      operators_.push_back(program.transformation(index, context));
      link.transformation = operators_.back().get();
      break;
    case graph::Role::sink:
      context.sink = sinks_.size();
      sinks_.push_back(program.sink(index, context));
      link.sink = sinks_.back().get();
      break;
  }
  links_.push_back(link);
}

// What reads an output: operators of the chain, and the exchanges behind it.
Output* OperatorChain::readers_of(int32_t node, uint32_t output) {
  std::vector<Output*> readers;
  for (const Link& link : links_) {
    const graph::LogicalNode& reader = graph_.logical.nodes[static_cast<size_t>(link.node)];
    if (&link == &links_.front() || reader.inputs.front().from != node || reader.inputs.front().output != output) continue;
    if (link.sink != nullptr) {
      readers.push_back(link.sink);
    } else {
      readers.push_back(link.transformation->input(0));
    }
  }
  const std::vector<const graph::Edge*> edges = graph_.outputs_of(task_.descriptor().subtask.vertex);
  for (size_t i = 0; i < edges.size(); ++i) {
    if (edges[i]->producer == node && edges[i]->input.output == output) readers.push_back(partitioners_[i].get());
  }
  return join(std::move(readers));
}

Output* OperatorChain::join(std::vector<Output*> readers) {
  if (readers.size() == 1) return readers.front();
  if (readers.empty()) {
    junctions_.push_back(std::make_unique<Discard>());
  } else {
    junctions_.push_back(std::make_unique<FanOut>(std::move(readers)));
  }
  return junctions_.back().get();
}

void OperatorChain::connect() {
  for (const Link& link : links_) {
    if (link.transformation == nullptr) continue;
    link.transformation->chain(readers_of(link.node, 0));
    std::vector<Output*> sides;
    const uint32_t outputs = graph_.logical.nodes[static_cast<size_t>(link.node)].outputs;
    for (uint32_t output = 1; output < outputs; ++output) sides.push_back(readers_of(link.node, output));
    link.transformation->chain_sides(std::move(sides));
  }
  const Link& head = links_.front();
  if (source_) {
    meters_.emplace_back(readers_of(head.node, 0));
    return source_->chain(&meters_.front());
  }
  const uint32_t ports = graph_.logical.nodes[static_cast<size_t>(head.node)].ports;
  for (uint32_t port = 0; port < ports; ++port)
    meters_.emplace_back(head.sink != nullptr ? static_cast<Output*>(head.sink) : head.transformation->input(port));
}

// ---- what flows ----------------------------------------------------------------------------------------

void OperatorChain::emit(uint32_t port, const RecordView& record) {
  if (port < meters_.size()) meters_[port].emit(record);
}

// The head's, over all of its inputs.
void OperatorChain::emit_watermark(TimeUs watermark_us) {
  if (links_.empty() || source_) {
    if (!meters_.empty()) meters_.front().emit_watermark(watermark_us);
  } else if (links_.front().transformation != nullptr) {
    links_.front().transformation->emit_watermark(watermark_us);
  }
}

std::pair<uint64_t, uint64_t> OperatorChain::take_work() {
  std::pair<uint64_t, uint64_t> work{0, 0};
  for (Meter& meter : meters_) {
    work.first += std::exchange(meter.records, 0);
    work.second += std::exchange(meter.bytes, 0);
  }
  return work;
}

// ---- life ----------------------------------------------------------------------------------------------

Status OperatorChain::restore(RestoredStates states) {
  sink_states_.resize(sinks_.size());
  for (const Link& link : links_) {
    const graph::LogicalNode& node = link.context->node();
    const StateFormat format = format_of(link);
    if (format.name.empty()) continue;
    Result<Bytes> state = states.take(node.uid, kind_of(link), format);
    if (!state.ok()) return state.error();
    if (link.transformation == nullptr) {
      (link.sink != nullptr ? sink_states_[link.context->sink] : source_state_) = state.take();
    } else if (!link.transformation->restore(state.value())) {
      return {ErrorCode::corrupt, "the state of operator \"" + node.uid + "\" does not decode"};
    }
  }
  return states.check_all_taken();
}

void OperatorChain::open(const Ready& opened) {
  for (size_t i = 0; i < sinks_.size(); ++i) sinks_[i]->open(sink_states_[i], opened);
  if (source_) source_->open(source_state_, opened);
  sink_states_.clear();
  source_state_.clear();
}

void OperatorChain::finish(Ready acknowledged) {
  const Ready one = countdown(sinks_.size() + 1, std::move(acknowledged));
  for (const auto& sink : sinks_) sink->finish(one);
  one();
}

void OperatorChain::close() {
  for (const auto& sink : sinks_) sink->close();
  for (const auto& partition : partitions_) partition->close();
}

// ---- checkpoints ---------------------------------------------------------------------------------------

StateKind OperatorChain::kind_of(const Link& link) const {
  if (link.sink != nullptr) return StateKind::sink;
  if (link.transformation == nullptr) return StateKind::source;
  return link.context->node().keyed ? StateKind::keyed : StateKind::none;
}

StateFormat OperatorChain::format_of(const Link& link) const {
  if (link.sink != nullptr) return link.sink->state_format();
  return link.transformation != nullptr ? link.transformation->state_format() : source_->state_format();
}

void OperatorChain::snapshot(uint64_t checkpoint, Bytes& state, Ready flushed) {
  const TaskDescriptor& task = task_.descriptor();
  TaskSnapshot snapshot;
  const Ready one = countdown(sinks_.size() + 1, std::move(flushed));
  for (const Link& link : links_) {
    OperatorState part;
    part.format = format_of(link);
    if (link.sink != nullptr) {
      link.sink->prepare_snapshot(checkpoint, part.bytes, one);
    } else if (link.transformation != nullptr) {
      link.transformation->snapshot(part.bytes);
    } else {
      source_->snapshot(part.bytes);
    }
    if (part.format.name.empty()) continue;
    part.uid = link.context->node().uid;
    part.kind = kind_of(link);
    if (part.kind == StateKind::keyed) {
      const graph::KeyGroupRange range = graph::range_of(task.subtask.subtask, task.max_parallelism, task.parallelism);
      part.first_key_group = range.first;
      part.last_key_group = range.last;
    }
    snapshot.operators.push_back(std::move(part));
  }
  state = encode(snapshot);
  one();
}

void OperatorChain::checkpoint_complete(uint64_t checkpoint, Ready committed) {
  const Ready one = countdown(sinks_.size() + 1, std::move(committed));
  for (const auto& sink : sinks_) sink->checkpoint_complete(checkpoint, one);
  one();
}

bool OperatorChain::sinks_available() const {
  return std::all_of(sinks_.begin(), sinks_.end(), [](const auto& sink) { return sink->available(); });
}

// ---- result partitions ---------------------------------------------------------------------------------

bool OperatorChain::available() const {
  return sinks_available() &&
         std::all_of(partitions_.begin(), partitions_.end(), [](const auto& partition) { return partition->available(); });
}

bool OperatorChain::drained() const {
  return std::all_of(partitions_.begin(), partitions_.end(), [](const auto& partition) { return partition->drained(); });
}

void OperatorChain::broadcast_event(BufferKind kind, uint64_t checkpoint, TimeUs timestamp_us) {
  for (const auto& partition : partitions_) partition->broadcast_event(kind, checkpoint, timestamp_us);
}

void OperatorChain::flush_partitions() {
  for (const auto& partition : partitions_) partition->flush();
}

void OperatorChain::flush(TimeUs now_us) {
  for (const auto& partition : partitions_) partition->flush(now_us);
  for (const auto& sink : sinks_) sink->flush();
}

std::optional<DurationUs> OperatorChain::flush_after(TimeUs now_us, DurationUs linger_us) const {
  std::optional<DurationUs> soonest_us;
  const auto within = [&](DurationUs wait_us) { soonest_us = std::min(soonest_us.value_or(wait_us), wait_us); };
  for (const auto& partition : partitions_) {
    if (const auto wait_us = partition->flush_after(now_us)) within(*wait_us);
  }
  for (const auto& sink : sinks_) {
    if (sink->has_unflushed()) within(linger_us);
  }
  return soonest_us;
}

}  // namespace onceproof::dataflow
