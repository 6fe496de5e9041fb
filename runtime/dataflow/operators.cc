// SPDX-License-Identifier: Apache-2.0
#include "runtime/dataflow/operators.h"

#include <charconv>

#include "runtime/graph/key_groups.h"

namespace onceproof::dataflow {

void TaskContext::hit(env::Point point, env::Phase phase, env::ProbeArgs args) {
  args.vertex = descriptor().subtask.vertex;
  args.subtask = descriptor().subtask.subtask;
  args.attempt = descriptor().attempt;
  env().probe().hit(point, phase, args);
}

const char* to_string(TaskState state) {
  switch (state) {
    case TaskState::created: return "CREATED";
    case TaskState::initializing: return "INITIALIZING";
    case TaskState::running: return "RUNNING";
    case TaskState::finishing: return "FINISHING";
    case TaskState::finished: return "FINISHED";
    case TaskState::canceled: return "CANCELED";
    case TaskState::failed: return "FAILED";
  }
  return "?";
}

// ---- split ---------------------------------------------------------------------------------------------

namespace {
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
}  // namespace

// A split record's lineage is its parent's position with the ordinal of the word.
void SplitOperator::emit(const RecordView& record) {
  const char* at = record.value.data();
  const char* const end = at + record.value.size();
  const bool tracked = record.lineage.count() == 1;
  Position position = tracked ? record.lineage[0] : 0;
  for (;; ++position) {
    while (at != end && is_space(*at)) ++at;
    if (at == end) return;
    const char* word = at;
    while (at != end && !is_space(*at)) ++at;
    char raw[sizeof position];
    store(raw, position);
    next_->emit({{},
                 ByteView(word, static_cast<size_t>(at - word)),
                 record.timestamp_us,
                 tracked ? LineageView(ByteView(raw, sizeof raw)) : record.lineage});
  }
}

// ---- map -----------------------------------------------------------------------------------------------

void MapPrefixOperator::emit(const RecordView& record) {
  value_.assign(prefix_).append(record.value);
  next_->emit({record.key, value_, record.timestamp_us, record.lineage});
}

// ---- window --------------------------------------------------------------------------------------------

namespace {
constexpr size_t kBytesOfPane = 96;  // in a snapshot, with its timer: a guess
}  // namespace

WindowCountOperator::WindowCountOperator(TaskContext& context, const graph::LogicalOperator& parameters)
    : context_(context),
      size_us_(parameters.window_us),
      lateness_us_(parameters.allowed_lateness_us),
      max_parallelism_(context.descriptor().max_parallelism) {}

// When nothing more can come for the window; at the end of time it has no end.
TimeUs WindowCountOperator::cleanup_time(TimeUs last) const {
  return last > kMaxTimeUs - lateness_us_ ? kMaxTimeUs : last + lateness_us_;
}

void WindowCountOperator::emit(const RecordView& record) {
  DurationUs into = record.timestamp_us % size_us_;
  if (into < 0) into += size_us_;  // floor for negative timestamps
  const TimeUs window_end = record.timestamp_us - into + size_us_;
  const TimeUs last = window_end - 1;
  const TimeUs cleanup = cleanup_time(last);
  if (cleanup <= watermark_us_) {
    context_.hit(env::Point::window_late, {.value = static_cast<uint64_t>(record.timestamp_us)});
    return;
  }
  const uint64_t key_hash = hash64(record.value);
  const state::Place place(graph::key_group_of_hash(key_hash, max_parallelism_), record.value, window_end, key_hash);
  const auto [pane, created] = panes_.find_or_insert(place);
  ++pane->value.count;
  pane->value.lineage.append(record.lineage);
  // A pane that has fired can be met again by a watermark that began anew, after a restore: it has its timer again.
  if ((created || lateness_us_ > 0) && last > watermark_us_) timers_.register_timer(last, *pane);
  if (created && cleanup > last) timers_.register_timer(cleanup, *pane);
  if (last <= watermark_us_) fire(*pane);  // late but allowed
}

bool WindowCountOperator::on_timer(TimeUs at_us, Panes::Entry& pane) {
  const TimeUs last = pane.window - 1;
  const bool fires = at_us == last;
  if (fires) fire(pane);
  if (at_us >= cleanup_time(last)) {
    CHECK(!timers_.has_timers(pane), "a pane goes with its last timer");
    panes_.erase(&pane);
  }
  return fires;
}

void WindowCountOperator::fire(const Panes::Entry& pane) {
  char digits[20];
  const char* end = std::to_chars(digits, digits + sizeof digits, pane.value.count).ptr;
  next_->emit({pane.key, ByteView(digits, static_cast<size_t>(end - digits)), pane.window - 1,
               pane.value.lineage.view()});
}

void WindowCountOperator::emit_watermark(TimeUs watermark_us) {
  watermark_us_ = watermark_us;
  uint64_t fired = 0;
  timers_.advance(watermark_us, [&](TimeUs at_us, Panes::Entry& pane) { fired += on_timer(at_us, pane) ? 1 : 0; });
  if (fired > 0) {
    context_.hit(env::Point::timer_fire, {.value = fired});
    context_.env().scheduler().charge(fired, 0);
  }
  next_->emit_watermark(watermark_us);
}

// u64 panes, each: i32 key group, key, i64 window, u64 count, lineage; then the timers, to the end.
void WindowCountOperator::snapshot(Bytes& state) const {
  ByteWriter writer(state);
  state.reserve(state.size() + panes_.size() * kBytesOfPane);
  writer.fixed<uint64_t>(panes_.size());
  panes_.for_each([&](const auto& entry) {
    writer.fixed(entry.key_group);
    writer.string(entry.key);
    writer.fixed(entry.window);
    writer.fixed(entry.value.count);
    writer.string(entry.value.lineage.view().raw());
  });
  if (!context_.descriptor().bugs.has(SeededBug::lose_timers)) timers_.snapshot(state);
}

bool WindowCountOperator::restore(ByteView state) {
  if (state.empty()) return true;
  ByteReader reader(state);
  for (uint64_t n = reader.fixed<uint64_t>(); n > 0 && reader.ok(); --n) {
    const auto key_group = reader.fixed<int32_t>();
    const ByteView key = reader.string();
    const auto window = reader.fixed<int64_t>();
    Pane& pane = panes_.find_or_insert(key_group, key, window).first->value;
    pane.count = reader.fixed<uint64_t>();
    if (!decode_lineage(reader.string(), pane.lineage)) return false;
  }
  if (!reader.ok()) return false;
  const size_t panes = panes_.size();
  return reader.at_end() || (timers_.restore(reader.rest()).ok() && panes_.size() == panes);  // no timer without its pane
}

std::unique_ptr<Operator> make_operator(TaskContext& context, const graph::LogicalOperator& logical) {
  switch (logical.kind) {
    case graph::OperatorKind::split: return std::make_unique<SplitOperator>();
    case graph::OperatorKind::map_prefix: return std::make_unique<MapPrefixOperator>(logical.prefix);
    case graph::OperatorKind::window_count: return std::make_unique<WindowCountOperator>(context, logical);
    case graph::OperatorKind::log_source:
    case graph::OperatorKind::log_sink:
    case graph::OperatorKind::key_by: break;
  }
  CHECK(false, "not an operator between source and sink");
  return nullptr;
}

}  // namespace onceproof::dataflow
