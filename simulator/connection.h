// SPDX-License-Identifier: Apache-2.0
// Connection: what two processes talk over. Every pair of processes shares one, which is opened again after a loss;
// a log client has one of its own to each process that it asks, which ends once. Each direction is a list, oldest
// first, of what is on its way: arrivals leave at its head, a loss cuts it. For the network only.
#pragma once

#include <vector>

#include "runtime/base/random.h"
#include "simulator/event_queue.h"

namespace onceproof::simulator {

// One direction. In the list, through Event::next: messages and notices in flight, then none; those that a cut holds
// have arrived and are its front part.
struct Way {
  RandomStream latency;
  TimeUs last_us = 0;  // when the newest arrives
  TimeUs free_us = 0;  // a delay holds the direction: nothing leaves earlier
  uint32_t head = kNoSlot;
  uint32_t tail = kNoSlot;
};

// What one end believes of the connection, and what became of it.
struct Side {
  env::ProcessId process = 0;
  env::Endpoint endpoint = env::kMainEndpoint;  // who is told of a loss; of a client: the client
  bool closed = false;     // a client's connection only: this end is gone; what arrives here is dropped
  bool used = false;       // something was sent from here since the connection was opened
  bool half_open = false;  // the other end is gone and this one was not told
  bool vanished = false;   // something that was sent from here went to a silent host: it will be sent again
  uint32_t notices = 0;    // losses of which this end is being told; what it sends meanwhile vanishes
};

struct Connection {
  uint32_t id = 0;
  bool of_client = false;  // sides[0] is the client
  Side sides[2];
  Way ways[2];  // ways[i]: what sides[i] sends

  int side_of(env::ProcessId process) const { return sides[0].process == process ? 0 : 1; }
  bool over() const { return sides[0].closed && sides[1].closed; }
};

// A set of processes of any number.
class ProcessSet {
 public:
  bool contains(env::ProcessId process) const {
    const size_t word = process / 64u;
    return word < words_.size() && (words_[word] >> (process % 64u) & 1) != 0;
  }
  void add(env::ProcessId process) {
    const size_t word = process / 64u;
    if (word >= words_.size()) words_.resize(word + 1, 0);
    words_[word] |= uint64_t{1} << (process % 64u);
  }
  void remove(env::ProcessId process) {
    const size_t word = process / 64u;
    if (word < words_.size()) words_[word] &= ~(uint64_t{1} << (process % 64u));
  }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace onceproof::simulator
