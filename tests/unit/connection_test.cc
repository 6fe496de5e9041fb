// SPDX-License-Identifier: Apache-2.0
// The connections of log clients: each has its own, which end one by one.
#include "simulator/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/world.h"
#include "tests/support/stub_log_client.h"
#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

using env::MailKind;
using test::actor;
using test::at_time;
using test::Inbox;
using test::StubLogClient;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr env::ProcessId kAsker = 0;
constexpr env::ProcessId kBroker = 1;

NetworkOptions fixed_latency(DurationUs latency_us) {
  return {.min_us = latency_us, .typical_us = latency_us, .tail_us = latency_us, .tail_one_in = 0};
}

// Process 0 has two log clients, "a" and "b"; the test speaks through them between two steps of the world. Process 1
// answers every request with its own words.
struct Clients {
  std::vector<StubLogClient*> clients;
  std::vector<std::unique_ptr<env::Log>> logs;
  Inbox inboxes[2];
  Inbox broker;
  std::vector<uint64_t> lost;  // the connections of which the broker was told
  World world;

  explicit Clients(DurationUs latency_us = 500, FaultPlan faults = {}) : world(options(latency_us, std::move(faults))) {
    world.set_log_factory([this](env::Env& env, const std::string& name) {
      Inbox& inbox = inboxes[name == "a" ? 0 : 1];
      const auto handler = [&inbox](env::Env& e, env::Mail& mail) { inbox.add(e, mail); };
      auto client = std::make_unique<StubLogClient>(env, handler);
      clients.push_back(client.get());
      return client;
    });
    world.add_process("asker", actor([this](env::Env& env, env::Mail& mail) {
                        if (mail.kind != MailKind::start) return;
                        clients.clear();
                        logs.push_back(env.open_log("a"));
                        logs.push_back(env.open_log("b"));
                      },
                      [this] { logs.clear(); }));
    world.add_process("broker", actor([this](env::Env& env, env::Mail& mail) {
                        broker.add(env, mail);
                        if (mail.kind == MailKind::connection_lost) lost.push_back(mail.b);
                        if (mail.kind == MailKind::log_request)
                          env.network().send(mail.from, MailKind::log_response, mail.body);
                      }));
    world.run_until(10);
  }
  static WorldOptions options(DurationUs latency_us, FaultPlan faults) {
    WorldOptions options;
    options.network = fixed_latency(latency_us);
    options.faults = std::move(faults);
    return options;
  }
  void ask(int client, const std::string& words) {
    clients[static_cast<size_t>(client)]->env().network().send({kBroker, 1}, MailKind::log_request, words);
  }
  void hang_up(int client) { clients[static_cast<size_t>(client)]->env().network().disconnect(kBroker); }
};

TEST(ClientConnection, AnswersTravelOnTheConnectionOfTheRequest) {
  Clients world;
  world.ask(0, "x");
  world.ask(1, "y");
  world.world.run_until(seconds(1));
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:x"));
  EXPECT_THAT(world.inboxes[1].mails, ElementsAre("log-response:y"));
}

TEST(ClientConnection, WhatWasSentBeforeHangingUpArrivesAndItsAnswersAreDropped) {
  Clients world;
  world.ask(0, "1");
  world.ask(0, "2");
  world.hang_up(0);
  world.ask(0, "3");
  world.world.run_until(seconds(1));
  EXPECT_THAT(world.broker.mails, Contains("log-request:1"));
  EXPECT_THAT(world.broker.mails, Contains("log-request:2"));
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:3"));
  EXPECT_THAT(world.lost, SizeIs(1)) << "the broker is told of the one that ended";
}

TEST(ClientConnection, PeerIsToldBehindTheLastOldMessage) {
  Clients world;
  world.ask(0, "1");
  world.ask(0, "2");
  world.hang_up(0);
  world.world.run_until(seconds(1));
  ASSERT_THAT(world.broker.mails, ElementsAre("log-request:1", "log-request:2", "connection-lost:0"));
  EXPECT_NE(world.lost.front(), 0u) << "it names the client's connection";
}

TEST(ClientConnection, AnswerThatWaitsInTheMailboxGoesWithItsConnection) {
  Clients world;
  world.ask(0, "1");
  world.world.run_until(600);
  world.world.pause(kAsker);  // the answer arrives meanwhile
  world.world.run_until(50'000);
  world.world.resume(kAsker);  // it is in the mailbox now
  world.hang_up(0);
  world.world.run_until(seconds(1));
  EXPECT_THAT(world.inboxes[0].mails, IsEmpty());
}

TEST(ClientConnection, LateRequestIsOvertakenOnlyByOnesOfANewConnection) {
  Clients world(500, {{at_time(100), DelayFault{"asker", MailKind::log_request, 1, 200'000}}});
  world.world.run_until(200);
  world.ask(0, "late");
  world.ask(0, "behind");
  world.world.run_until(50'000);
  EXPECT_THAT(world.broker.mails, IsEmpty()) << "nothing overtakes inside the connection";
  world.hang_up(0);
  world.ask(0, "again");
  world.world.run_until(seconds(1));
  EXPECT_THAT(world.broker.mails,
              ElementsAre("log-request:again", "log-request:late", "log-request:behind", "connection-lost:0"));
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:again"));
}

TEST(ClientConnection, DelayOfOneClientDoesNotHoldUpTheOther) {
  Clients world(500, {{at_time(100), DelayFault{"asker", MailKind::log_request, 1, 200'000}}});
  world.world.run_until(200);
  world.ask(0, "late");
  world.ask(1, "prompt");
  world.world.run_until(50'000);
  EXPECT_THAT(world.broker.mails, ElementsAre("log-request:prompt"));
}

TEST(ClientConnection, CrashOfTheBrokerTellsEachClientThatHasAConnectionOnce) {
  Clients world;
  world.ask(0, "1");
  world.ask(1, "2");
  world.world.run_until(100'000);
  world.hang_up(1);
  world.world.run_until(110'000);
  world.world.crash(kBroker);
  world.ask(0, "into the void");
  world.world.run_until(200'000);
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:1", "connection-lost:1"));
  EXPECT_THAT(world.inboxes[1].mails, ElementsAre("log-response:2"));
}

TEST(ClientConnection, RefusedConnectionIsToldOnceAndTheNextOneStands) {
  Clients world;
  world.world.crash(kBroker);
  world.ask(0, "1");
  world.ask(0, "2");
  world.world.run_until(100'000);
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("connection-lost:1"));
  world.world.restart(kBroker);
  world.ask(0, "3");
  world.world.run_until(200'000);
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("connection-lost:1", "log-response:3"));
  EXPECT_THAT(world.broker.mails, ElementsAre("log-request:3"));
}

TEST(ClientConnection, ResetTellsBothEndsOfEveryConnectionBetweenTheTwo) {
  Clients world(500, {{at_time(50'000), PartitionFault{"asker", "broker", Direction::both, CutMode::reset, 10'000}}});
  world.ask(0, "1");
  world.ask(1, "2");
  world.world.run_until(55'000);
  world.ask(0, "into the cut");
  world.world.run_until(seconds(1));
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:1", "connection-lost:1", "connection-lost:1"));
  EXPECT_THAT(world.inboxes[1].mails, ElementsAre("log-response:2", "connection-lost:1"));
  EXPECT_THAT(world.lost, SizeIs(2));
  EXPECT_NE(world.lost[0], world.lost[1]);
}

TEST(ClientConnection, ReconnectLosesTheConnectionAndDeliversTheRequestLate) {
  Clients world(500, {{at_time(100), ReconnectFault{"asker", MailKind::log_request, 1, 200'000}}});
  world.world.run_until(200);
  world.ask(0, "late");
  world.ask(1, "prompt");
  world.world.run_until(50'000);
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("connection-lost:1"));
  EXPECT_THAT(world.inboxes[1].mails, ElementsAre("log-response:prompt"));
  world.ask(0, "again");
  world.world.run_until(seconds(1));
  EXPECT_THAT(world.broker.mails, ElementsAre("log-request:prompt", "log-request:again", "log-request:late",
                                              "connection-lost:0"));
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("connection-lost:1", "log-response:again"));
  EXPECT_TRUE(world.world.faults()[0].effective);
}

TEST(ClientConnection, ClientThatGoesEndsItsConnections) {
  Clients world;
  world.ask(0, "last words");
  world.logs[0].reset();
  world.world.run_until(seconds(1));
  EXPECT_THAT(world.broker.mails, ElementsAre("log-request:last words", "connection-lost:0"));
}

TEST(ClientConnection, CrashOfTheClientsProcessTellsTheBrokerOnceForEach) {
  Clients world;
  world.ask(0, "1");
  world.ask(1, "2");
  world.world.run_until(100'000);
  world.world.crash(kAsker);
  world.world.restart(kAsker);
  world.world.run_until(200'000);
  world.ask(0, "3");
  world.world.run_until(300'000);
  EXPECT_THAT(world.lost, SizeIs(2));
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:1", "log-response:3"));
}

TEST(ClientConnection, ClientOfASilentHostMayHangUpAndTryAgainUntilTheHostIsBack) {
  Clients world;
  world.ask(0, "1");
  world.world.run_until(100'000);
  world.world.crash(kBroker, true);
  world.ask(0, "2");
  world.world.run_until(200'000);
  world.hang_up(0);
  world.ask(0, "3");
  world.world.run_until(300'000);
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:1"));
  world.world.restart(kBroker);
  world.world.run_until(400'000);
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:1", "connection-lost:1"));
  world.ask(0, "4");
  world.world.run_until(500'000);
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:1", "connection-lost:1", "log-response:4"));
  EXPECT_THAT(world.broker.mails, ElementsAre("log-request:1", "log-request:4"));
}

// One that awaits no answers would otherwise speak into the void for ever.
TEST(ClientConnection, ClientThatNeverHangsUpIsToldByTheNextLifeOfASilentHost) {
  Clients world;
  world.ask(0, "1");
  world.world.run_until(100'000);
  world.world.crash(kBroker, true);
  world.world.run_until(200'000);
  world.world.restart(kBroker);
  world.world.run_until(300'000);
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:1"));  // nothing was sent: nobody knows
  world.ask(0, "2");
  world.world.run_until(400'000);
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:1", "connection-lost:1"));
  world.ask(0, "3");
  world.world.run_until(500'000);
  EXPECT_THAT(world.inboxes[0].mails, ElementsAre("log-response:1", "connection-lost:1", "log-response:3"));
  EXPECT_THAT(world.broker.mails, ElementsAre("log-request:1", "log-request:3"));
}

}  // namespace
}  // namespace onceproof::simulator
