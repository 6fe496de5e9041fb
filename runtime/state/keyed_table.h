// SPDX-License-Identifier: Apache-2.0
// KeyedTable: heap keyed state of one operator of one subtask. An entry is addressed by (key group, key bytes,
// window namespace). Entries lie in slabs and never move, so an Entry* or a handle is good until that entry is
// erased; iteration is in insertion order, whatever was erased in between. One owner, one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace onceproof::state {

// What addresses an entry, with its hash: computed once for all tables in which it is looked up. The key's bytes stay
// the caller's.
struct Place {
  Place() = default;
  Place(int32_t in_group, ByteView in_key, int64_t in_window, uint64_t key_hash)
      : key_group(in_group), key(in_key), window(in_window), hash(mix(in_group, in_window, key_hash)) {}
  Place(int32_t in_group, ByteView in_key, int64_t in_window) : Place(in_group, in_key, in_window, hash64(in_key)) {}

  int32_t key_group = 0;
  ByteView key;
  int64_t window = 0;
  uint32_t hash = 0;

 private:
  static uint32_t mix(int32_t key_group, int64_t window, uint64_t key_hash) {
    uint64_t mixed =
        key_hash ^ (static_cast<uint64_t>(window) + static_cast<uint32_t>(key_group)) * 0x9e3779b97f4a7c15ull;
    mixed = (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93ull;
    return static_cast<uint32_t>(mixed >> 32);
  }
};

template <class V>
class KeyedTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Entry {
    std::string key;
    int64_t window = 0;
    int32_t key_group = 0;
    V value{};

   private:
    friend class KeyedTable;
    uint32_t index = kNone;  // the own handle; kNone while the slot is free
    uint32_t hash = 0;
    uint32_t previous = kNone;  // neighbours in insertion order; `next` also links the free slots
    uint32_t next = kNone;
  };

  KeyedTable() = default;
  KeyedTable(KeyedTable&& other) noexcept { swap(other); }
  KeyedTable& operator=(KeyedTable&& other) noexcept {
    if (this == &other) return *this;
    KeyedTable taken(std::move(other));
    swap(taken);
    return *this;
  }

  // The entry and whether it is new; a new one has a value-initialised V. Amortised O(1); allocates only to grow
  // and for keys beyond the small-string size.
  std::pair<Entry*, bool> find_or_insert(const Place& place) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    size_t slot = place.hash & mask_;
    for (; slots_[slot].index != kNone; slot = (slot + 1) & mask_) {
      if (slots_[slot].hash != place.hash) continue;
      Entry& entry = at(slots_[slot].index);
      if (matches(entry, place)) return {&entry, false};
    }
    Entry& entry = take_free();
    entry.key.assign(place.key);
    entry.window = place.window;
    entry.key_group = place.key_group;
    entry.hash = place.hash;
    append_to_order(entry);
    slots_[slot] = {place.hash, entry.index};
    ++size_;
    return {&entry, true};
  }
  std::pair<Entry*, bool> find_or_insert(int32_t key_group, ByteView key, int64_t window) {
    return find_or_insert(Place(key_group, key, window));
  }

  Entry* find(const Place& place) {
    if (size_ == 0) return nullptr;
    for (size_t slot = place.hash & mask_; slots_[slot].index != kNone; slot = (slot + 1) & mask_) {
      if (slots_[slot].hash != place.hash) continue;
      Entry& entry = at(slots_[slot].index);
      if (matches(entry, place)) return &entry;
    }
    return nullptr;
  }
  Entry* find(int32_t key_group, ByteView key, int64_t window) { return find(Place(key_group, key, window)); }
  const Entry* find(int32_t key_group, ByteView key, int64_t window) const {
    return const_cast<KeyedTable*>(this)->find(key_group, key, window);
  }

  // The entry's value is dropped at once; its pointer and handle are dead and may be given out again.
  void erase(Entry* entry) {
    CHECK(entry != nullptr && entry->index != kNone, "erase of an entry that is not in the table");
    size_t slot = entry->hash & mask_;
    while (slots_[slot].index != entry->index) slot = (slot + 1) & mask_;
    close_gap(slot);
    remove_from_order(*entry);
    release(*entry);
    --size_;
  }
  void erase(uint32_t index) { erase(&at(index)); }

  // Handles: small, copyable names of entries, for heaps and chains that point into the table.
  uint32_t index_of(const Entry* entry) const { return entry->index; }
  Entry& at(uint32_t index) { return slabs_[index >> kSlabBits][index & (kSlabSize - 1)]; }
  const Entry& at(uint32_t index) const { return slabs_[index >> kSlabBits][index & (kSlabSize - 1)]; }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Keeps the slabs for the next use.
  void clear() {
    for (uint32_t i = first_; i != kNone;) {
      Entry& entry = at(i);
      i = entry.next;
      release(entry);
    }
    for (Slot& slot : slots_) slot = {};
    first_ = last_ = kNone;
    size_ = 0;
  }

  // Calls f(Entry&) in insertion order. f may erase the entry that it was given, but no other; entries that f
  // inserts may or may not be visited.
  template <class F>
  void for_each(F f) {
    for (uint32_t i = first_; i != kNone;) {
      Entry& entry = at(i);
      const uint32_t next = entry.next;
      f(entry);
      i = next;
    }
  }
  template <class F>
  void for_each(F f) const {
    for (uint32_t i = first_; i != kNone; i = at(i).next) f(at(i));
  }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t index = kNone;
  };
  static constexpr uint32_t kSlabBits = 7;
  static constexpr uint32_t kSlabSize = 1u << kSlabBits;

  static bool matches(const Entry& entry, const Place& place) {
    return entry.window == place.window && entry.key_group == place.key_group && entry.key == place.key;
  }

  // Linear probing without tombstones: later members of the probe run move back into the gap.
  void close_gap(size_t gap) {
    for (size_t slot = (gap + 1) & mask_; slots_[slot].index != kNone; slot = (slot + 1) & mask_) {
      const size_t home = slots_[slot].hash & mask_;
      if (((slot - home) & mask_) < ((slot - gap) & mask_)) continue;  // its home lies behind the gap: it stays
      slots_[gap] = slots_[slot];
      gap = slot;
    }
    slots_[gap] = {};
  }

  void grow() {
    const size_t capacity = slots_.empty() ? 64 : slots_.size() * 2;
    slots_.assign(capacity, Slot{});
    mask_ = capacity - 1;
    for (uint32_t i = first_; i != kNone; i = at(i).next) {
      size_t slot = at(i).hash & mask_;
      while (slots_[slot].index != kNone) slot = (slot + 1) & mask_;
      slots_[slot] = {at(i).hash, i};
    }
  }

  Entry& take_free() {
    if (free_ != kNone) {
      const uint32_t index = free_;
      free_ = at(index).next;
      at(index).index = index;
      return at(index);
    }
    const uint32_t index = used_++;
    if ((index >> kSlabBits) == slabs_.size()) slabs_.push_back(std::make_unique<Entry[]>(kSlabSize));
    at(index).index = index;
    return at(index);
  }

  void release(Entry& entry) {
    const uint32_t index = entry.index;
    entry.value = V{};
    entry.key.clear();
    entry.index = kNone;
    entry.previous = kNone;
    entry.next = free_;
    free_ = index;
  }

  void append_to_order(Entry& entry) {
    entry.previous = last_;
    entry.next = kNone;
    (last_ == kNone ? first_ : at(last_).next) = entry.index;
    last_ = entry.index;
  }

  void remove_from_order(Entry& entry) {
    (entry.previous == kNone ? first_ : at(entry.previous).next) = entry.next;
    (entry.next == kNone ? last_ : at(entry.next).previous) = entry.previous;
  }

  void swap(KeyedTable& other) {
    std::swap(slots_, other.slots_);
    std::swap(mask_, other.mask_);
    std::swap(slabs_, other.slabs_);
    std::swap(used_, other.used_);
    std::swap(free_, other.free_);
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    std::swap(size_, other.size_);
  }

  std::vector<Slot> slots_;
  size_t mask_ = 0;
  std::vector<std::unique_ptr<Entry[]>> slabs_;
  uint32_t used_ = 0;
  uint32_t free_ = kNone;
  uint32_t first_ = kNone;
  uint32_t last_ = kNone;
  size_t size_ = 0;
};

}  // namespace onceproof::state
