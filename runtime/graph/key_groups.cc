// SPDX-License-Identifier: Apache-2.0
#include "runtime/graph/key_groups.h"

#include <algorithm>
#include <bit>

namespace onceproof::graph {

int32_t default_max_parallelism(int32_t parallelism) {
  const uint64_t wanted = static_cast<uint64_t>(std::max(parallelism, 1));
  const uint64_t rounded = std::bit_ceil(wanted + wanted / 2);
  return static_cast<int32_t>(std::clamp<uint64_t>(rounded, 128, kMaxMaxParallelism));
}

}  // namespace onceproof::graph
