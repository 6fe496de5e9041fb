// SPDX-License-Identifier: Apache-2.0
#include "runtime/operators/window_operator.h"

#include "runtime/graph/key_groups.h"
#include "runtime/operators/user_code.h"

namespace onceproof::operators {

using dataflow::RecordView;

namespace {
constexpr size_t kBytesOfPane = 96;  // in a snapshot, about

// Rounds towards minus infinity, so that negative event times fall into their window too.
DurationUs floor_mod(TimeUs value, DurationUs size) {
  const DurationUs rest = value % size;
  return rest < 0 ? rest + size : rest;
}
}  // namespace

WindowOperator::WindowOperator(dataflow::TaskContext& context, const api::WindowStep& step,
                               std::unique_ptr<dataflow::KeySelector> key)
    : context_(context), step_(step), key_(std::move(key)), max_parallelism_(context.descriptor().max_parallelism) {}

// When nothing more can come for the window; at the end of time it has no end.
TimeUs WindowOperator::cleanup_time(TimeUs last) const {
  return last > kMaxTimeUs - step_.allowed_lateness_us ? kMaxTimeUs : last + step_.allowed_lateness_us;
}

void WindowOperator::emit(const RecordView& record) {
  const api::Windows& windows = step_.windows;
  const DurationUs every_us = windows.kind == api::WindowKind::sliding ? windows.slide_us : windows.size_us;
  const ByteView key = key_->key_of(record, scratch_);
  const uint64_t key_hash = hash64(key);
  const int32_t key_group = graph::key_group_of_hash(key_hash, max_parallelism_);
  bool taken = false;
  for (TimeUs start = record.timestamp_us - floor_mod(record.timestamp_us, every_us);
       start > record.timestamp_us - windows.size_us; start -= every_us) {
    taken |= add(record, state::Place(key_group, key, start + windows.size_us, key_hash));
  }
  if (!taken) context_.hit(env::Point::window_late, {.value = static_cast<uint64_t>(record.timestamp_us)});
}

bool WindowOperator::add(const RecordView& record, const state::Place& place) {
  const TimeUs last = place.window - 1;
  const TimeUs cleanup = cleanup_time(last);
  if (cleanup <= watermark_us_) return false;
  const auto [pane, created] = panes_.find_or_insert(place);
  guarded(context_, record.lineage, [&, pane = pane, created = created] {
    if (created) step_.aggregate->create(pane->value.accumulator);
    step_.aggregate->add(pane->value.accumulator, {record.key, record.value, record.timestamp_us});
  });
  pane->value.lineage.append(record.lineage);
  // A pane that has fired can be met again by a watermark that began anew, after a restore: it has its timer again.
  if ((created || step_.allowed_lateness_us > 0) && last > watermark_us_) timers_.register_timer(last, *pane);
  if (created && cleanup > last) timers_.register_timer(cleanup, *pane);
  if (last <= watermark_us_) fire(*pane);  // late but allowed
  return true;
}

bool WindowOperator::on_timer(TimeUs at_us, Panes::Entry& pane) {
  const TimeUs last = pane.window - 1;
  const bool fires = at_us == last;
  if (fires) fire(pane);
  if (at_us >= cleanup_time(last)) {
    CHECK(!timers_.has_timers(pane), "a pane goes with its last timer");
    panes_.erase(&pane);
  }
  return fires;
}

void WindowOperator::fire(const Panes::Entry& pane) {
  guarded(context_, pane.value.lineage.view(), [&] {
    value_.clear();
    step_.aggregate->result(pane.value.accumulator, value_);
    next_->emit({pane.key, value_, pane.window - 1, pane.value.lineage.view()});
  });
}

void WindowOperator::emit_watermark(TimeUs watermark_us) {
  watermark_us_ = watermark_us;
  uint64_t fired = 0;
  timers_.advance(watermark_us, [&](TimeUs at_us, Panes::Entry& pane) { fired += on_timer(at_us, pane) ? 1 : 0; });
  if (fired > 0) {
    context_.hit(env::Point::timer_fire, {.value = fired});
    context_.env().scheduler().charge(fired, 0);
  }
  Operator::emit_watermark(watermark_us);
}

void WindowOperator::snapshot(Bytes& state) const {
  ByteWriter writer(state);
  state.reserve(state.size() + panes_.size() * kBytesOfPane);
  writer.fixed<uint64_t>(panes_.size());
  panes_.for_each([&](const auto& entry) {
    writer.fixed(entry.key_group);
    writer.string(entry.key);
    writer.fixed(entry.window);
    writer.string(entry.value.accumulator);
    writer.string(entry.value.lineage.view().raw());
  });
  if (!context_.descriptor().bugs.has(SeededBug::lose_timers)) timers_.snapshot(state);
}

bool WindowOperator::restore(ByteView state) {
  if (state.empty()) return true;
  ByteReader reader(state);
  for (uint64_t n = reader.fixed<uint64_t>(); n > 0 && reader.ok(); --n) {
    const auto key_group = reader.fixed<int32_t>();
    const ByteView key = reader.string();
    const auto window = reader.fixed<int64_t>();
    Pane& pane = panes_.find_or_insert(key_group, key, window).first->value;
    pane.accumulator = reader.string();
    if (!decode_lineage(reader.string(), pane.lineage)) return false;
  }
  if (!reader.ok()) return false;
  const size_t panes = panes_.size();
  return reader.at_end() || (timers_.restore(reader.rest()).ok() && panes_.size() == panes);  // no timer without its pane
}

}  // namespace onceproof::operators
