// SPDX-License-Identifier: Apache-2.0
// Which stream of randomness a handler gets: its own, and no other's.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "simulator/world.h"
#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

using test::actor;

TEST(World, RandomStreamsDependOnProcessEndpointAndIncarnation) {
  std::vector<uint64_t> draws;
  World world{WorldOptions{}};
  const auto draw = [&draws](env::Env& env) { draws.push_back(env.random().fork("n").next()); };
  for (const char* name : {"p", "q"}) {
    world.add_process(name, actor([draw](env::Env& env, env::Mail&) {
                        draw(env);
                        env.scheduler().spawn("child", 5, actor([draw](env::Env& child, env::Mail&) { draw(child); }));
                      }));
  }
  world.run_until(1'000);
  world.crash(0);
  world.restart(0);
  world.run_until(2'000);
  ASSERT_EQ(draws.size(), 6u);
  std::sort(draws.begin(), draws.end());
  EXPECT_EQ(std::unique(draws.begin(), draws.end()), draws.end()) << "two streams are the same";
}

}  // namespace
}  // namespace onceproof::simulator
