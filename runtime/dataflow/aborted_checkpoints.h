// SPDX-License-Identifier: Apache-2.0
// Checkpoints of which a task heard that they were aborted before their barrier came (Flink:
// SubtaskCheckpointCoordinatorImpl.abortedCheckpointIds). Bounded: no more are remembered than may be under way at
// once, and whatever lies further back than that was aborted too.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>

namespace onceproof::dataflow {

class AbortedCheckpoints {
 public:
  explicit AbortedCheckpoints(int32_t limit) : limit_(static_cast<uint64_t>(std::max(limit, 1))) {}

  void add(uint64_t checkpoint) {
    ids_.insert(checkpoint);
    highest_ = std::max(highest_, checkpoint);
    if (ids_.size() > limit_) ids_.erase(ids_.begin());
  }
  // Asked once, when the barrier is there.
  bool take(uint64_t checkpoint) { return ids_.erase(checkpoint) > 0 || checkpoint + limit_ < highest_; }
  void forget_up_to(uint64_t checkpoint) { ids_.erase(ids_.begin(), ids_.upper_bound(checkpoint)); }
  size_t size() const { return ids_.size(); }

 private:
  const uint64_t limit_;
  uint64_t highest_ = 0;
  std::set<uint64_t> ids_;
};

}  // namespace onceproof::dataflow
