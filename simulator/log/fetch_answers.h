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
    begin_ = payload_.size();
    Encoder encoder(tails_);
    encoder(tail);
    ++count_;
  }
  void add_error(uint64_t correlation, const Status& status) {
    payload_.append(status.error().message);
    add({.correlation = correlation, .error = status.code()});
  }
  Bytes take() {
    payload_.reserve(payload_.size() + tails_.size() + sizeof count_ + kResponseTrailer);
    payload_.append(tails_);
    ByteWriter(payload_).fixed(count_);
    return std::move(payload_);
  }

 private:
  Bytes payload_;
  Bytes tails_;
  size_t begin_ = 0;
  uint32_t count_ = 0;
};

// Calls visit(tail, records) for each answer of a payload, in order; `records` are moved where they are all of it.
// False when the payload is none; visit() returns whether to go on.
template <class Visit>
bool each_fetch_answer(Bytes payload, Visit visit) {
  if (payload.size() < sizeof(uint32_t)) return false;
  const auto count = load<uint32_t>(payload.data() + payload.size() - sizeof(uint32_t));
  const uint64_t tails_size = uint64_t{count} * FetchTail::kSize + sizeof(uint32_t);
  if (payload.size() < tails_size) return false;
  const size_t records_size = payload.size() - tails_size;
  size_t begin = 0;
  for (uint32_t i = 0; i < count; ++i) {
    FetchTail tail;
    const size_t at = records_size + i * FetchTail::kSize;
    if (!decode(ByteView(payload).substr(at, FetchTail::kSize), tail) || tail.bytes > records_size - begin) return false;
    Bytes records;
    if (tail.bytes != 0 && count == 1) {
      payload.resize(tail.bytes);
      records = std::move(payload);
    } else if (tail.bytes != 0) {
      records = payload.substr(begin, tail.bytes);
    }
    begin += tail.bytes;
    if (!visit(tail, std::move(records))) return true;
  }
  return true;
}

}  // namespace onceproof::simulator::log
