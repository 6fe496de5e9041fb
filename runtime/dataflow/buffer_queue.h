// SPDX-License-Identifier: Apache-2.0
// BufferQueue: buffers first in, first out, in one array that is empty-handed until the first push: an exchange has
// parallelism squared of them and most are empty most of the time. One owner.
#pragma once

#include <utility>
#include <vector>

#include "runtime/base/bytes.h"

namespace onceproof::dataflow {

class BufferQueue {
 public:
  bool empty() const { return head_ == buffers_.size(); }
  size_t size() const { return buffers_.size() - head_; }
  Bytes& front() { return buffers_[head_]; }
  Bytes& back() { return buffers_.back(); }
  void push(Bytes buffer) { buffers_.push_back(std::move(buffer)); }
  Bytes pop() {
    Bytes taken = std::move(buffers_[head_++]);
    if (head_ == buffers_.size()) {
      buffers_.clear();
      head_ = 0;
    } else if (head_ >= kSlack && head_ * 2 >= buffers_.size()) {  // amortised: as many moves as pops before it
      buffers_.erase(buffers_.begin(), buffers_.begin() + static_cast<ptrdiff_t>(head_));
      head_ = 0;
    }
    return taken;
  }

 private:
  static constexpr size_t kSlack = 16;
  std::vector<Bytes> buffers_;
  size_t head_ = 0;
};

}  // namespace onceproof::dataflow
