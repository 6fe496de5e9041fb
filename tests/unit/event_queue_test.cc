// SPDX-License-Identifier: Apache-2.0
// The queue orders by time and then by sequence; the slab never moves an event.
#include "simulator/event_queue.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/base/random.h"
#include "simulator/bench_loop.h"

namespace onceproof::simulator {
namespace {

TEST(EventQueue, EqualTimesComeOutInTheOrderOfTheirPushes) {
  EventQueue queue;
  for (uint32_t slot = 0; slot < 100; ++slot) queue.push(5, slot);
  for (uint32_t slot = 0; slot < 100; ++slot) EXPECT_EQ(queue.pop().slot(), slot);
  EXPECT_TRUE(queue.empty());
}

// Against a std::map, with every mixture of pops that are and are not followed by a push.
TEST(EventQueue, AgreesWithAnOrderedMapUnderRandomUse) {
  RandomStream random(7);
  for (int round = 0; round < 50; ++round) {
    EventQueue queue;
    std::map<std::pair<TimeUs, uint64_t>, uint32_t> model;
    for (uint32_t i = 0; i < 400; ++i) {
      ASSERT_EQ(queue.empty(), model.empty());
      ASSERT_EQ(queue.size(), model.size());
      if (!model.empty() && random.percent(45)) {
        ASSERT_EQ(queue.next_us(), model.begin()->first.first);
        const EventQueue::Key key = queue.pop();
        ASSERT_EQ(key.at_us, model.begin()->first.first);
        ASSERT_EQ(key.slot(), model.begin()->second);
        model.erase(model.begin());
      } else {
        const auto at_us = static_cast<TimeUs>(random.below(40));
        const uint64_t order = queue.push(at_us, i);
        model[{at_us, order}] = i;
      }
    }
  }
}

TEST(EventSlab, KeepsEventsWhereTheyAreAndReusesThem) {
  EventSlab slab;
  const uint32_t first = slab.allocate();
  const Event* address = &slab[first];
  slab[first].mail.body = Bytes(1000, 'x');
  for (int i = 0; i < 1000; ++i) slab.allocate();
  EXPECT_EQ(&slab[first], address);
  EXPECT_EQ(slab.in_use(), 1001u);
  slab.release(first);
  EXPECT_EQ(slab.allocate(), first);
  EXPECT_TRUE(slab[first].mail.body.empty());
  EXPECT_LT(slab[first].mail.body.capacity(), 1000u) << "a free event does not hoard memory";
}

TEST(BenchLoop, IsDeterministic) {
  EXPECT_EQ(EmptyMailLoop(1'000).run(20'000), EmptyMailLoop(1'000).run(20'000));
  EXPECT_NE(EmptyMailLoop(1'000).run(20'000), EmptyMailLoop(1'000).run(20'001));
  EXPECT_EQ(PingPongLoop(3).run(5'000), PingPongLoop(3).run(5'000));
  EXPECT_NE(PingPongLoop(3).run(5'000), PingPongLoop(3).run(5'001));
}

}  // namespace
}  // namespace onceproof::simulator
