// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/timer_service.h"

namespace onceproof::state {

bool TimerService::register_timer(TimeUs timestamp_us, const Place& place) {
  Owners::Entry* owner = owners_.find_or_insert(place).first;
  const uint32_t chain = owner->value - 1;  // 0 - 1 is kNone: a new owner
  for (uint32_t slot = chain; slot != kNone; slot = slots_[slot].next) {
    if (slots_[slot].timestamp_us == timestamp_us) return false;
  }
  const uint32_t slot = take_slot();
  slots_[slot].owner = owners_.index_of(owner);
  slots_[slot].next = chain;
  owner->value = slot + 1;
  join_time(slot, timestamp_us);
  ++size_;
  return true;
}

bool TimerService::delete_timer(TimeUs timestamp_us, int32_t key_group, ByteView key, int64_t window) {
  Owners::Entry* owner = owners_.find(key_group, key, window);
  if (owner == nullptr) return false;
  for (uint32_t slot = owner->value - 1; slot != kNone; slot = slots_[slot].next) {
    if (slots_[slot].timestamp_us != timestamp_us) continue;
    unlink(*owner, slot);
    return true;
  }
  return false;
}

uint32_t TimerService::take_slot() {
  if (free_ == kNone) {
    slots_.emplace_back();
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  const uint32_t slot = free_;
  free_ = slots_[slot].next;
  return slot;
}

void TimerService::join_time(uint32_t slot, TimeUs timestamp_us) {
  SameTime& time = times_[timestamp_us];
  slots_[slot].timestamp_us = timestamp_us;
  slots_[slot].previous = time.last;
  slots_[slot].following = kNone;
  (time.last == kNone ? time.first : slots_[time.last].following) = slot;
  time.last = slot;
}

void TimerService::leave_time(const Slot& slot) {
  const auto time = times_.find(slot.timestamp_us);
  (slot.previous == kNone ? time->second.first : slots_[slot.previous].following) = slot.following;
  (slot.following == kNone ? time->second.last : slots_[slot.following].previous) = slot.previous;
  if (time->second.first == kNone) times_.erase(time);
}

void TimerService::unlink(Owners::Entry& owner, uint32_t slot) {
  if (owner.value - 1 == slot) {
    owner.value = slots_[slot].next + 1;  // kNone + 1 is 0: no timers
  } else {
    uint32_t before = owner.value - 1;
    while (slots_[before].next != slot) before = slots_[before].next;
    slots_[before].next = slots_[slot].next;
  }
  leave_time(slots_[slot]);
  slots_[slot].next = free_;
  free_ = slot;
  if (owner.value == 0) owners_.erase(&owner);
  --size_;
}

bool TimerService::take_due(TimeUs watermark_us, Timer& timer) {
  if (next_timestamp_us() > watermark_us || empty()) return false;
  const uint32_t slot = times_.begin()->second.first;
  Owners::Entry& owner = owners_.at(slots_[slot].owner);
  firing_key_.assign(owner.key);  // the owner may go with its last timer
  static_cast<Place&>(timer) = Owners::place_of(owner);
  timer.key = firing_key_;
  timer.timestamp_us = slots_[slot].timestamp_us;
  unlink(owner, slot);
  return true;
}

TimeUs TimerService::next_timestamp_us() const { return times_.empty() ? kMaxTimeUs : times_.begin()->first; }

void TimerService::clear() {
  owners_.clear();
  slots_.clear();
  times_.clear();
  free_ = kNone;
  size_ = 0;
}

// varint number of timers, then in firing order: varint key group, timestamp, window, key.
void TimerService::snapshot(Bytes& out) const {
  ByteWriter writer(out);
  writer.varint(size_);
  for (const auto& [timestamp_us, time] : times_) {
    for (uint32_t slot = time.first; slot != kNone; slot = slots_[slot].following) {
      const Owners::Entry& owner = owners_.at(slots_[slot].owner);
      writer.varint(static_cast<uint64_t>(owner.key_group));
      writer.fixed(timestamp_us);
      writer.fixed(owner.window);
      writer.string(owner.key);
    }
  }
}

Status TimerService::restore(ByteView in, int32_t first_key_group, int32_t last_key_group) {
  std::vector<Timer> timers;
  ByteReader reader(in);
  for (uint64_t count = reader.varint(); count > 0 && reader.ok(); --count) {
    const uint64_t key_group = reader.varint();
    if (key_group > INT32_MAX) return {ErrorCode::corrupt, "a timer snapshot holds an impossible key group"};
    Timer timer;
    timer.key_group = static_cast<int32_t>(key_group);
    timer.timestamp_us = reader.fixed<TimeUs>();
    timer.window = reader.fixed<int64_t>();
    timer.key = reader.string();
    if (first_key_group <= timer.key_group && timer.key_group <= last_key_group) timers.push_back(timer);
  }
  if (!reader.ok() || !reader.at_end()) return {ErrorCode::corrupt, "a timer snapshot does not decode"};
  for (const Timer& timer : timers) register_timer(timer.timestamp_us, Place(timer.key_group, timer.key, timer.window));
  return {};
}

}  // namespace onceproof::state
