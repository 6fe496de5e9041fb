// SPDX-License-Identifier: Apache-2.0
// The network: order, partitions, lost connections, refused messages, delays.
#include "simulator/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "simulator/world.h"
#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

using env::MailKind;
using test::actor;
using test::at_time;
using test::Inbox;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// Process 0 counts to `count` towards process 1; both inboxes are kept.
struct Pair {
  Inbox sender, receiver;
  World world;
  explicit Pair(WorldOptions options, uint64_t count = 100) : world(std::move(options)) {
    world.add_process("sender", [this, count](env::Env& env) {
      auto count_up = std::shared_ptr<env::Actor>(test::counter({1, 1}, 1'000, count)(env));
      return std::make_unique<test::LambdaActor>(env, [this, count_up](env::Env& e, env::Mail& mail) {
        if (mail.kind != MailKind::tick) sender.add(e, mail);
        count_up->on_mail(mail);
      });
    });
    world.add_process("receiver", test::recorder(receiver));
  }
};

WorldOptions with(Fault fault, uint64_t seed = 1) {
  WorldOptions options;
  options.seed = seed;
  options.faults.push_back(std::move(fault));
  return options;
}

TEST(SimulatedNetwork, MessageToTheOwnProcessTakesTheLoopback) {
  Inbox inbox;
  World world{WorldOptions{}};
  world.add_process("p", actor([&](env::Env& env, env::Mail& mail) {
                      inbox.add(env, mail);
                      if (mail.kind == MailKind::start) env.network().send({0, 1}, MailKind::buffer, "x");
                    }));
  while (world.step()) {
  }
  EXPECT_THAT(inbox.times, ElementsAre(2 + 5)) << "handling costs 2 us, the loopback 5 us";
}

TEST(SimulatedNetwork, UnknownEndpointSendsWordBackToTheSendersEndpoint) {
  std::vector<std::string> seen;
  World world{WorldOptions{}};
  world.add_process("p", actor([&](env::Env& env, env::Mail& mail) {
                      if (mail.kind != MailKind::start) return;
                      env.scheduler().spawn(
                          "child", 9, actor([&](env::Env& child, env::Mail& m) {
                            if (m.kind == MailKind::start)
                              child.network().send({1, 42}, MailKind::partition_request, "body");
                            if (m.kind != MailKind::unknown_endpoint) return;
                            seen.push_back(fmt::format("{} {} from {}", m.a, env::to_string(static_cast<MailKind>(m.b)),
                                                       m.from.process));
                          }));
                    }));
  world.add_process("q", test::idle_actor());
  world.run_until(seconds(1));
  EXPECT_THAT(seen, ElementsAre("42 partition-request from 1"));
}

TEST(SimulatedNetwork, HoldPartitionDeliversEverythingInOrderAfterHealing) {
  Pair pair(with({at_time(30'000), PartitionFault{"receiver", "*", Direction::both, CutMode::hold, 40'000}}));
  pair.world.run_until(60'000);
  const size_t during = pair.receiver.mails.size();
  EXPECT_LT(during, 31u);
  EXPECT_FALSE(pair.world.faults_quiet());
  pair.world.run_until(seconds(1));
  EXPECT_EQ(pair.receiver.mails, test::numbered_buffers(1, 100));
  EXPECT_GE(pair.receiver.times.at(during), 70'000);
  EXPECT_THAT(pair.sender.mails, IsEmpty()) << "a held connection is not a lost one";
  EXPECT_TRUE(pair.world.faults()[0].effective);
  EXPECT_EQ(pair.world.last_heal_us(), 70'000);
  EXPECT_TRUE(pair.world.faults_quiet());
  EXPECT_THAT(test::point_names(pair.world), ElementsAre("network.partition", "network.heal"));
}

TEST(SimulatedNetwork, OneWayPartitionHoldsOneDirectionOnly) {
  for (const Direction direction : {Direction::to_peer, Direction::from_peer}) {
    Pair pair(with({at_time(30'000), PartitionFault{"receiver", "sender", direction, CutMode::hold, 40'000}}));
    pair.world.run_until(seconds(1));
    EXPECT_EQ(pair.world.faults()[0].effective, direction == Direction::from_peer);
  }
}

TEST(SimulatedNetwork, ResetPartitionLosesMessagesAndTellsBothSides) {
  Pair pair(with({at_time(30'000), PartitionFault{"sender", "receiver", Direction::both, CutMode::reset, 20'500}}));
  pair.world.run_until(seconds(1));
  EXPECT_THAT(pair.receiver.mails, Contains("connection-lost:0").Times(1));
  EXPECT_THAT(pair.receiver.mails, Contains("buffer:10"));
  EXPECT_THAT(pair.receiver.mails, Not(Contains("buffer:40")));
  EXPECT_THAT(pair.receiver.mails, Contains("buffer:90"));
  // Once for the connection, and once for each message that was sent into the cut.
  EXPECT_THAT(pair.sender.mails, Each("connection-lost:1"));
  EXPECT_GE(pair.sender.mails.size(), 19u);
  EXPECT_LE(pair.sender.mails.size(), 24u);
  EXPECT_TRUE(pair.world.faults()[0].effective);
}

TEST(SimulatedNetwork, PartitionWithoutTrafficHasNoEffect) {
  Pair pair(with({at_time(500'000), PartitionFault{"sender", "*", Direction::both, CutMode::reset, 40'000}}), 0);
  pair.world.run_until(seconds(1));
  EXPECT_TRUE(pair.world.faults()[0].fired);
  EXPECT_FALSE(pair.world.faults()[0].effective);
}

TEST(SimulatedNetwork, CrashTellsEveryEndpointThatUsedTheConnectionOnce) {
  std::map<env::Endpoint, Inbox> inboxes;
  World world{WorldOptions{}};
  const auto member = [&](bool talks) {
    return actor([&, talks](env::Env& env, env::Mail& mail) {
      if (talks && mail.kind == MailKind::start) env.network().send({1, 1}, MailKind::buffer, "x");
      inboxes[env.network().self().endpoint].add(env, mail);
    });
  };
  world.add_process("p", actor([&](env::Env& env, env::Mail& mail) {
                      inboxes[1].add(env, mail);
                      if (mail.kind != MailKind::start) return;
                      env.scheduler().spawn("talker", 5, member(true));
                      env.scheduler().spawn("listener", 6, member(false));
                      env.scheduler().spawn("silent", 7, member(false));
                    }));
  world.add_process("q", actor([](env::Env& env, env::Mail& mail) {
                      if (mail.kind == MailKind::buffer) env.network().send({0, 6}, MailKind::add_credit, "y");
                    }));
  world.run_until(100'000);
  world.crash(1);
  world.run_until(200'000);
  EXPECT_THAT(inboxes[1].mails, ElementsAre("connection-lost:1"));
  EXPECT_THAT(inboxes[5].mails, ElementsAre("connection-lost:1"));
  EXPECT_THAT(inboxes[6].mails, ElementsAre("add-credit:y", "connection-lost:1"));
  EXPECT_THAT(inboxes[7].mails, IsEmpty());
}

TEST(SimulatedNetwork, EndpointIsNotToldOfTheLossOfAConnectionThatItNeverUsed) {
  Inbox main, talker;
  World world{WorldOptions{}};
  world.add_process("p", actor([&](env::Env& env, env::Mail& mail) {
                      main.add(env, mail);
                      if (mail.kind == MailKind::start) {
                        env.scheduler().after(200'000, MailKind::tick);
                        env.scheduler().spawn("talker", 5, actor([&](env::Env& child, env::Mail& m) {
                                                talker.add(child, m);
                                                if (m.kind == MailKind::start)
                                                  child.network().send({1, 1}, MailKind::buffer, "first connection");
                                              }));
                      }
                      if (mail.kind == MailKind::tick)
                        env.network().send({1, 1}, MailKind::buffer, "second connection");
                    }));
  world.add_process("q", test::idle_actor());
  for (const TimeUs crash_us : {100'000, 300'000}) {
    world.run_until(crash_us);
    world.crash(1);
    world.run_until(crash_us + 50'000);
    world.restart(1);
  }
  EXPECT_THAT(main.mails, ElementsAre("connection-lost:1", "tick:0", "connection-lost:1"));
  EXPECT_THAT(talker.mails, ElementsAre("connection-lost:1"));
}

TEST(SimulatedNetwork, SendingToADeadProcessIsRefused) {
  Pair pair(WorldOptions{}, 5);
  pair.world.run_until(0);
  pair.world.crash(1);
  pair.world.run_until(seconds(1));
  EXPECT_THAT(pair.sender.mails, Each("connection-lost:1"));
  EXPECT_EQ(pair.sender.mails.size(), 5u);
}

TEST(SimulatedNetwork, NothingFromBeforeACrashReachesTheNextIncarnation) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    WorldOptions options;
    options.seed = seed;
    options.network = {.min_us = 5'000, .typical_us = 20'000, .tail_us = 20'000, .tail_one_in = 0};
    Pair pair(options, 30);
    pair.world.run_until(30'500);
    const size_t before = pair.receiver.mails.size();
    pair.world.crash(1);
    pair.world.restart(1);
    pair.world.run_until(seconds(1));
    // What was sent before the sender could know is lost, not delivered to somebody who never asked.
    EXPECT_EQ(pair.receiver.mails.size(), before) << "seed " << seed;
    EXPECT_THAT(pair.sender.mails, ElementsAre("connection-lost:1"));
  }
}

TEST(SimulatedNetwork, LastWordsOfADyingProcessSometimesArriveButNeverAfterTheNotice) {
  int arrived = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    WorldOptions options;
    options.seed = seed;
    options.network = {.min_us = 900, .typical_us = 900, .tail_us = 900, .tail_one_in = 0};
    Pair pair(options, 10);
    pair.world.run_until(10'500);
    pair.world.crash(0);
    pair.world.run_until(seconds(1));
    ASSERT_FALSE(pair.receiver.mails.empty());
    EXPECT_EQ(pair.receiver.mails.back(), "connection-lost:0");
    arrived += pair.receiver.mails.size() == 11 ? 1 : 0;
  }
  EXPECT_GT(arrived, 5);
  EXPECT_LT(arrived, 35);
}

TEST(SimulatedNetwork, DelayedMessageHoldsUpThoseBehindItAndNobodyElse) {
  Pair pair(with({at_time(30'500), DelayFault{"sender", MailKind::buffer, 1, 50'000}}));
  pair.world.run_until(80'000);
  EXPECT_EQ(pair.receiver.mails, test::numbered_buffers(1, 30));
  pair.world.run_until(seconds(1));
  EXPECT_EQ(pair.receiver.mails, test::numbered_buffers(1, 100));
  EXPECT_GE(pair.receiver.times[30], 81'000);
  EXPECT_TRUE(pair.world.faults()[0].effective);
  EXPECT_GE(pair.world.last_heal_us(), 81'000);
}

TEST(SimulatedNetwork, DelayOfAnotherKindOfMailHasNoEffect) {
  Pair pair(with({at_time(30'500), DelayFault{"*", MailKind::add_credit, 1, 50'000}}));
  pair.world.run_until(seconds(1));
  EXPECT_EQ(pair.receiver.mails, test::numbered_buffers(1, 100));
  EXPECT_TRUE(pair.world.faults()[0].fired);
  EXPECT_FALSE(pair.world.faults()[0].effective);
}

}  // namespace
}  // namespace onceproof::simulator
