// SPDX-License-Identifier: Apache-2.0
// Operators: what a task chains. Records and watermarks flow through `emit`/`emit_watermark`, head to tail, inside
// one mail; snapshot and restore write and read the operator's own part of the task's state. Sources and sinks
// also talk to the outside: their slow steps answer through callbacks and never block.
#pragma once

#include <functional>
#include <string>

#include "runtime/dataflow/barrier_handler.h"
#include "runtime/dataflow/element.h"
#include "runtime/dataflow/messages.h"
#include "runtime/dataflow/operator_state.h"
#include "runtime/env/env.h"

namespace onceproof::dataflow {

// What an operator may ask of its task.
class TaskContext {
 public:
  virtual ~TaskContext() = default;
  virtual env::Env& env() = 0;
  virtual const TaskDescriptor& descriptor() const = 0;
  virtual const graph::LogicalNode& node() const = 0;  // the operator itself
  // The attempt fails; at most the first call counts. What runs after it in the same handler has no effect outside.
  virtual void fail(const std::string& reason, Failure failure = Failure::recoverable) = 0;
  virtual void resume() = 0;  // something that was not available became so
  virtual void retry_after(DurationUs wait_us) = 0;  // of a sink: its retry() is called
  // Every transaction of a generation below this attempt's is committed or can never be continued: a later attempt
  // need not look there again (TaskDescriptor::fenced_generation).
  virtual void fenced() = 0;
  void hit(env::Point point, env::Phase phase, env::ProbeArgs args = {});
  void hit(env::Point point, env::ProbeArgs args = {}) { hit(point, env::Phase::after, args); }
};

class Output {
 public:
  virtual ~Output() = default;
  virtual void emit(const RecordView& record) = 0;
  virtual void emit_watermark(TimeUs watermark_us) = 0;
};

// A transformation. Its own emit() takes what comes to its first input; emit_watermark() the watermark over all inputs.
class Operator : public Output {
 public:
  void chain(Output* next) { next_ = next; }
  void chain_sides(std::vector<Output*> sides) { sides_ = std::move(sides); }
  virtual Output* input(uint32_t port) { return port == 0 ? this : nullptr; }
  void emit_watermark(TimeUs watermark_us) override {
    next_->emit_watermark(watermark_us);
    for (Output* side : sides_) side->emit_watermark(watermark_us);
  }
  virtual StateFormat state_format() const { return {}; }  // without a name: it has no state
  virtual void snapshot(Bytes& state) const { (void)state; }
  [[nodiscard]] virtual bool restore(ByteView state) { return state.empty(); }

 protected:
  Output* next_ = nullptr;
  std::vector<Output*> sides_;  // its side outputs
};

using Ready = std::function<void()>;

// The head of a chain that reads from outside.
class SourceOperator {
 public:
  virtual ~SourceOperator() = default;
  void chain(Output* next) { next_ = next; }
  virtual void open(ByteView restored, Ready ready) = 0;  // restored is empty when starting from scratch
  // Emits some records, if there are any; true when there is more to emit at once.
  virtual bool poll() = 0;
  virtual bool at_end() const = 0;  // bounded: everything was emitted
  virtual StateFormat state_format() const = 0;
  virtual void snapshot(Bytes& state) const = 0;

 protected:
  Output* next_ = nullptr;
};

// The tail of a chain that writes to outside. pre-commit = prepare_snapshot; commit = checkpoint_complete.
class SinkOperator : public Output {
 public:
  void emit_watermark(TimeUs) override {}
  virtual StateFormat state_format() const { return {}; }  // without a name: it has no state
  virtual void open(ByteView restored, Ready ready) = 0;
  virtual bool available() const = 0;
  // Everything that was emitted before belongs to `checkpoint`. Appends the sink's state; `ready` is called once
  // the outside has acknowledged all of it (possibly at once).
  virtual void prepare_snapshot(uint64_t checkpoint, Bytes& state, Ready ready) = 0;
  virtual void checkpoint_complete(uint64_t checkpoint, Ready ready) = 0;
  // The data are over: `ready` is called once the outside has acknowledged everything that was emitted (possibly at
  // once). What a sink commits with checkpoints is committed by the final one.
  virtual void finish(Ready ready) { ready(); }
  virtual bool has_unflushed() const { return false; }  // something waits for flush()
  virtual void flush() {}                               // the linger time is over
  virtual void retry() {}                               // the time of retry_after() is over
  virtual void close() {}  // the attempt was cancelled or failed: let go of what no checkpoint refers to, best effort
};

}  // namespace onceproof::dataflow
