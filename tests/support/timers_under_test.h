// SPDX-License-Identifier: Apache-2.0
// A timer service with a table of its own, whose timers are named by their keys.
#pragma once

#include <memory>

#include "runtime/state/timer_service.h"

namespace onceproof::tests {

struct FiredTimer {
  TimeUs timestamp_us = 0;
  int32_t key_group = 0;
  ByteView key;
  int64_t window = 0;
};

class Timers {
 public:
  using Keys = state::KeyedTable<int>;

  bool register_timer(TimeUs timestamp_us, int32_t key_group, ByteView key, int64_t window) {
    return timers_.register_timer(timestamp_us, *keys_->find_or_insert(key_group, key, window).first);
  }
  bool delete_timer(TimeUs timestamp_us, int32_t key_group, ByteView key, int64_t window) {
    const Keys::Entry* entry = keys_->find(key_group, key, window);
    return entry != nullptr && timers_.delete_timer(timestamp_us, *entry);
  }
  template <class F>
  size_t advance(TimeUs watermark_us, F fire) {
    return timers_.advance(watermark_us, [&](TimeUs timestamp_us, Keys::Entry& entry) {
      fire(FiredTimer{timestamp_us, entry.key_group, entry.key, entry.window});
    });
  }
  Status restore(ByteView in, int32_t first_key_group = 0, int32_t last_key_group = INT32_MAX) {
    return timers_.restore(in, first_key_group, last_key_group);
  }
  void snapshot(Bytes& out) const { timers_.snapshot(out); }
  size_t size() const { return timers_.size(); }
  bool empty() const { return timers_.empty(); }
  TimeUs next_timestamp_us() const { return timers_.next_timestamp_us(); }
  void clear() { timers_.clear(); }

 private:
  std::unique_ptr<Keys> keys_ = std::make_unique<Keys>();
  state::TimerService<int> timers_{*keys_};
};

}  // namespace onceproof::tests
