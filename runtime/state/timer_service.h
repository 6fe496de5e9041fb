// SPDX-License-Identifier: Apache-2.0
// TimerService: the event-time timers of one operator of one subtask; they are keyed state, and each belongs to an entry
// of the operator's table. At most one timer exists for each (timestamp, entry). Timers fire in (timestamp,
// registration) order when the watermark passes them; the watermark is not part of the snapshot, so restored timers
// wait for the first one. An entry must not be erased while it has timers. One owner, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/state/keyed_table.h"

namespace onceproof::state {

template <class V>
class TimerService {
 public:
  using Table = KeyedTable<V>;
  using Entry = typename Table::Entry;

  explicit TimerService(Table& table) : table_(&table) {}  // which must outlive the service

  // False when that timer exists already. A timestamp behind the watermark is accepted; it fires at the next advance.
  bool register_timer(TimeUs timestamp_us, const Entry& entry) {
    const uint32_t owner = table_->index_of(&entry);
    if (owner >= chains_.size()) chains_.resize(owner + 1, kNone);
    if (find(timestamp_us, owner) != kNone) return false;
    const uint32_t slot = take_slot();
    slots_[slot].owner = owner;
    slots_[slot].next = chains_[owner];
    chains_[owner] = slot;
    join_time(slot, timestamp_us);
    ++size_;
    return true;
  }
  // False when there is no such timer.
  bool delete_timer(TimeUs timestamp_us, const Entry& entry) {
    const uint32_t slot = find(timestamp_us, table_->index_of(&entry));
    if (slot == kNone) return false;
    unlink(slot);
    return true;
  }

  // Calls fire(timestamp, Entry&) for each timer with timestamp <= watermark; a timer is gone before it fires. `fire`
  // may register and delete timers (new ones that are due fire in the same call) and erase the entry, but not advance.
  // Returns how many fired.
  template <class F>
  size_t advance(TimeUs watermark_us, F&& fire) {
    CHECK(!advancing_, "advance() from a timer's callback");
    advancing_ = true;
    size_t fired = 0;
    for (; !times_.empty() && times_.begin()->first <= watermark_us; ++fired) {
      const uint32_t slot = times_.begin()->second.first;
      const TimeUs timestamp_us = slots_[slot].timestamp_us;
      const uint32_t owner = slots_[slot].owner;
      unlink(slot);
      fire(timestamp_us, table_->at(owner));
    }
    advancing_ = false;
    return fired;
  }

  bool has_timers(const Entry& entry) const {
    const uint32_t owner = table_->index_of(&entry);
    return owner < chains_.size() && chains_[owner] != kNone;
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  TimeUs next_timestamp_us() const { return times_.empty() ? kMaxTimeUs : times_.begin()->first; }
  void clear() {
    chains_.clear();
    slots_.clear();
    times_.clear();
    free_ = kNone;
    size_ = 0;
  }

  // Appends all timers; services with the same timers in the same firing order give equal bytes:
  // varint number of timers, then in firing order: varint key group, timestamp, window, key.
  void snapshot(Bytes& out) const {
    ByteWriter writer(out);
    writer.varint(size_);
    for (const auto& [timestamp_us, time] : times_) {
      for (uint32_t slot = time.first; slot != kNone; slot = slots_[slot].following) {
        const Entry& owner = static_cast<const Table*>(table_)->at(slots_[slot].owner);
        writer.varint(static_cast<uint64_t>(owner.key_group));
        writer.fixed(timestamp_us);
        writer.fixed(owner.window);
        writer.string(owner.key);
      }
    }
  }
  // Adds the timers of the key groups first..last (both included), in their old firing order, and to the table the
  // entries that it does not have; fires nothing. corrupt: the bytes do not decode; nothing was added. May be called
  // for several snapshots (after a rescale).
  Status restore(ByteView in, int32_t first_key_group = 0, int32_t last_key_group = INT32_MAX) {
    std::vector<std::pair<TimeUs, Place>> timers;
    ByteReader reader(in);
    for (uint64_t count = reader.varint(); count > 0 && reader.ok(); --count) {
      const uint64_t key_group = reader.varint();
      if (key_group > INT32_MAX) return {ErrorCode::corrupt, "a timer snapshot holds an impossible key group"};
      const auto timestamp_us = reader.fixed<TimeUs>();
      const auto window = reader.fixed<int64_t>();
      const Place place(static_cast<int32_t>(key_group), reader.string(), window);
      if (first_key_group <= place.key_group && place.key_group <= last_key_group)
        timers.emplace_back(timestamp_us, place);
    }
    if (!reader.ok() || !reader.at_end()) return {ErrorCode::corrupt, "a timer snapshot does not decode"};
    for (const auto& [timestamp_us, place] : timers) register_timer(timestamp_us, *table_->find_or_insert(place).first);
    return {};
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Slot {
    TimeUs timestamp_us = 0;
    uint32_t owner = kNone;     // handle into the table
    uint32_t next = kNone;      // further timer of the same owner, or next free slot
    uint32_t previous = kNone;  // neighbours among the timers of the same time, in the order of registration
    uint32_t following = kNone;
  };
  struct SameTime {
    uint32_t first = kNone;
    uint32_t last = kNone;
  };

  uint32_t find(TimeUs timestamp_us, uint32_t owner) const {
    uint32_t slot = owner < chains_.size() ? chains_[owner] : kNone;
    while (slot != kNone && slots_[slot].timestamp_us != timestamp_us) slot = slots_[slot].next;
    return slot;
  }

  uint32_t take_slot() {
    if (free_ == kNone) {
      slots_.emplace_back();
      return static_cast<uint32_t>(slots_.size() - 1);
    }
    const uint32_t slot = free_;
    free_ = slots_[slot].next;
    return slot;
  }

  void join_time(uint32_t slot, TimeUs timestamp_us) {
    SameTime& time = times_[timestamp_us];
    slots_[slot].timestamp_us = timestamp_us;
    slots_[slot].previous = time.last;
    slots_[slot].following = kNone;
    (time.last == kNone ? time.first : slots_[time.last].following) = slot;
    time.last = slot;
  }

  void leave_time(const Slot& slot) {
    const auto time = times_.find(slot.timestamp_us);
    (slot.previous == kNone ? time->second.first : slots_[slot.previous].following) = slot.following;
    (slot.following == kNone ? time->second.last : slots_[slot.following].previous) = slot.previous;
    if (time->second.first == kNone) times_.erase(time);
  }

  void unlink(uint32_t slot) {
    uint32_t* link = &chains_[slots_[slot].owner];
    while (*link != slot) link = &slots_[*link].next;
    *link = slots_[slot].next;
    leave_time(slots_[slot]);
    slots_[slot].next = free_;
    free_ = slot;
    --size_;
  }

  Table* table_;
  std::vector<uint32_t> chains_;  // by handle: the first timer of the entry
  std::vector<Slot> slots_;
  uint32_t free_ = kNone;
  std::map<TimeUs, SameTime> times_;  // few: a window's timers share one
  size_t size_ = 0;
  bool advancing_ = false;
};

}  // namespace onceproof::state
