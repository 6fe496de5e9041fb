// SPDX-License-Identifier: Apache-2.0
// Laws of the world: connections are first-in-first-out whatever the latencies and partitions, a hold loses
// nothing, and a run is a function of its seed and its plan.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "simulator/world.h"
#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

const char* const kProcesses[] = {"p0", "p1", "p2"};

NetworkOptions any_network() {
  NetworkOptions network;
  network.min_us = *rc::gen::inRange<DurationUs>(0, 1'000);
  network.typical_us = network.min_us + *rc::gen::inRange<DurationUs>(0, 5'000);
  network.tail_us = network.typical_us + *rc::gen::inRange<DurationUs>(0, 100'000);
  network.tail_one_in = *rc::gen::inRange<uint32_t>(0, 5);
  return network;
}

std::string any_process() { return kProcesses[*rc::gen::inRange(0, 3)]; }

Fault any_fault(bool may_lose) {
  Trigger trigger = test::at_time(*rc::gen::inRange<TimeUs>(0, 100'000));
  const auto duration = *rc::gen::inRange<DurationUs>(0, 60'000);
  switch (*rc::gen::inRange(0, may_lose ? 6 : 3)) {
    case 0: {
      const auto direction = static_cast<Direction>(*rc::gen::inRange(0, 3));
      return {trigger, PartitionFault{any_process(), "*", direction, CutMode::hold, duration}};
    }
    case 1: return {trigger, PauseFault{any_process(), duration}};
    case 2: return {trigger, DelayFault{"*", env::MailKind::buffer, 3, duration}};
    case 3:
    case 4: return {trigger, CrashFault{any_process(), duration}};
    default: return {trigger, PartitionFault{any_process(), "*", Direction::both, CutMode::reset, duration}};
  }
}

WorldOptions any_options(bool may_lose) {
  WorldOptions options;
  options.seed = *rc::gen::arbitrary<uint64_t>();
  options.network = any_network();
  const int faults = *rc::gen::inRange(0, 5);
  for (int i = 0; i < faults; ++i) options.faults.push_back(any_fault(may_lose));
  return options;
}

// Three processes, each sending a numbered stream to each other one;
// numbers[from][to] keeps what came, in order.
struct Mesh {
  static constexpr uint64_t kMessages = 100;
  std::vector<uint64_t> numbers[3][3];
  World world;

  explicit Mesh(const WorldOptions& options) : world(options) {
    for (env::ProcessId self = 0; self < 3; ++self) {
      world.add_process(kProcesses[self], test::actor([this, self](env::Env& env, env::Mail& mail) {
                          if (mail.kind == env::MailKind::start) env.scheduler().after(1, env::MailKind::tick, 1);
                          if (mail.kind == env::MailKind::buffer)
                            numbers[mail.from.process][self].push_back(std::stoull(mail.body));
                          if (mail.kind != env::MailKind::tick) return;
                          for (env::ProcessId to = 0; to < 3; ++to) {
                            if (to != self) env.network().send({to, 1}, env::MailKind::buffer, std::to_string(mail.a));
                          }
                          if (mail.a < kMessages) env.scheduler().after(1'000, env::MailKind::tick, mail.a + 1);
                        }));
    }
  }
};

TEST(WorldProperty, HoldsPausesAndDelaysLoseNothingAndKeepTheOrder) {
  EXPECT_TRUE(rc::check("everything arrives, in order", [] {
    Mesh mesh(any_options(false));
    mesh.world.run_until(seconds(60));
    RC_ASSERT(mesh.world.faults_quiet());
    for (int from = 0; from < 3; ++from) {
      for (int to = 0; to < 3; ++to) {
        if (from == to) continue;
        const auto& got = mesh.numbers[from][to];
        RC_ASSERT(got.size() == Mesh::kMessages);
        RC_ASSERT(std::is_sorted(got.begin(), got.end()));
      }
    }
  }));
}

TEST(WorldProperty, CrashesAndResetsLoseMessagesButNeverDuplicateOrReorderThem) {
  EXPECT_TRUE(rc::check("per incarnation strictly increasing", [] {
    Mesh mesh(any_options(true));
    mesh.world.run_until(seconds(60));
    RC_ASSERT(mesh.world.faults_quiet());
    for (int from = 0; from < 3; ++from) {
      for (int to = 0; to < 3; ++to) {
        const auto& got = mesh.numbers[from][to];
        uint32_t falls = 0;  // a new incarnation of the sender starts at 1 again
        for (size_t i = 1; i < got.size(); ++i) falls += got[i] <= got[i - 1] ? 1 : 0;
        RC_ASSERT(falls <= mesh.world.incarnation(static_cast<env::ProcessId>(from)));
      }
    }
  }));
}

// Only process 0 dies, so what it sent to the others meets no other loss.
TEST(WorldProperty, OfWhatADyingProcessHadSentAPrefixArrives) {
  EXPECT_TRUE(rc::check("each life of the sender is heard from its first word on, without a gap", [] {
    WorldOptions options = any_options(false);
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
      const auto at_us = *rc::gen::inRange<TimeUs>(0, 120'000);
      options.faults.push_back({test::at_time(at_us), CrashFault{"p0", *rc::gen::inRange<DurationUs>(0, 60'000)}});
    }
    Mesh mesh(options);
    mesh.world.run_until(seconds(60));
    for (int to = 1; to < 3; ++to) {
      uint64_t before = 0;
      for (const uint64_t number : mesh.numbers[0][to]) {
        RC_ASSERT(number == before + 1 || number == 1);
        before = number;
      }
      RC_ASSERT(before == Mesh::kMessages);
    }
  }));
}

TEST(WorldProperty, SameSeedAndPlanGiveTheSameRun) {
  EXPECT_TRUE(rc::check("equal hashes, ladders and accounts", [] {
    const WorldOptions options = any_options(true);
    Mesh left(options);
    Mesh right(options);
    left.world.run_until(seconds(1));
    right.world.run_until(seconds(1));
    RC_ASSERT(left.world.trace().hash() == right.world.trace().hash());
    RC_ASSERT(left.world.trace().ladder() == right.world.trace().ladder());
    RC_ASSERT(left.world.points().size() == right.world.points().size());
    RC_ASSERT(!first_difference(left.world.trace(), right.world.trace(), left.world.process_names()));
  }));
}

TEST(WorldProperty, StepAndRunUntilHandleTheSameEvents) {
  EXPECT_TRUE(rc::check("no matter how the loop is driven", [] {
    const WorldOptions options = any_options(true);
    Mesh left(options);
    Mesh right(options);
    left.world.run_until(seconds(60));
    while (right.world.step()) {
    }
    RC_ASSERT(left.world.trace().hash() == right.world.trace().hash());
  }));
}

}  // namespace
}  // namespace onceproof::simulator
