// SPDX-License-Identifier: Apache-2.0
// The event loop's own benchmarks and their baselines, as objects: built with their events pending, so that only the
// loop itself is timed. run(n) handles n more events and returns a number that depends on all of them, so that
// nothing is optimised away and so that two calls can be compared.
#pragma once

#include <cstdint>
#include <memory>

namespace onceproof::simulator {

class World;

// A World whose 100 actors re-arm empty timers, trace on.
class EmptyMailLoop {
 public:
  explicit EmptyMailLoop(uint32_t pending);  // a multiple of 100
  ~EmptyMailLoop();
  uint64_t run(uint64_t events);

 private:
  std::unique_ptr<World> world_;
};

// std::priority_queue of {time, sequence, payload}: one pop and one push an event, nothing else.
class BareHeapLoop {
 public:
  explicit BareHeapLoop(uint32_t pending);
  ~BareHeapLoop();
  uint64_t run(uint64_t events);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Two processes; each of `pairs` actors in one sends 64 bytes to its peer in the other, which sends them back.
class PingPongLoop {
 public:
  explicit PingPongLoop(uint32_t pairs);
  ~PingPongLoop();
  uint64_t run(uint64_t events);

 private:
  std::unique_ptr<World> world_;
};

}  // namespace onceproof::simulator
