// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/lineage.h"

#include <algorithm>

namespace onceproof {

namespace {

// The position that continues a run: the next ordinal, unless `to` starts the next offset of the partition.
bool continues(Position from, Position to, bool by_offset) {
  return by_offset ? to == from + kMaxOrdinal + 1 : to == from + 1;
}

}  // namespace

// Run header: varint gap, then varint (length - 1) * 2 + by_offset. Gap is from the last position of the run before.
void encode_lineage(std::vector<Position>& positions, Bytes& out) {
  if (!std::is_sorted(positions.begin(), positions.end())) std::sort(positions.begin(), positions.end());
  ByteWriter writer(out);
  Position last = 0;
  for (size_t i = 0; i < positions.size();) {
    const size_t first = i;
    const bool by_offset = i + 1 < positions.size() && continues(positions[i], positions[i + 1], true);
    while (i + 1 < positions.size() && continues(positions[i], positions[i + 1], by_offset)) ++i;
    writer.varint(positions[first] - last);
    writer.varint((i - first) * 2 + (by_offset ? 1 : 0));
    last = positions[i++];
  }
}

bool decode_lineage(ByteView in, std::vector<Position>& out) {
  uint64_t count = out.size();
  for (ByteReader runs(in); !runs.at_end();) {
    runs.varint();
    const uint64_t run = runs.varint();
    if (!runs.ok() || run / 2 > kMaxOffset) return false;
    count += run / 2 + 1;
  }
  if (count > out.capacity()) out.reserve(std::max<size_t>(count, 2 * out.capacity()));
  ByteReader reader(in);
  Position last = 0;
  while (!reader.at_end()) {
    last += reader.varint();
    const uint64_t run = reader.varint();
    const Position step = (run & 1) ? kMaxOrdinal + 1 : 1;
    out.push_back(last);
    for (uint64_t n = run / 2; n > 0; --n) out.push_back(last += step);
  }
  return true;
}

}  // namespace onceproof
