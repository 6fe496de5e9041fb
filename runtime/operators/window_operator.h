// SPDX-License-Identifier: Apache-2.0
// Tumbling and sliding event-time windows with an author's aggregate (Flink: WindowOperator with EventTimeTrigger,
// accumulating). Keyed state: one pane a (key, window); a timer at the window's last instant fires it, another ends it
// when the allowed lateness is over. A record that is late but allowed fires the pane again with all that it holds. A
// result has the key of its pane and the timestamp window end - 1.
#pragma once

#include "runtime/api/pipeline.h"
#include "runtime/dataflow/program.h"
#include "runtime/state/keyed_table.h"
#include "runtime/state/timer_service.h"

namespace onceproof::operators {

// Also read by those who look into checkpoints. u64 panes, each: i32 key group, key, i64 window end, accumulator,
// lineage; then the timers, to the end.
inline constexpr const char* kWindowState = "window-panes";

class WindowOperator : public dataflow::Operator {
 public:
  WindowOperator(dataflow::TaskContext& context, const api::WindowStep& step,
                 std::unique_ptr<dataflow::KeySelector> key);
  void emit(const dataflow::RecordView& record) override;
  void emit_watermark(TimeUs watermark_us) override;
  dataflow::StateFormat state_format() const override { return {kWindowState}; }
  void snapshot(Bytes& state) const override;
  [[nodiscard]] bool restore(ByteView state) override;

 private:
  struct Pane {
    Bytes accumulator;
    Lineage lineage;
  };
  using Panes = state::KeyedTable<Pane>;
  TimeUs cleanup_time(TimeUs last) const;
  bool add(const dataflow::RecordView& record, const state::Place& place);  // false: it is too late for that window
  bool on_timer(TimeUs at_us, Panes::Entry& pane);                          // true: the pane fired
  void fire(const Panes::Entry& pane);

  dataflow::TaskContext& context_;
  const api::WindowStep step_;
  const std::unique_ptr<dataflow::KeySelector> key_;
  const int32_t max_parallelism_;
  TimeUs watermark_us_ = kMinTimeUs;  // not in the snapshot, as in Flink
  Panes panes_;
  state::TimerService<Pane> timers_{panes_};
  Bytes scratch_, value_;
};

}  // namespace onceproof::operators
