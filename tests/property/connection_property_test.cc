// SPDX-License-Identifier: Apache-2.0
// Laws of a log client's connections: order and no gaps on each, nothing on it after its end, no answer to a request of
// one that the client has left, and nothing lost by hanging up.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "simulator/world.h"
#include "tests/support/stub_log_client.h"
#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

using env::MailKind;

constexpr uint64_t kRequests = 80;

Fault any_fault(bool may_lose) {
  const Trigger trigger = test::at_time(*rc::gen::inRange<TimeUs>(0, 80'000));
  const auto duration = *rc::gen::inRange<DurationUs>(1, 60'000);
  const auto direction = static_cast<Direction>(*rc::gen::inRange(0, 3));
  const std::string who = *rc::gen::arbitrary<bool>() ? "asker" : "broker";
  switch (*rc::gen::inRange(0, may_lose ? 7 : 3)) {
    case 0: return {trigger, DelayFault{"*", MailKind::none, 3, duration}};
    case 1: return {trigger, PartitionFault{"asker", "*", direction, CutMode::hold, duration}};
    case 2: return {trigger, PauseFault{who, duration}};
    // A client that has not read of its loss yet writes into a connection that is gone.
    case 3: return {trigger, ReconnectFault{"*", MailKind::log_request, 2, duration}};
    case 4: return {trigger, PartitionFault{"asker", "*", Direction::both, CutMode::reset, duration}};
    case 5: return {trigger, CrashFault{who, duration}};
    default: return {trigger, CrashFault{who, duration, Notice::silent}};
  }
}

WorldOptions any_options(bool may_lose) {
  WorldOptions options;
  options.seed = *rc::gen::arbitrary<uint64_t>();
  options.network.tail_one_in = *rc::gen::inRange<uint32_t>(0, 5);
  const int faults = *rc::gen::inRange(0, 6);
  for (int i = 0; i < faults; ++i) options.faults.push_back(any_fault(may_lose));
  return options;
}

// A client asks 1, 2, 3 ... one a millisecond, hangs up before the numbers in `hang_ups`, and never repeats one.
struct Exchange {
  std::set<uint64_t> hang_ups;
  uint64_t next = 1;             // goes on over the lives of the asker
  uint64_t first_on_present = 1;  // the first number on the connection that the client has now
  bool stale_answer = false;
  bool after_the_end = false;
  std::map<uint64_t, std::vector<uint64_t>> received;  // by connection
  std::set<uint64_t> ended;
  std::unique_ptr<env::Log> log;
  World world;

  Exchange(const WorldOptions& options, std::set<uint64_t> at) : hang_ups(std::move(at)), world(options) {
    world.set_log_factory([this](env::Env& env, const std::string&) {
      env.scheduler().after(1'000, MailKind::tick);
      return std::make_unique<test::StubLogClient>(env, [this](env::Env& e, env::Mail& m) { on_client_mail(e, m); });
    });
    world.add_process("asker", test::actor(
                                   [this](env::Env& env, env::Mail& mail) {
                                     if (mail.kind != MailKind::start) return;
                                     first_on_present = next;
                                     log = env.open_log("client");
                                   },
                                   [this] { log.reset(); }));
    world.add_process("broker", test::actor([this](env::Env& env, env::Mail& mail) {
                        if (mail.kind == MailKind::connection_lost) ended.insert(mail.b);
                        if (mail.kind != MailKind::log_request) return;
                        after_the_end |= ended.contains(mail.from.connection);
                        received[mail.from.connection].push_back(std::stoull(mail.body));
                        env.network().send(mail.from, MailKind::log_response, mail.body);
                      }));
  }
  void on_client_mail(env::Env& env, env::Mail& mail) {
    if (mail.kind == MailKind::connection_lost) first_on_present = next;
    if (mail.kind == MailKind::log_response) stale_answer |= std::stoull(mail.body) < first_on_present;
    if (mail.kind != MailKind::tick || next > kRequests) return;
    if (hang_ups.contains(next)) {
      env.network().disconnect(1);
      first_on_present = next;
    }
    env.network().send({1, 1}, MailKind::log_request, std::to_string(next++));
    env.scheduler().after(1'000, MailKind::tick);
  }
};

std::set<uint64_t> any_hang_ups() {
  std::set<uint64_t> at;
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) at.insert(*rc::gen::inRange<uint64_t>(1, kRequests));
  return at;
}

TEST(ConnectionProperty, OrderOnEachConnectionAndNothingAfterItsEnd) {
  EXPECT_TRUE(rc::check("whatever strikes", [] {
    Exchange exchange(any_options(true), any_hang_ups());
    exchange.world.run_until(seconds(60));
    RC_ASSERT(!exchange.stale_answer);
    RC_ASSERT(!exchange.after_the_end);
    for (const auto& [connection, numbers] : exchange.received) {
      RC_ASSERT(connection != 0u);
      for (size_t i = 1; i < numbers.size(); ++i) RC_ASSERT(numbers[i] == numbers[i - 1] + 1);
    }
  }));
}

TEST(ConnectionProperty, HangingUpLosesNoRequest) {
  EXPECT_TRUE(rc::check("every request arrives once, early or late", [] {
    Exchange exchange(any_options(false), any_hang_ups());
    exchange.world.run_until(seconds(60));
    std::multiset<uint64_t> all;
    for (const auto& [connection, numbers] : exchange.received) all.insert(numbers.begin(), numbers.end());
    RC_ASSERT(all.size() == kRequests);
    RC_ASSERT(std::set<uint64_t>(all.begin(), all.end()).size() == kRequests);
  }));
}

}  // namespace
}  // namespace onceproof::simulator
