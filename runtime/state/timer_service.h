// SPDX-License-Identifier: Apache-2.0
// TimerService: the event-time timers of one operator of one subtask; they are keyed state. At most one timer exists
// for each (timestamp, key, window). Timers fire in (timestamp, registration) order when the watermark passes them;
// the watermark is not part of the snapshot, so restored timers wait for the first one. One owner, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/state/keyed_table.h"

namespace onceproof::state {

struct Timer : Place {  // its key is valid during the callback
  TimeUs timestamp_us = 0;
};

class TimerService {
 public:
  // False when that timer exists already. A timestamp behind the watermark is accepted; it fires at the next advance.
  bool register_timer(TimeUs timestamp_us, const Place& place);
  bool register_timer(TimeUs timestamp_us, int32_t key_group, ByteView key, int64_t window) {
    return register_timer(timestamp_us, Place(key_group, key, window));
  }
  // False when there is no such timer.
  bool delete_timer(TimeUs timestamp_us, int32_t key_group, ByteView key, int64_t window);

  // Calls fire(const Timer&) for each timer with timestamp <= watermark; a timer is gone before it fires. `fire` may
  // register and delete timers (new ones that are due fire in the same call), but not advance. Returns how many fired.
  template <class F>
  size_t advance(TimeUs watermark_us, F&& fire) {
    CHECK(!advancing_, "advance() from a timer's callback");
    advancing_ = true;
    size_t fired = 0;
    for (Timer timer; take_due(watermark_us, timer); ++fired) fire(static_cast<const Timer&>(timer));
    advancing_ = false;
    return fired;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  TimeUs next_timestamp_us() const;  // kMaxTimeUs when there is none
  void clear();

  // Appends all timers; services with the same timers in the same firing order give equal bytes.
  void snapshot(Bytes& out) const;
  // Adds the timers of the key groups first..last (both included), in their old firing order; fires nothing.
  // corrupt: the bytes do not decode; nothing was added. May be called for several snapshots (after a rescale).
  Status restore(ByteView in, int32_t first_key_group = 0, int32_t last_key_group = INT32_MAX);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  using Owners = KeyedTable<uint32_t>;  // (key group, key, window) -> first + 1 of its chain of timers
  struct Slot {
    TimeUs timestamp_us = 0;
    uint32_t owner = kNone;     // handle into owners_
    uint32_t next = kNone;      // further timer of the same owner, or next free slot
    uint32_t previous = kNone;  // neighbours among the timers of the same time, in the order of registration
    uint32_t following = kNone;
  };
  struct SameTime {
    uint32_t first = kNone;
    uint32_t last = kNone;
  };

  bool take_due(TimeUs watermark_us, Timer& timer);
  uint32_t take_slot();
  void join_time(uint32_t slot, TimeUs timestamp_us);
  void leave_time(const Slot& slot);
  void unlink(Owners::Entry& owner, uint32_t slot);  // also erases an owner without timers

  Owners owners_;
  std::vector<Slot> slots_;
  uint32_t free_ = kNone;
  std::map<TimeUs, SameTime> times_;  // few: a window's timers share one
  size_t size_ = 0;
  Bytes firing_key_;
  bool advancing_ = false;
};

}  // namespace onceproof::state
