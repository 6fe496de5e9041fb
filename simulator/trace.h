// SPDX-License-Identifier: Apache-2.0
// Trace: every handled event folded into a rolling 128-bit hash, and the ladder: the hash after every
// `stride` events, so that two runs are bisected to the first differing event. Integers only, the same on
// every compiler. Prefix-stable: rung i depends on the events before it and on nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/hash.h"
#include "runtime/base/time.h"
#include "runtime/env/mail.h"

namespace onceproof::simulator {

struct TraceEvent {
  TimeUs at_us = 0;
  env::ProcessId process = 0;
  env::MailKind kind = env::MailKind::none;
  uint64_t endpoint = 0;
  uint64_t a = 0;
  uint64_t b = 0;
  uint64_t payload_hash = 0;  // XXH3 of the body; 0: empty
  uint64_t draws = 0;         // random numbers that the world itself has drawn so far
  bool operator==(const TraceEvent&) const = default;
};

// An event of the detail window, with the hash as it was just before the event.
struct DetailedEvent {
  uint64_t index = 0;
  TraceEvent event;
  Hash128 before;
};

class Trace {
 public:
  explicit Trace(uint32_t stride = 64, std::optional<std::pair<uint64_t, uint64_t>> detail = std::nullopt);

  void fold(const TraceEvent& event) {
    if (events_ >= detail_begin_ && events_ < detail_end_) record(event);
    low_ = turn(low_) + multiply(static_cast<uint64_t>(event.at_us) ^ high_ ^ 0xa0761d6478bd642full,
                                 event.a ^ low_ ^ 0xe7037ed1a0b428dbull);
    high_ = turn(high_) + multiply(event.endpoint ^ event.draws * 0x9e3779b97f4a7c15ull ^ low_ ^ 0x8ebc6af09c88c6e3ull,
                                   event.b ^ event.payload_hash ^ high_ ^ 0x589965cc75374cc3ull);
    low_ += (uint64_t{event.process} << 16 | static_cast<uint64_t>(event.kind)) * 0xc2b2ae3d27d4eb4full;
    if (++events_ == next_rung_) {
      ladder_.push_back({low_, high_});
      next_rung_ += stride_;
    }
  }
  // A mail that a process handled: also part of the state hash. Everything but `draws`, which a fault may shift.
  void fold_mail(const TraceEvent& event) {
    state_ = turn(state_) + multiply(static_cast<uint64_t>(event.at_us) ^ event.a ^ event.payload_hash ^ state_,
                                     uint64_t{event.process} << 48 ^ static_cast<uint64_t>(event.kind) << 32 ^
                                         event.endpoint ^ turn(event.b) ^ 0x9e3779b97f4a7c15ull);
    fold(event);
  }
  // Something that the world did, or that a handler did (a write, a point it passed), between two events.
  void note(uint64_t value) { high_ = turn(high_) + multiply(value ^ low_ ^ 0x1d8e4e27c47d124full, high_ | 1); }
  void note_state(uint64_t value) {
    state_ = turn(state_) + multiply(value ^ 0x1d8e4e27c47d124full, state_ | 1);
    note(value);
  }

  Hash128 hash() const { return {low_, high_}; }
  // Of the mails that processes handled and of what their handlers did, without the world's own events and without
  // the randomness drawn by it.
  uint64_t state_hash() const { return state_; }
  uint64_t events() const { return events_; }
  uint32_t stride() const { return stride_; }
  const std::vector<Hash128>& ladder() const { return ladder_; }
  const std::vector<DetailedEvent>& detail() const { return detail_; }

 private:
  static uint64_t turn(uint64_t x) { return x << 23 | x >> 41; }
  static uint64_t multiply(uint64_t x, uint64_t y) {
    const unsigned __int128 product = static_cast<unsigned __int128>(x) * y;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  void record(const TraceEvent& event);

  uint64_t low_ = 0x243f6a8885a308d3ull;
  uint64_t high_ = 0x13198a2e03707344ull;
  uint64_t state_ = 0xa4093822299f31d0ull;
  uint64_t events_ = 0;
  uint64_t next_rung_;
  uint64_t detail_begin_ = 0;
  uint64_t detail_end_ = 0;
  uint32_t stride_;
  std::vector<Hash128> ladder_;
  std::vector<DetailedEvent> detail_;
};

// Where two runs part. `begin`..`end`: the events (end excluded) among which the first difference lies; run
// both again with that as WorldOptions::detail, compare again, and `words` names the event.
struct TraceDifference {
  uint64_t begin = 0;
  uint64_t end = 0;
  std::optional<uint64_t> event;  // known when both traces recorded that window in detail
  std::string words;              // one sentence for people
};
std::optional<TraceDifference> first_difference(const Trace& left, const Trace& right,
                                                const std::vector<std::string>& process_names);
std::string describe(const TraceEvent& event, const std::vector<std::string>& process_names);

}  // namespace onceproof::simulator
