// SPDX-License-Identifier: Apache-2.0
#include "runtime/operators/session_operator.h"

#include <algorithm>

#include "runtime/graph/key_groups.h"
#include "runtime/operators/user_code.h"

namespace onceproof::operators {

using dataflow::RecordView;

SessionOperator::SessionOperator(dataflow::TaskContext& context, const api::WindowStep& step,
                                 std::unique_ptr<dataflow::KeySelector> key)
    : context_(context), step_(step), key_(std::move(key)), max_parallelism_(context.descriptor().max_parallelism) {}

void SessionOperator::emit(const RecordView& record) {
  const ByteView key = key_->key_of(record, scratch_);
  const uint64_t key_hash = hash64(key);
  const state::Place place(graph::key_group_of_hash(key_hash, max_parallelism_), key, 0, key_hash);
  Session session{record.timestamp_us, record.timestamp_us + step_.windows.size_us, {}, {}};
  Keys::Entry* known = keys_.find(place);
  guarded(context_, record.lineage, [&] {
    step_.aggregate->create(session.accumulator);
    step_.aggregate->add(session.accumulator, {record.key, record.value, record.timestamp_us});
    session.lineage.append(record.lineage);
    if (known != nullptr) absorb(session, *known);
  });
  if (session.end_us <= watermark_us_) {  // nothing that is still open reaches it
    context_.hit(env::Point::window_late, {.value = static_cast<uint64_t>(record.timestamp_us)});
    return;
  }
  Keys::Entry& entry = known != nullptr ? *known : *keys_.find_or_insert(place).first;
  timers_.register_timer(session.end_us, entry);
  entry.value.push_back(std::move(session));
}

// What it takes out ends no later than the whole does, so its timer is not the whole's unless they end together.
void SessionOperator::absorb(Session& grown, Keys::Entry& key) {
  const auto apart = [&](const Session& other) { return other.end_us < grown.start_us || grown.end_us < other.start_us; };
  const auto joined = std::stable_partition(key.value.begin(), key.value.end(), apart);
  for (auto other = joined; other != key.value.end(); ++other) {
    grown.start_us = std::min(grown.start_us, other->start_us);
    grown.end_us = std::max(grown.end_us, other->end_us);
    step_.aggregate->merge(grown.accumulator, other->accumulator);
    grown.lineage.append(other->lineage.view());
    timers_.delete_timer(other->end_us, key);
  }
  key.value.erase(joined, key.value.end());
}

uint64_t SessionOperator::on_timer(TimeUs at_us, Keys::Entry& key) {
  const auto open = [&](const Session& session) { return session.end_us != at_us; };
  const auto over = std::stable_partition(key.value.begin(), key.value.end(), open);
  const auto fired = static_cast<uint64_t>(key.value.end() - over);
  for (auto session = over; session != key.value.end(); ++session) {
    guarded(context_, session->lineage.view(), [&] {
      value_.clear();
      step_.aggregate->result(session->accumulator, value_);
      next_->emit({key.key, value_, at_us - 1, session->lineage.view()});
    });
  }
  key.value.erase(over, key.value.end());
  if (key.value.empty()) keys_.erase(&key);
  return fired;
}

void SessionOperator::emit_watermark(TimeUs watermark_us) {
  watermark_us_ = watermark_us;
  uint64_t fired = 0;
  timers_.advance(watermark_us, [&](TimeUs at_us, Keys::Entry& key) { fired += on_timer(at_us, key); });
  if (fired > 0) {
    context_.hit(env::Point::timer_fire, {.value = fired});
    context_.env().scheduler().charge(fired, 0);
  }
  Operator::emit_watermark(watermark_us);
}

void SessionOperator::snapshot(Bytes& state) const {
  ByteWriter writer(state);
  writer.fixed<uint64_t>(keys_.size());
  keys_.for_each([&](const auto& entry) {
    writer.fixed(entry.key_group);
    writer.string(entry.key);
    writer.varint(entry.value.size());
    for (const Session& session : entry.value) {
      writer.fixed(session.start_us);
      writer.fixed(session.end_us);
      writer.string(session.accumulator);
      writer.string(session.lineage.view().raw());
    }
  });
  if (!context_.descriptor().bugs.has(SeededBug::lose_timers)) timers_.snapshot(state);
}

bool SessionOperator::restore(ByteView state) {
  if (state.empty()) return true;
  ByteReader reader(state);
  for (uint64_t n = reader.fixed<uint64_t>(); n > 0 && reader.ok(); --n) {
    const auto key_group = reader.fixed<int32_t>();
    const ByteView key = reader.string();
    Sessions& sessions = keys_.find_or_insert(key_group, key, 0).first->value;
    for (uint64_t each = reader.varint(); each > 0 && reader.ok(); --each) {
      Session& session = sessions.emplace_back();
      session.start_us = reader.fixed<TimeUs>();
      session.end_us = reader.fixed<TimeUs>();
      session.accumulator = reader.string();
      if (!decode_lineage(reader.string(), session.lineage)) return false;
    }
  }
  if (!reader.ok()) return false;
  const size_t keys = keys_.size();
  return reader.at_end() || (timers_.restore(reader.rest()).ok() && keys_.size() == keys);  // no timer without its key
}

}  // namespace onceproof::operators
