// SPDX-License-Identifier: Apache-2.0
// DenseIndex: numbers the distinct members of a sequence 0, 1, ... in the order of their first appearance. Open
// addressing over hashes that the caller computes; the members themselves stay with the caller, by their numbers.
#pragma once

#include <cstdint>
#include <vector>

namespace onceproof::checkers {

class DenseIndex {
 public:
  // The number of the member for which same(number) holds among those with this hash, or size() for a new one.
  template <class Same>
  uint32_t find_or_add(uint64_t hash, Same same) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    size_t at = hash & (slots_.size() - 1);
    for (; slots_[at].number != kFree; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].hash == hash && same(slots_[at].number)) return slots_[at].number;
    }
    slots_[at] = {hash, static_cast<uint32_t>(size_)};
    return static_cast<uint32_t>(size_++);
  }
  size_t size() const { return size_; }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  struct Slot {
    uint64_t hash = 0;
    uint32_t number = kFree;
  };
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number == kFree) continue;
      size_t at = slot.hash & (slots_.size() - 1);
      while (slots_[at].number != kFree) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t size_ = 0;
};

}  // namespace onceproof::checkers
