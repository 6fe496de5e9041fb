// SPDX-License-Identifier: Apache-2.0
// FetchAnswers: the payload of one message that answers several fetches (messages.h). Filled by a broker: first the
// records go behind payload(), then add() says whose they are. Records are copied once, from the log to here.
#pragma once

#include <utility>

#include "simulator/log/messages.h"

namespace onceproof::simulator::log {

class FetchAnswers {
 public:
  bool empty() const { return count_ == 0; }
  Bytes& payload() { return payload_; }
  // All that was appended to the payload since the last add() is this answer's; the tail's `bytes` are set here.
  void add(FetchTail tail) {
    tail.bytes = static_cast<uint32_t>(payload_.size() - begin_);
    // Most messages have one answer: its records, this and what take() and the trailer add are allocated once.
    if (count_ == 0) payload_.reserve(payload_.size() + FetchTail::kSize + sizeof count_ + kResponseTrailer);
    Encoder encoder(payload_);
    encoder(tail);
    begin_ = payload_.size();
    ++count_;
  }
  void add_error(uint64_t correlation, const Status& status) {
    payload_.append(status.error().message);
    add({.correlation = correlation, .error = status.code()});
  }
  Bytes take() {
    ByteWriter(payload_).fixed(count_);
    return std::move(payload_);
  }

 private:
  Bytes payload_;
  size_t begin_ = 0;
  uint32_t count_ = 0;
};

// Takes the last answer off a payload. False when it holds no whole one.
inline bool take_last_answer(Bytes& payload, FetchTail& tail, Bytes& records) {
  if (payload.size() < FetchTail::kSize) return false;
  const size_t end = payload.size() - FetchTail::kSize;
  if (!decode(ByteView(payload).substr(end), tail) || tail.bytes > end) return false;
  const size_t begin = end - tail.bytes;
  if (begin == 0) {  // the only one, or the first: its records are moved
    payload.resize(end);
    records = std::exchange(payload, {});
  } else {
    records = payload.substr(begin, tail.bytes);
    payload.resize(begin);
  }
  return true;
}

}  // namespace onceproof::simulator::log
