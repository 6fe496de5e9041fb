// SPDX-License-Identifier: Apache-2.0
// Session windows with an author's aggregate (Flink: EventTimeSessionWindows, MergingWindowSet). An element opens
// [timestamp, timestamp + gap); sessions of a key that overlap or touch become one. Keyed state: the sessions of each key;
// a timer at a session's end fires and ends it. Flink's fires one instant earlier: a record at the very end of
// the gap, which is not late then, joins the session or begins the next one, whichever comes first. Here it always joins.
#pragma once

#include "runtime/api/pipeline.h"
#include "runtime/dataflow/program.h"
#include "runtime/state/keyed_table.h"
#include "runtime/state/timer_service.h"

namespace onceproof::operators {

// u64 keys, each: i32 key group, key, varint sessions, each: i64 start, i64 end, accumulator, lineage; then the timers.
inline constexpr const char* kSessionState = "session-windows";

class SessionOperator : public dataflow::Operator {
 public:
  SessionOperator(dataflow::TaskContext& context, const api::WindowStep& step,
                  std::unique_ptr<dataflow::KeySelector> key);
  void emit(const dataflow::RecordView& record) override;
  void emit_watermark(TimeUs watermark_us) override;
  dataflow::StateFormat state_format() const override { return {kSessionState}; }
  void snapshot(Bytes& state) const override;
  [[nodiscard]] bool restore(ByteView state) override;

 private:
  struct Session {
    TimeUs start_us = 0, end_us = 0;
    Bytes accumulator;
    Lineage lineage;
  };
  using Sessions = std::vector<Session>;  // of one key: none overlaps or touches another
  using Keys = state::KeyedTable<Sessions>;
  void absorb(Session& grown, Keys::Entry& key);  // takes what it overlaps or touches out of the key's sessions
  uint64_t on_timer(TimeUs at_us, Keys::Entry& key);

  dataflow::TaskContext& context_;
  const api::WindowStep step_;
  const std::unique_ptr<dataflow::KeySelector> key_;
  const int32_t max_parallelism_;
  TimeUs watermark_us_ = kMinTimeUs;  // not in the snapshot, as in Flink
  Keys keys_;
  state::TimerService<Sessions> timers_{keys_};
  Bytes scratch_, value_;
};

}  // namespace onceproof::operators
