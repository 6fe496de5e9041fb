// SPDX-License-Identifier: Apache-2.0
// Lineage: which source positions a record was made from, carried out of band (operators never see it).
// A position is one contribution: source partition, offset, and the ordinal among the records that one
// source record was split into. A lineage is a multiset: a contribution counted twice stands in it twice,
// because dropping one record and counting another twice gives the right count and the wrong lineage.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "runtime/base/bytes.h"

namespace onceproof {

// Packed so that numeric order is (partition, offset, ordinal) order.
using Position = uint64_t;

inline constexpr int kOrdinalBits = 26;  // 67 million words in one record
inline constexpr int kOffsetBits = 30;   // a billion records in one partition
inline constexpr uint64_t kMaxOrdinal = (1ull << kOrdinalBits) - 1;
inline constexpr uint64_t kMaxOffset = (1ull << kOffsetBits) - 1;
inline constexpr uint64_t kMaxPartition = 255;

constexpr Position make_position(uint64_t partition, uint64_t offset, uint64_t ordinal = 0) {
  return (partition << (kOffsetBits + kOrdinalBits)) | (offset << kOrdinalBits) | ordinal;
}
constexpr uint64_t partition_of(Position p) { return p >> (kOffsetBits + kOrdinalBits); }
constexpr uint64_t offset_of(Position p) { return (p >> kOrdinalBits) & kMaxOffset; }
constexpr uint64_t ordinal_of(Position p) { return p & kMaxOrdinal; }

// A lineage inside a buffer: count() packed positions, unaligned, in arrival order.
class LineageView {
 public:
  LineageView() = default;
  explicit LineageView(ByteView raw) : raw_(raw) {}
  size_t count() const { return raw_.size() / sizeof(Position); }
  Position operator[](size_t i) const { return load<Position>(raw_.data() + i * sizeof(Position)); }
  ByteView raw() const { return raw_; }

 private:
  ByteView raw_;
};

// A lineage that somebody keeps. Most are of one or two records, so these lie in the object itself.
class Lineage {
 public:
  using value_type = Position;
  using const_iterator = const Position*;

  Lineage() = default;
  Lineage(std::initializer_list<Position> positions) { append(positions.begin(), positions.size()); }
  Lineage(const Lineage& other) { append(other.data(), other.size_); }
  Lineage(Lineage&& other) noexcept { swap(other); }
  Lineage& operator=(Lineage other) noexcept {
    swap(other);
    return *this;
  }
  ~Lineage() { delete[] heap_; }

  void push_back(Position position) { append(&position, 1); }
  void append(LineageView more) { append(more.raw().data(), more.count()); }
  void clear() { size_ = 0; }
  void sort() {
    if (!std::is_sorted(begin(), end())) std::sort(begin(), end());
  }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  const Position* data() const { return heap_ != nullptr ? heap_ : own_; }
  Position* data() { return heap_ != nullptr ? heap_ : own_; }
  const Position* begin() const { return data(); }
  const Position* end() const { return data() + size_; }
  Position* begin() { return data(); }
  Position* end() { return data() + size_; }
  Position operator[](size_t i) const { return data()[i]; }
  Position& operator[](size_t i) { return data()[i]; }
  Position front() const { return data()[0]; }
  bool operator==(const Lineage& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }
  LineageView view() const {
    return LineageView(ByteView(reinterpret_cast<const char*>(data()), size_ * sizeof(Position)));
  }

 private:
  static constexpr uint32_t kOwn = 2;
  void append(const void* positions, size_t count) {  // need not be aligned
    if (size_ + count > capacity_) grow(size_ + count);
    if (count > 0) std::memcpy(data() + size_, positions, count * sizeof(Position));
    size_ += static_cast<uint32_t>(count);
  }
  void grow(size_t wanted);
  void swap(Lineage& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(heap_, other.heap_);
    std::swap(own_, other.own_);
  }

  uint32_t size_ = 0;
  uint32_t capacity_ = kOwn;
  Position* heap_ = nullptr;  // all of them, once there are more than kOwn
  Position own_[kOwn] = {};
};

// State snapshots and log record headers store a lineage as it lies in a buffer. Appends; false: not whole positions.
[[nodiscard]] bool decode_lineage(ByteView stored, Lineage& out);

}  // namespace onceproof
