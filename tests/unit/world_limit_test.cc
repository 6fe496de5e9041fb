// SPDX-License-Identifier: Apache-2.0
// A world stops where it was told to, in the middle of a busy second as well.
#include <gtest/gtest.h>

#include "simulator/world.h"
#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

using env::MailKind;
using test::actor;
using test::Inbox;

TEST(World, StopsAtTheEventThatIsOneTooMany) {
  Inbox inbox;
  World world{WorldOptions{}};
  world.add_process("p", actor([&](env::Env& env, env::Mail& mail) {
                      inbox.add(env, mail);
                      env.scheduler().after(100, MailKind::tick, mail.a + 1);
                    }));
  EXPECT_TRUE(world.run_until(10'000, 5));
  EXPECT_EQ(world.events(), 5u);
  EXPECT_LT(world.now(), 10'000) << "where the last event was";
  EXPECT_TRUE(world.run_until(10'000));
  EXPECT_EQ(world.now(), 10'000);
  EXPECT_GT(world.events(), 50u);
}

}  // namespace
}  // namespace onceproof::simulator
