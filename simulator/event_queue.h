// SPDX-License-Identifier: Apache-2.0
// EventQueue and EventSlab: what the loop turns on. The queue is a four-ary heap of 16-byte keys ordered by
// (virtual time, sequence); the events lie in a slab that never moves them. An empty mail allocates nothing.
// A pop leaves a hole at the root, so that the push that usually follows costs one sift and not two.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/time.h"
#include "runtime/env/mail.h"

namespace onceproof::simulator {

inline constexpr uint32_t kNoSlot = ~0u;
inline constexpr int kSlotBits = 24;

class EventQueue {
 public:
  struct Key {
    TimeUs at_us;
    uint64_t order;  // sequence << kSlotBits | slot: unique, so it also names a timer
    uint32_t slot() const { return static_cast<uint32_t>(order & ((1u << kSlotBits) - 1)); }
  };

  bool empty() const { return heap_.size() == (hole_ ? 1u : 0u); }
  size_t size() const { return heap_.size() - (hole_ ? 1u : 0u); }

  // at_us must not be negative. Returns the key's order.
  uint64_t push(TimeUs at_us, uint32_t slot) {
    const Key key{at_us, sequence_++ << kSlotBits | slot};
    if (hole_) {
      hole_ = false;
      sift_down(key);
    } else {
      heap_.push_back(key);
      sift_up(heap_.size() - 1, key);
    }
    return key.order;
  }
  TimeUs next_us() {
    fill_hole();
    return heap_.front().at_us;
  }
  Key pop() {
    fill_hole();
    hole_ = true;
    return heap_.front();
  }
  // After a pop: the slot of what comes next unless something earlier is pushed; kNoSlot: nothing. For
  // prefetching: with many events pending the slab does not fit the cache, and the running handler hides the miss.
  uint32_t likely_next_slot() const {
    const size_t end = heap_.size() < 5 ? heap_.size() : 5;
    if (end < 2) return kNoSlot;
    size_t best = 1;
    for (size_t child = 2; child < end; ++child) {
      if (rank(heap_[child]) < rank(heap_[best])) best = child;
    }
    return heap_[best].slot();
  }

 private:
  static unsigned __int128 rank(const Key& key) {
    return static_cast<unsigned __int128>(static_cast<uint64_t>(key.at_us)) << 64 | key.order;
  }
  void fill_hole() {
    if (!hole_) return;
    hole_ = false;
    const Key last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sift_down(last);
  }
  void sift_up(size_t at, Key key) {
    const auto mine = rank(key);
    while (at > 0) {
      const size_t parent = (at - 1) / 4;
      if (rank(heap_[parent]) < mine) break;
      heap_[at] = heap_[parent];
      at = parent;
    }
    heap_[at] = key;
  }
  void sift_down(Key key) {
    Key* const heap = heap_.data();
    const size_t size = heap_.size();
    const auto mine = rank(key);
    size_t at = 0;
    for (;;) {
      const size_t first = 4 * at + 1;
      if (first >= size) break;
      const size_t end = first + 4 < size ? first + 4 : size;
      size_t best = first;
      auto best_rank = rank(heap[first]);
      for (size_t child = first + 1; child < end; ++child) {
        const auto child_rank = rank(heap[child]);
        const bool less = child_rank < best_rank;
        best = less ? child : best;
        best_rank = less ? child_rank : best_rank;
      }
      if (mine < best_rank) break;
      heap[at] = heap[best];
      at = best;
    }
    heap[at] = key;
  }

  std::vector<Key> heap_;
  uint64_t sequence_ = 0;
  bool hole_ = false;
};

enum class EventType : uint8_t {
  local,          // a timer or a post: mail for `binding`
  network,        // a message reaches its process
  lost,           // it was on its way when its connection ended
  notice,         // connection_lost on its way to an endpoint
  ready,          // the busy time of actor `binding` is over and its mailbox is not empty
  start_process,  // the first start of process mail.a
  storage,        // the storage carries out call mail.a of the client `binding`
  fault,          // fault mail.a asked to be called back with tag mail.b
};

struct alignas(64) Event {  // whole cache lines, so that an event touches as few as it can
  env::Mail mail;
  uint64_t order = 0;  // of its key; 0 never names a timer
  uint32_t binding = 0;
  uint32_t next = kNoSlot;  // in a mailbox, or behind it on its way
  // Of messages and notices: the connection, when it leaves its sender and when it arrives.
  uint32_t connection = 0;
  TimeUs depart_us = 0;
  TimeUs arrive_us = 0;
  env::ProcessId to_process = 0;
  EventType type = EventType::local;
  uint8_t side = 0;   // the sending side of the connection
  bool held = false;  // it has arrived at a cut
  bool cancelled = false;
  bool last_notice = false;  // of those that tell one process of one lost connection
};

class EventSlab {
 public:
  uint32_t allocate() {
    if (free_.empty()) grow();
    const uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void release(uint32_t slot) {
    Event& event = (*this)[slot];
    if (event.mail.body.capacity() > kKeptBody) Bytes().swap(event.mail.body);
    event.mail.body.clear();
    event.order = 0;
    event.next = kNoSlot;
    event.cancelled = false;
    event.last_notice = false;
    free_.push_back(slot);
  }
  Event& operator[](uint32_t slot) { return chunks_[slot >> kChunkBits][slot & ((1u << kChunkBits) - 1)]; }
  void prefetch(uint32_t slot) {
    const char* event = reinterpret_cast<const char*>(&(*this)[slot]);
    for (size_t line = 0; line < sizeof(Event); line += 64) __builtin_prefetch(event + line);
  }
  bool contains(uint32_t slot) const { return slot >> kChunkBits < chunks_.size(); }
  size_t in_use() const { return (chunks_.size() << kChunkBits) - free_.size(); }

 private:
  static constexpr int kChunkBits = 8;
  static constexpr size_t kKeptBody = 64;
  void grow() {
    const auto base = static_cast<uint32_t>(chunks_.size() << kChunkBits);
    CHECK(base + (1u << kChunkBits) <= 1u << kSlotBits, "too many pending events");
    chunks_.push_back(std::make_unique<Event[]>(1u << kChunkBits));
    for (uint32_t i = 1u << kChunkBits; i-- > 0;) free_.push_back(base + i);
  }
  std::vector<std::unique_ptr<Event[]>> chunks_;
  std::vector<uint32_t> free_;
};

}  // namespace onceproof::simulator
