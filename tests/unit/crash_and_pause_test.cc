// SPDX-License-Identifier: Apache-2.0
// What crashes, silence and pauses do to connections, and what a process sees of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "simulator/world.h"
#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

using env::MailKind;
using test::actor;
using test::at_time;
using test::Inbox;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

NetworkOptions fixed_latency(DurationUs latency_us) {
  return {.min_us = latency_us, .typical_us = latency_us, .tail_us = latency_us, .tail_one_in = 0};
}

// ---- crashes -----------------------------------------------------------------------------------------------

// Process 0 counts to 100, one a millisecond, towards process 1, which is 20 ms away.
struct Counting {
  Inbox sender, receiver;
  World world;
  explicit Counting(uint64_t seed, FaultPlan faults = {}) : world(options(seed, std::move(faults))) {
    world.add_process("sender", [this](env::Env& env) {
      auto count_up = std::shared_ptr<env::Actor>(test::counter({1, 1}, 1'000, 100)(env));
      return std::make_unique<test::LambdaActor>(env, [this, count_up](env::Env& e, env::Mail& mail) {
        if (mail.kind != MailKind::tick) sender.add(e, mail);
        count_up->on_mail(mail);
      });
    });
    world.add_process("receiver", test::recorder(receiver));
  }
  static WorldOptions options(uint64_t seed, FaultPlan faults) {
    WorldOptions options;
    options.seed = seed;
    options.network = fixed_latency(20'000);
    options.faults = std::move(faults);
    return options;
  }
};

TEST(Crash, PrefixOfWhatWasInFlightArrivesOfAnyLength) {
  std::set<size_t> lengths;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Counting counting(seed);
    counting.world.run_until(50'500);
    ASSERT_EQ(counting.receiver.mails.size(), 30u);
    counting.world.crash(0);
    counting.world.run_until(seconds(1));
    const size_t arrived = counting.receiver.mails.size() - 1;
    EXPECT_LE(arrived, 50u);
    auto expected = test::numbered_buffers(1, arrived);
    expected.push_back("connection-lost:0");
    EXPECT_EQ(counting.receiver.mails, expected) << "seed " << seed;
    lengths.insert(arrived - 30);
  }
  EXPECT_GT(lengths.size(), 10u) << "neither all nor nothing";
}

TEST(Crash, MessageThatHasNotLeftItsBusySenderDiesWithIt) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    WorldOptions options;
    options.seed = seed;
    options.cpu.per_record_ns = 1'000'000;
    Inbox inbox;
    World world(options);
    world.add_process("busy", actor([](env::Env& env, env::Mail& mail) {
                        if (mail.kind != MailKind::start) return;
                        env.scheduler().charge(100, 0);  // 100 ms of work
                        env.network().send({1, 1}, MailKind::buffer, "result");
                      }));
    world.add_process("receiver", test::recorder(inbox));
    world.run_until(50'000);
    world.crash(0);
    world.run_until(seconds(1));
    EXPECT_THAT(inbox.mails, Not(Contains("buffer:result"))) << "seed " << seed;
  }
}

TEST(Pause, MessageThatHasNotLeftItsBusySenderLeavesAfterThePause) {
  WorldOptions options;
  options.cpu.per_record_ns = 1'000'000;
  Inbox inbox;
  World world(options);
  world.add_process("busy", actor([](env::Env& env, env::Mail& mail) {
                      if (mail.kind != MailKind::start) return;
                      env.scheduler().charge(100, 0);
                      env.network().send({1, 1}, MailKind::buffer, "result");
                    }));
  world.add_process("receiver", test::recorder(inbox));
  world.run_until(50'000);
  world.pause(0);
  world.run_until(500'000);
  EXPECT_THAT(inbox.mails, IsEmpty());
  world.resume(0);
  world.run_until(seconds(1));
  EXPECT_THAT(inbox.mails, ElementsAre("buffer:result"));
}

TEST(SilentCrash, NobodyIsToldAndWhatIsSentVanishesUntilTheNextLifeAnswers) {
  Counting counting(1);
  counting.world.run_until(30'500);
  counting.world.crash(1, true);
  counting.world.run_until(200'000);
  EXPECT_THAT(counting.sender.mails, IsEmpty());
  counting.world.restart(1);
  counting.world.run_until(400'000);
  EXPECT_THAT(counting.sender.mails, ElementsAre("connection-lost:1"));
  EXPECT_EQ(counting.receiver.mails, test::numbered_buffers(1, 10)) << "nothing old reaches the next life";
}

TEST(SilentCrash, NewLifeThatSpeaksFirstTellsThePeerThatTheOldOneEnded) {
  Counting counting(1);
  counting.world.run_until(150'000);  // the count is over, nothing is under way
  counting.world.crash(0, true);
  counting.world.run_until(200'000);
  EXPECT_EQ(counting.receiver.mails, test::numbered_buffers(1, 100));
  counting.world.restart(0);
  counting.world.run_until(220'500);
  EXPECT_EQ(counting.receiver.mails.size(), 100u);
  counting.world.run_until(300'000);
  ASSERT_GT(counting.receiver.mails.size(), 101u);
  EXPECT_EQ(counting.receiver.mails[100], "connection-lost:0");
  EXPECT_EQ(counting.receiver.mails[101], "buffer:1");
}

// ---- pauses ------------------------------------------------------------------------------------------------

TEST(Pause, PausedProcessSaysNothingOfUnknownEndpoints) {
  Inbox sender;
  World world{WorldOptions{}};
  world.add_process("sender", actor([&](env::Env& env, env::Mail& mail) {
                      sender.add(env, mail);
                      if (mail.kind == MailKind::start) env.scheduler().after(10'000, MailKind::tick);
                      if (mail.kind == MailKind::tick) env.network().send({1, 77}, MailKind::cancel_task, "x");
                    }));
  world.add_process("paused", test::idle_actor());
  world.run_until(5'000);
  world.pause(1);
  world.run_until(seconds(1));
  EXPECT_THAT(sender.mails, ElementsAre("tick:0"));
  world.resume(1);
  world.run_until(seconds(2));
  EXPECT_THAT(sender.mails, ElementsAre("tick:0", "unknown-endpoint:77"));
  EXPECT_GE(sender.times[1], seconds(1));
}

TEST(Pause, TimersAndArrivalsKeepTheirOrder) {
  Inbox inbox;
  World world{WorldOptions{}};
  world.add_process("sender", test::counter({1, 1}, 10'000, 3));  // at 10, 20 and 30 ms
  world.add_process("p", actor([&](env::Env& env, env::Mail& mail) {
                      inbox.add(env, mail);
                      if (mail.kind != MailKind::start) return;
                      env.scheduler().after(35'000, MailKind::tick, 35);
                      env.scheduler().after(5'000, MailKind::tick, 5);
                    }));
  world.run_until(1'000);
  world.pause(1);
  world.run_until(seconds(1));
  world.resume(1);
  world.run_until(seconds(2));
  EXPECT_THAT(inbox.mails, ElementsAre("tick:5", StartsWith("buffer:1"), StartsWith("buffer:2"),
                                       testing::AnyOf("buffer:3", "tick:35"), testing::AnyOf("buffer:3", "tick:35")));
}

TEST(Pause, OlderPausesTimerEndsNeitherANewerPauseNorOneOfALaterLife) {
  WorldOptions options;
  options.faults.push_back({at_time(seconds(1)), PauseFault{"p", seconds(8)}});
  options.faults.push_back({at_time(seconds(2)), CrashFault{"p", seconds(1)}});
  options.faults.push_back({at_time(seconds(5)), PauseFault{"p", seconds(8)}});
  World world(options);
  world.add_process("p", test::idle_actor());
  world.run_until(seconds(4));
  EXPECT_FALSE(world.paused(0));
  world.run_until(seconds(12));
  EXPECT_TRUE(world.paused(0)) << "the first pause was over at 9 s, the second one is not";
  world.run_until(seconds(14));
  EXPECT_FALSE(world.paused(0));
}

// ---- size --------------------------------------------------------------------------------------------------

TEST(World, HasAnyNumberOfProcesses) {
  constexpr env::ProcessId kCount = 150;
  std::vector<Inbox> inboxes(kCount);
  World world{WorldOptions{}};
  for (env::ProcessId self = 0; self < kCount; ++self) {
    world.add_process("p" + std::to_string(self), actor([&inboxes, self](env::Env& env, env::Mail& mail) {
                        inboxes[self].add(env, mail);
                        if (mail.kind == MailKind::start && self != kCount - 1)
                          env.network().send({kCount - 1, 1}, MailKind::buffer, std::to_string(self));
                      }));
  }
  world.run_until(seconds(1));
  EXPECT_THAT(inboxes[kCount - 1].mails, SizeIs(kCount - 1));
  world.crash(kCount - 1);
  world.run_until(seconds(2));
  for (env::ProcessId self = 0; self + 1 < kCount; ++self) {
    EXPECT_THAT(inboxes[self].mails, ElementsAre("connection-lost:149"));
  }
}

}  // namespace
}  // namespace onceproof::simulator
