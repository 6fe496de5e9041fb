// SPDX-License-Identifier: Apache-2.0
// Fault plans: triggers, accounts, the sources that need the checkpoint protocol's words, and descriptions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

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

TEST(Faults, TellWhetherTheyAreStillInForce) {
  Hitter hitter(with({at_time(10'000), PauseFault{"jobmanager", seconds(2)}}));
  hitter.world.run_until(seconds(1));
  EXPECT_TRUE(hitter.world.faults()[0].in_force);
  EXPECT_FALSE(hitter.world.faults_quiet());
  hitter.world.run_until(seconds(3));
  EXPECT_FALSE(hitter.world.faults()[0].in_force);
  EXPECT_EQ(hitter.world.faults()[0].healed_us, 10'000 + seconds(2));
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

TEST(Faults, HitsBeforeTheArmingTimeDoNotCount) {
  Trigger trigger = at_point(Point::sink_commit, 2);
  trigger.after_us = 55'000;  // hits come at 10, 20, 30 ... ms
  Hitter hitter(with({trigger, PauseFault{"jobmanager", 5'000}}));
  hitter.world.run_until(seconds(1));
  EXPECT_EQ(hitter.world.faults()[0].fired_us, 70'000) << "the second one after 55 ms";
}

TEST(Faults, HitsBeforeAnotherPointsHitDoNotCount) {
  Trigger trigger = at_point(Point::sink_commit, 1, env::Phase::before);
  trigger.after = EarlierHit{Point::sink_commit, 3};
  std::vector<TimeUs> hits;
  WorldOptions options = with({trigger, CrashFault{"@hit", seconds(10)}});
  World world(options);
  world.add_process("p", actor([&](env::Env& env, env::Mail&) {
                      env.scheduler().after(10'000, MailKind::tick);
                      for (const auto phase : {env::Phase::before, env::Phase::after}) {
                        env.probe().hit(Point::sink_commit, phase, {.text = {}});
                        if (phase == env::Phase::before) hits.push_back(env.now());
                      }
                    }));
  world.run_until(seconds(1));
  EXPECT_EQ(hits.size(), 4u) << "three pairs of hits, then the one that is struck";
  EXPECT_TRUE(world.faults()[0].fired);
}

TEST(Faults, StallHoldsTheActorThatHitsThePointAndNobodyElse) {
  WorldOptions options = with({at_point(Point::txn_marker, 1, env::Phase::before), StallFault{"@hit", 300'000}});
  test::Inbox inbox;
  World world(options);
  world.add_process("broker-0", actor([](env::Env& env, env::Mail& mail) {
                      const auto talk = [](bool hits) {
                        return actor([hits](env::Env& child, env::Mail& m) {
                          if (m.kind == MailKind::start) child.scheduler().after(10'000, MailKind::tick);
                          if (m.kind != MailKind::tick) return;
                          if (hits) child.probe().hit(Point::txn_marker, env::Phase::before, {.text = {}});
                          child.network().send({1, 1}, MailKind::buffer, hits ? "held" : "free");
                        });
                      };
                      if (mail.kind != MailKind::start) return;
                      env.scheduler().spawn("held", 5, talk(true));
                      env.scheduler().spawn("free", 6, talk(false));
                    }));
  world.add_process("receiver", test::recorder(inbox));
  world.run_until(seconds(1));
  EXPECT_TRUE(world.faults()[0].effective);
  // One connection, one order: what the free one said behind the held one waits with it. Its thread does not.
  ASSERT_EQ(inbox.mails.size(), 2u);
  EXPECT_GE(inbox.times[0], 310'000);
  EXPECT_EQ(world.last_heal_us() / 1'000, 310);
}

TEST(Faults, StallOfANamedProcessHoldsItsMainActor) {
  Hitter hitter(with({at_time(55'000), StallFault{"jobmanager", 300'000}}));
  hitter.world.run_until(seconds(2));
  EXPECT_TRUE(hitter.world.faults()[0].effective);
  ASSERT_EQ(hitter.inbox.times.size(), 20u);
  EXPECT_LT(hitter.inbox.times[4], 60'000);
  EXPECT_GE(hitter.inbox.times[5], 355'000);
}

TEST(Faults, SlowProcessTakesItsTimeUntilTheFaultIsOver) {
  WorldOptions options = with({at_time(50'000), SlowFault{"taskmanager-0", 100'000, 50'000}});
  options.cpu.per_mail_us = 10;  // 10 ms while it is slow
  Hitter hitter(options);
  hitter.world.run_until(seconds(1));
  ASSERT_EQ(hitter.inbox.times.size(), 20u);
  EXPECT_LT(hitter.inbox.times[3], 42'000);
  EXPECT_GT(hitter.inbox.times[6], 79'000);
  EXPECT_GT(hitter.inbox.times[8], 99'000);
  EXPECT_LT(hitter.inbox.times[19], 225'000) << "and then it has its speed again";
  EXPECT_TRUE(hitter.world.faults()[0].effective);
  EXPECT_EQ(hitter.world.last_heal_us(), 100'000);
}

TEST(Faults, SlowIdleProcessHasNoEffect) {
  Hitter hitter(with({at_time(500'000), SlowFault{"taskmanager-0", 1'000, 50'000}}));
  hitter.world.run_until(seconds(1));
  EXPECT_TRUE(hitter.world.faults()[0].fired);
  EXPECT_FALSE(hitter.world.faults()[0].effective);
}

TEST(Faults, CutBetweenClassesOfProcessesGoesOneWayBetweenAnyTwo) {
  WorldOptions options = with({at_time(50'000), PartitionFault{"every broker", "every broker", Direction::to_peer,
                                                               CutMode::hold, seconds(1)}});
  std::map<std::string, test::Inbox> inboxes;
  World world(options);
  for (const char* name : {"broker-0", "broker-1", "broker-2", "taskmanager-0"}) {
    world.add_process(name, actor([&inboxes, name](env::Env& env, env::Mail& mail) {
                        if (mail.kind == MailKind::start) env.scheduler().after(100'000, MailKind::tick);
                        if (mail.kind == MailKind::buffer) inboxes[name].add(env, mail);
                        if (mail.kind != MailKind::tick) return;
                        for (env::ProcessId to = 0; to < 4; ++to) env.network().send({to, 1}, MailKind::buffer, name);
                      }));
  }
  world.run_until(500'000);
  EXPECT_EQ(inboxes["broker-1"].mails.size(), 2u) << "itself and the task manager";
  EXPECT_EQ(inboxes["taskmanager-0"].mails.size(), 4u);
  world.run_until(seconds(2));
  EXPECT_EQ(inboxes["broker-1"].mails.size(), 4u);
  EXPECT_TRUE(world.faults()[0].effective);
}

TEST(Faults, FaultWithoutEffectLeavesTheStateHashAsItIsAndOneWithEffectDoesNot) {
  const auto state = [](const std::vector<Fault>& faults) {
    WorldOptions options;
    options.faults = faults;
    Hitter hitter(options);
    hitter.world.run_until(seconds(1));
    return std::make_pair(hitter.world.state_hash(), hitter.world.trace().hash());
  };
  const auto plain = state({});
  const auto idle_pause = state({{at_time(500'000), PauseFault{"jobmanager", 100'000}}});
  EXPECT_EQ(plain.first, idle_pause.first);
  EXPECT_NE(plain.second, idle_pause.second) << "the trace tells every run from every other";
  EXPECT_NE(plain.first, state({{at_time(105'000), PauseFault{"jobmanager", 100'000}}}).first);
  EXPECT_NE(plain.first, state({{at_time(105'000), CrashFault{"jobmanager", 100'000}}}).first);
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
  trigger = at_point(Point::txn_marker, 1, env::Phase::before);
  trigger.after_us = seconds(20);
  trigger.after = EarlierHit{Point::checkpoint_complete, 3};
  EXPECT_EQ(describe({trigger, StallFault{"@hit", seconds(3)}}),
            "stall the actor that hits it just before the 1st txn.marker after 20 s after the 3rd checkpoint.complete "
            "for 3 s");
  EXPECT_EQ(describe({at_time(seconds(4)), SlowFault{"broker-0", 500, seconds(3)}}),
            "slow broker-0 at 4 s: everything takes 500 % of its time for 3 s");
  EXPECT_EQ(describe({at_time(seconds(4)), ReconnectFault{"*", MailKind::log_request, 1, seconds(3)}}),
            "reconnect at 4 s: the next 1 log-request message of anyone arrives 3 s late, on a connection that is lost");
  EXPECT_EQ(describe({at_time(seconds(4)), CrashFault{"broker-0", seconds(3), Notice::silent}}),
            "crash broker-0 at 4 s without a word to anyone, restart after 3 s");
}

}  // namespace
}  // namespace onceproof::simulator
