// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/timer_service.h"

#include <algorithm>
#include <tuple>

namespace onceproof::state {

bool TimerService::register_timer(TimeUs timestamp_us, int32_t key_group, ByteView key, int64_t window) {
  Owners::Entry* owner = owners_.find_or_insert(key_group, key, window).first;
  const uint32_t chain = owner->value - 1;  // 0 - 1 is kNone: a new owner
  for (uint32_t slot = chain; slot != kNone; slot = slots_[slot].next) {
    if (slots_[slot].timestamp_us == timestamp_us) return false;
  }
  uint32_t slot = free_;
  if (slot == kNone) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    free_ = slots_[slot].next;
  }
  slots_[slot] = {timestamp_us, ++sequence_, owners_.index_of(owner), chain, newest_, kNone};
  (newest_ == kNone ? oldest_ : slots_[newest_].newer) = slot;
  newest_ = slot;
  owner->value = slot + 1;
  heap_.push_back({timestamp_us, sequence_, slot});
  std::push_heap(heap_.begin(), heap_.end(), later);
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

void TimerService::unlink(Owners::Entry& owner, uint32_t slot) {
  if (owner.value - 1 == slot) {
    owner.value = slots_[slot].next + 1;  // kNone + 1 is 0: no timers
  } else {
    uint32_t before = owner.value - 1;
    while (slots_[before].next != slot) before = slots_[before].next;
    slots_[before].next = slots_[slot].next;
  }
  (slots_[slot].older == kNone ? oldest_ : slots_[slots_[slot].older].newer) = slots_[slot].newer;
  (slots_[slot].newer == kNone ? newest_ : slots_[slots_[slot].newer].older) = slots_[slot].older;
  slots_[slot] = {0, 0, kNone, free_};
  free_ = slot;
  if (owner.value == 0) owners_.erase(&owner);
  --size_;
}

void TimerService::pop_heap_item() {
  std::pop_heap(heap_.begin(), heap_.end(), later);
  heap_.pop_back();
}

// A deleted timer's item stays in the heap until it comes to the top; sequences are never given out twice.
void TimerService::drop_stale_heap_items() {
  while (!heap_.empty() && slots_[heap_.front().slot].sequence != heap_.front().sequence) pop_heap_item();
}

bool TimerService::take_due(TimeUs watermark_us, Timer& timer) {
  drop_stale_heap_items();
  if (heap_.empty() || heap_.front().timestamp_us > watermark_us) return false;
  const uint32_t slot = heap_.front().slot;
  pop_heap_item();
  Owners::Entry& owner = owners_.at(slots_[slot].owner);
  firing_key_.assign(owner.key);  // the owner may go with its last timer
  timer = {slots_[slot].timestamp_us, owner.key_group, firing_key_, owner.window};
  unlink(owner, slot);
  return true;
}

TimeUs TimerService::next_timestamp_us() {
  drop_stale_heap_items();
  return heap_.empty() ? kMaxTimeUs : heap_.front().timestamp_us;
}

void TimerService::clear() {
  owners_.clear();
  slots_.clear();
  free_ = oldest_ = newest_ = kNone;
  heap_.clear();
  size_ = 0;
}

// varint number of key groups, then for each: varint key group, varint count, and its timers in firing order as
// timestamp, window, rank (place in the registration order of the whole service), key.
void TimerService::snapshot(Bytes& out) const {
  struct Item {
    int32_t key_group;
    TimeUs timestamp_us;
    uint64_t rank;
    uint32_t slot;
  };
  std::vector<Item> items;
  items.reserve(size_);
  for (uint32_t slot = oldest_; slot != kNone; slot = slots_[slot].newer)
    items.push_back({owners_.at(slots_[slot].owner).key_group, slots_[slot].timestamp_us, items.size(), slot});
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return std::tie(a.key_group, a.timestamp_us, a.rank) < std::tie(b.key_group, b.timestamp_us, b.rank);
  });
  uint64_t groups = 0;
  for (size_t i = 0; i < items.size(); ++i) groups += i == 0 || items[i].key_group != items[i - 1].key_group;
  ByteWriter writer(out);
  writer.varint(groups);
  for (size_t i = 0; i < items.size();) {
    size_t end = i;
    while (end < items.size() && items[end].key_group == items[i].key_group) ++end;
    writer.varint(static_cast<uint64_t>(items[i].key_group));
    writer.varint(end - i);
    for (; i < end; ++i) {
      const Owners::Entry& owner = owners_.at(slots_[items[i].slot].owner);
      writer.fixed(items[i].timestamp_us);
      writer.fixed(owner.window);
      writer.varint(items[i].rank);
      writer.string(owner.key);
    }
  }
}

Status TimerService::restore(ByteView in, int32_t first_key_group, int32_t last_key_group) {
  struct Item {
    uint64_t rank;
    Timer timer;
  };
  std::vector<Item> items;
  ByteReader reader(in);
  for (uint64_t groups = reader.varint(); groups > 0 && reader.ok(); --groups) {
    const uint64_t group = reader.varint();
    if (group > INT32_MAX) return {ErrorCode::corrupt, "a timer snapshot holds an impossible key group"};
    const auto key_group = static_cast<int32_t>(group);
    const bool wanted = first_key_group <= key_group && key_group <= last_key_group;
    for (uint64_t count = reader.varint(); count > 0 && reader.ok(); --count) {
      Timer timer;
      timer.timestamp_us = reader.fixed<TimeUs>();
      timer.key_group = key_group;
      timer.window = reader.fixed<int64_t>();
      const uint64_t rank = reader.varint();
      timer.key = reader.string();
      if (wanted) items.push_back({rank, timer});
    }
  }
  if (!reader.ok() || !reader.at_end()) return {ErrorCode::corrupt, "a timer snapshot does not decode"};
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.rank < b.rank; });
  for (const Item& item : items)
    register_timer(item.timer.timestamp_us, item.timer.key_group, item.timer.key, item.timer.window);
  return {};
}

}  // namespace onceproof::state
