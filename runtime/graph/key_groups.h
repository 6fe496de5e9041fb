// SPDX-License-Identifier: Apache-2.0
// Key groups: the units in which keyed state is partitioned, snapshotted and moved between subtasks
// (Flink's KeyGroupRangeAssignment). A key's group depends on its bytes and max_parallelism alone, so it is the
// same before and after a rescale. Called by the hash exchange once per record, and by restore.
#pragma once

#include <cstdint>

#include "runtime/base/bytes.h"
#include "runtime/base/hash.h"

namespace onceproof::graph {

inline constexpr int32_t kMaxMaxParallelism = 1 << 15;  // Flink's upper bound on the number of key groups

// In [0, max_parallelism). The key hash is the low half of XXH3-64, in the place of Java's hashCode().
inline int32_t key_group_of_hash(uint64_t key_hash, int32_t max_parallelism) {
  return murmur_int(static_cast<int32_t>(static_cast<uint32_t>(key_hash))) % max_parallelism;
}
inline int32_t key_group_of(ByteView key, int32_t max_parallelism) {
  return key_group_of_hash(hash64(key), max_parallelism);
}

// The subtask, in [0, parallelism), that owns the key group. Needs 1 <= parallelism <= max_parallelism.
constexpr int32_t subtask_of(int32_t key_group, int32_t max_parallelism, int32_t parallelism) {
  return static_cast<int32_t>(static_cast<int64_t>(key_group) * parallelism / max_parallelism);
}

// Both ends included; never empty when parallelism <= max_parallelism.
struct KeyGroupRange {
  int32_t first = 0;
  int32_t last = -1;
  constexpr bool contains(int32_t key_group) const { return first <= key_group && key_group <= last; }
  constexpr int32_t size() const { return last - first + 1; }
  bool operator==(const KeyGroupRange&) const = default;
  template <class Archive>
  void fields(Archive& archive) {
    archive(first, last);
  }
};

// Exactly the key groups that subtask_of() gives to `subtask`.
constexpr KeyGroupRange range_of(int32_t subtask, int32_t max_parallelism, int32_t parallelism) {
  const int64_t max = max_parallelism;
  return {static_cast<int32_t>((subtask * max + parallelism - 1) / parallelism),
          static_cast<int32_t>(((subtask + 1) * max - 1) / parallelism)};
}

// clamp(next power of two of 1.5 * parallelism, 128, 32768), as Flink derives it when nobody asked for one.
int32_t default_max_parallelism(int32_t parallelism);

}  // namespace onceproof::graph
