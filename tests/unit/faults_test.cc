// SPDX-License-Identifier: Apache-2.0
// Fault plans: triggers, accounts, the sources that need the checkpoint protocol's words, and descriptions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "simulator/fault_plan.h"
#include "simulator/world.h"
#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

using env::MailKind;
using env::Point;
using test::actor;
using test::at_point;
using test::at_time;

// Hits `point` every 10 ms for subtask 0, 1, 0, 1, ... and tells a second process of each.
struct Hitter {
  test::Inbox inbox;
  World world;
  explicit Hitter(WorldOptions options, Point point = Point::sink_commit, MailKind mail_kind = MailKind::buffer)
      : world(std::move(options)) {
    world.add_process("taskmanager-0", actor([=](env::Env& env, env::Mail& mail) {
                        if (mail.a < 20) env.scheduler().after(10'000, MailKind::tick, mail.a + 1);
                        if (mail.kind != MailKind::tick) return;
                        env.probe().hit(point, {.subtask = static_cast<int32_t>(mail.a % 2), .text = {}});
                        env.network().send({1, 1}, mail_kind, std::to_string(mail.a));
                      }));
    world.add_process("jobmanager", test::recorder(inbox));
  }
};

WorldOptions with(Fault fault) {
  WorldOptions options;
  options.faults.push_back(std::move(fault));
  return options;
}

TEST(Faults, TriggerCountsMatchingHitsOnly) {
  Trigger trigger = at_point(Point::sink_commit, 3);
  trigger.subtask = 0;
  Hitter hitter(with({trigger, CrashFault{"@hit", seconds(10)}}));
  hitter.world.run_until(seconds(1));
  EXPECT_EQ(hitter.world.hits(Point::sink_commit), 6u) << "the third hit of subtask 0 is the sixth of all";
}

TEST(Faults, PhaseMustMatch) {
  Hitter hitter(with({at_point(Point::sink_commit, 1, env::Phase::before), CrashFault{"@hit"}}));
  hitter.world.run_until(seconds(1));
  EXPECT_FALSE(hitter.world.faults()[0].fired);
  EXPECT_TRUE(hitter.world.faults_quiet()) << "a point that never comes does not hold up the run";
  EXPECT_EQ(hitter.world.last_heal_us(), 0);
}

TEST(Faults, PointThatIsNeverHitStrikesByItsLatestTime) {
  Trigger trigger = at_point(Point::leader_elect);
  trigger.by_us = 55'000;
  Hitter hitter(with({trigger, CrashFault{"taskmanager-0", 5'000}}));
  EXPECT_FALSE(hitter.world.faults_quiet());
  hitter.world.run_until(seconds(1));
  EXPECT_EQ(hitter.world.faults()[0].fired_us, 55'000);
  EXPECT_TRUE(hitter.world.faults_quiet());
}

TEST(Faults, FiresOnceAlthoughPointAndTimeBothCome) {
  Trigger trigger = at_point(Point::sink_commit);
  trigger.by_us = 55'000;
  Hitter hitter(with({trigger, CrashFault{"@hit", 5'000}}));
  hitter.world.run_until(seconds(1));
  EXPECT_EQ(hitter.world.incarnation(0), 1u);
  EXPECT_EQ(hitter.world.faults()[0].fired_us, 10'000);
}

TEST(Faults, UnknownTargetNeverFires) {
  Hitter hitter(with({at_time(20'000), CrashFault{"no-such-process"}}));
  hitter.world.run_until(seconds(1));
  EXPECT_FALSE(hitter.world.faults()[0].fired);
  EXPECT_TRUE(hitter.world.faults_quiet());
}

TEST(Faults, CrashOfADeadProcessFiresWithoutEffect) {
  WorldOptions options = with({at_time(20'000), CrashFault{"taskmanager-0", seconds(5)}});
  options.faults.push_back({at_time(30'000), CrashFault{"taskmanager-0", seconds(1)}});
  Hitter hitter(options);
  hitter.world.run_until(seconds(10));
  EXPECT_TRUE(hitter.world.faults()[0].effective);
  EXPECT_TRUE(hitter.world.faults()[1].fired);
  EXPECT_FALSE(hitter.world.faults()[1].effective);
  EXPECT_EQ(hitter.world.incarnation(0), 1u);
  EXPECT_EQ(hitter.world.last_heal_us(), 20'000 + seconds(5));
}

TEST(Faults, PauseOfAnIdleProcessHasNoEffect) {
  Hitter hitter(with({at_time(500'000), PauseFault{"jobmanager", 100'000}}));
  hitter.world.run_until(seconds(1));
  EXPECT_TRUE(hitter.world.faults()[0].fired);
  EXPECT_FALSE(hitter.world.faults()[0].effective);
}

TEST(Faults, DisarmedFaultsNeverFireButThoseInForceHeal) {
  WorldOptions options = with({at_time(20'000), CrashFault{"taskmanager-0", 100'000}});
  options.faults.push_back({at_time(60'000), CrashFault{"jobmanager", 5'000}});
  options.faults.push_back({at_time(30'000), DelayFault{"*", MailKind::buffer, 5, 70'000}});
  Hitter hitter(options);
  hitter.world.run_until(40'000);
  hitter.world.disarm_remaining_faults();
  EXPECT_FALSE(hitter.world.faults_quiet()) << "a process is still down";
  hitter.world.run_until(seconds(1));
  EXPECT_TRUE(hitter.world.faults_quiet());
  EXPECT_EQ(hitter.world.incarnation(0), 1u);
  EXPECT_FALSE(hitter.world.faults()[1].fired);
  EXPECT_TRUE(hitter.world.faults()[2].fired);
  EXPECT_FALSE(hitter.world.faults()[2].effective) << "the delay had not met a message";
}

TEST(Faults, SlowSnapshotStallsTheActorThatHitsIt) {
  Hitter hitter(with({at_time(55'000), SlowCheckpointFault{SlowPart::sync, 300'000}}), Point::snapshot_sync);
  hitter.world.run_until(seconds(2));
  EXPECT_TRUE(hitter.world.faults()[0].effective);
  ASSERT_EQ(hitter.inbox.times.size(), 20u);
  EXPECT_LT(hitter.inbox.times[4], 60'000);
  EXPECT_GE(hitter.inbox.times[5], 360'000) << "what the stalled handler sends is late as well";
}

TEST(Faults, SlowTriggerAndSlowAcknowledgementHoldTheConnectionOfOneMessageOfTheirKind) {
  for (const SlowPart part : {SlowPart::trigger, SlowPart::ack}) {
    for (const MailKind kind : {MailKind::trigger_checkpoint, MailKind::acknowledge_checkpoint}) {
      Hitter hitter(with({at_time(55'000), SlowCheckpointFault{part, 500'000}}), Point::sink_commit, kind);
      hitter.world.run_until(seconds(2));
      const bool matches = (part == SlowPart::trigger) == (kind == MailKind::trigger_checkpoint);
      EXPECT_EQ(hitter.world.faults()[0].effective, matches);
      const auto late = std::count_if(hitter.inbox.times.begin(), hitter.inbox.times.end(),
                                      [](TimeUs at_us) { return at_us > 400'000; });
      EXPECT_EQ(late, matches ? 15 : 0) << "the message, and those behind it";
    }
  }
}

TEST(Faults, DescriptionsReadAsEnglish) {
  EXPECT_EQ(describe({at_point(Point::sink_pre_commit, 2), CrashFault{"taskmanager-1", seconds(2)}}),
            "crash taskmanager-1 at the 2nd sink.pre-commit, restart after 2 s");
  EXPECT_EQ(describe({at_time(17'300'000), PauseFault{"taskmanager-0", seconds(8)}}),
            "pause taskmanager-0 at 17.300 s for 8 s");
  EXPECT_EQ(describe({at_time(seconds(20)), PartitionFault{"taskmanager-0", "jobmanager"}}),
            "partition taskmanager-0 and jobmanager at 20 s for 8 s, holding messages");
  EXPECT_EQ(describe({at_time(1'500'000), DelayFault{"*", MailKind::acknowledge_checkpoint, 3, seconds(2)}}),
            "delay the next 3 acknowledge-checkpoint messages of anyone at 1500 ms by 2 s");
  Trigger trigger = at_point(Point::checkpoint_trigger, 11);
  trigger.by_us = seconds(9);
  EXPECT_EQ(describe({trigger, SlowCheckpointFault{SlowPart::ack, seconds(3)}}),
            "slow checkpoint at the 11th checkpoint.trigger (by 9 s at the latest): "
            "the next acknowledgement is 3 s late");
  EXPECT_STREQ(kind_of({at_time(1), FailCheckpointFault{}}), "fail-checkpoint");
}

}  // namespace
}  // namespace onceproof::simulator
