// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/lineage.h"

namespace onceproof {

void Lineage::grow(size_t wanted) {
  const size_t capacity = std::max<size_t>(wanted, size_t{capacity_} * 2);
  auto* const larger = new Position[capacity];
  std::memcpy(larger, data(), size_ * sizeof(Position));
  delete[] heap_;
  heap_ = larger;
  capacity_ = static_cast<uint32_t>(capacity);
}

bool decode_lineage(ByteView stored, Lineage& out) {
  if (stored.size() % sizeof(Position) != 0) return false;
  out.append(LineageView(stored));
  return true;
}

}  // namespace onceproof
