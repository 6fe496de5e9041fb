// SPDX-License-Identifier: Apache-2.0
// The built-in operators between source and sink. They see records, never lineage; only the framework parts
// that are marked so (split's ordinals, the window's collected positions) touch it.
#pragma once

#include <memory>
#include <vector>

#include "runtime/dataflow/program.h"
#include "runtime/graph/logical_plan.h"
#include "runtime/state/keyed_table.h"
#include "runtime/state/timer_service.h"

namespace onceproof::dataflow {

// One record for each maximal run of bytes other than ASCII white space.
class SplitOperator : public Operator {
 public:
  void emit(const RecordView& record) override;
};

class MapPrefixOperator : public Operator {
 public:
  explicit MapPrefixOperator(std::string prefix) : prefix_(std::move(prefix)) {}
  void emit(const RecordView& record) override;

 private:
  const std::string prefix_;
  std::string value_;
};

// Tumbling event-time window that counts records of a key. Keyed state: one pane a (key, window); an event-time
// timer at the window's last instant fires it, another ends it when the allowed lateness is over. A record that is late
// but allowed fires the pane again with all that it holds (Flink: EventTimeTrigger, accumulating). Emits key, decimal
// count, timestamp = window end - 1.
class WindowCountOperator : public Operator {
 public:
  WindowCountOperator(TaskContext& context, const graph::LogicalOperator& parameters);
  void emit(const RecordView& record) override;
  void emit_watermark(TimeUs watermark_us) override;
  StateFormat state_format() const override { return {"window-count"}; }
  void snapshot(Bytes& state) const override;
  [[nodiscard]] bool restore(ByteView state) override;

 private:
  struct Pane {
    uint64_t count = 0;
    Lineage lineage;
  };
  using Panes = state::KeyedTable<Pane>;
  TimeUs cleanup_time(TimeUs last) const;
  bool on_timer(TimeUs at_us, Panes::Entry& pane);  // true: the pane fired
  void fire(const Panes::Entry& pane);

  TaskContext& context_;
  const DurationUs size_us_;
  const DurationUs lateness_us_;
  const int32_t max_parallelism_;
  TimeUs watermark_us_ = kMinTimeUs;  // not in the snapshot, as in Flink
  Panes panes_;
  state::TimerService<Pane> timers_{panes_};
};

// key_by: the value.
class ValueKey : public KeySelector {
 public:
  ByteView key_of(const RecordView& record, Bytes&) const override { return record.value; }
};

std::unique_ptr<Operator> make_operator(TaskContext& context, const graph::LogicalOperator& logical);

}  // namespace onceproof::dataflow
