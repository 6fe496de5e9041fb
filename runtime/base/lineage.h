// SPDX-License-Identifier: Apache-2.0
// Lineage: which source positions a record was made from, carried out of band (operators never see it).
// A position is one contribution: source partition, offset, and the ordinal among the records that one
// source record was split into. A lineage is a multiset: a contribution counted twice stands in it twice,
// because dropping one record and counting another twice gives the right count and the wrong lineage.
#pragma once

#include <cstdint>
#include <vector>

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

// The compressed form that state snapshots and log record headers store: sorted, as runs
// (varint gap from the previous position, varint length - 1); a repeated position is a run with gap 0.
// Consecutive means: next offset with ordinal 0, or next ordinal of the same offset.
void encode_lineage(std::vector<Position>& positions, Bytes& out);           // sorts its argument
[[nodiscard]] bool decode_lineage(ByteView in, std::vector<Position>& out);  // appends; false when corrupt

}  // namespace onceproof
