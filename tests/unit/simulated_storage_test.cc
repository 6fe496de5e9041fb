// SPDX-License-Identifier: Apache-2.0
// The storage's calls through a world: when they take effect, what a crash around that moment leaves, and what the
// faults of the storage do to each of them.
#include "simulator/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/world.h"
#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A job manager and a task manager; each mail of the former does `what` once, every 10 ms.
class StorageWorld {
 public:
  using Handler = std::function<void(env::Env&)>;
  StorageWorld(WorldOptions options, Handler what, int times = 1) : world_(std::move(options)) {
    world_.add_process("jobmanager", test::actor([what, times](env::Env& env, env::Mail& mail) {
                         if (mail.kind == env::MailKind::start) {
                           env.scheduler().after(10'000, env::MailKind::tick, 1);
                         } else if (mail.kind == env::MailKind::tick) {
                           if (static_cast<int>(mail.a) < times) {
                             env.scheduler().after(10'000, env::MailKind::tick, mail.a + 1);
                           }
                           what(env);
                         }
                       }));
    world_.add_process("taskmanager-0", test::idle_actor());
  }
  World& run(TimeUs until_us) {
    world_.run_until(until_us);
    return world_;
  }

 private:
  World world_;
};

Fault storage_fault(StorageFault what, TimeUs at_us = 0) {
  Fault fault;
  fault.trigger.at_us = at_us;
  fault.action = std::move(what);
  return fault;
}

Fault crash_at(env::Point point, env::Phase when) {
  Fault fault;
  fault.trigger.point = point;
  fault.trigger.when = when;
  fault.action = CrashFault{"@hit", seconds(5)};
  return fault;
}

struct CallKind {
  StorageCall call;
  env::Point point;
  std::function<void(env::Storage&, env::Storage::Done)> make;
  std::function<bool(World&)> happened;  // "old" holds "x" before
};

bool there(World& world, const std::string& path) { return world.disk().read(path).ok(); }

const std::vector<CallKind>& call_kinds() {
  static const std::vector<CallKind> kinds = {
      {StorageCall::append, env::Point::storage_append,
       [](env::Storage& s, env::Storage::Done done) { s.append("d/new", "12", done); },
       [](World& w) { return w.disk().size("d/new") == 2; }},
      {StorageCall::sync, env::Point::storage_sync,
       [](env::Storage& s, env::Storage::Done done) { s.sync("d/old", done); },
       [](World& w) { return w.disk().unsynced_bytes() == 0; }},
      {StorageCall::rename, env::Point::storage_rename,
       [](env::Storage& s, env::Storage::Done done) { s.rename("d/old", "d/new", done); },
       [](World& w) { return there(w, "d/new"); }},
      {StorageCall::sync_directory, env::Point::storage_sync_directory,
       [](env::Storage& s, env::Storage::Done done) { s.sync_directory("d", done); }, nullptr},
      {StorageCall::remove, env::Point::storage_remove,
       [](env::Storage& s, env::Storage::Done done) { s.remove("d/old", done); },
       [](World& w) { return !there(w, "d/old"); }},
      {StorageCall::list, env::Point::storage_list,
       [](env::Storage& s, env::Storage::Done done) {
         s.list("d", [done](const Result<env::Storage::Paths>& paths) {
           done(paths.ok() ? Status() : Status(paths.error()));
         });
       },
       nullptr},
      {StorageCall::read, env::Point::storage_read,
       [](env::Storage& s, env::Storage::Done done) {
         s.read("d/old", [done](const Result<Bytes>& data) { done(data.ok() ? Status() : Status(data.error())); });
       },
       nullptr},
  };
  return kinds;
}

// One call of the kind behind an unsynced file "d/old", and the answers that it got.
struct OneCall {
  std::vector<std::string> answers;  // "ok at 11", in milliseconds
  StorageWorld::Handler handler(const CallKind& kind) {
    return [this, &kind](env::Env& env) {
      env.storage().append("d/old", "x", [this, &kind, &env](const Status&) {
        kind.make(env.storage(), [this, &env](const Status& status) {
          answers.push_back(fmt::format("{} at {}", to_string(status.code()), env.now() / 1000));
        });
      });
    };
  }
};

WorldOptions keeping_everything() {
  WorldOptions options;
  options.disk.unsynced = UnsyncedData::keep;
  options.disk.undo_renames = false;
  return options;
}

TEST(SimulatedStorage, NothingHappensWithinTheCallAndItsPointIsHitAroundTheEffect) {
  for (const CallKind& kind : call_kinds()) {
    OneCall call;
    StorageWorld world(keeping_everything(), call.handler(kind));
    World& after = world.run(seconds(1));
    ASSERT_EQ(call.answers.size(), 1u);
    EXPECT_EQ(call.answers[0].substr(0, 2), "ok");
    if (kind.happened) {
      EXPECT_TRUE(kind.happened(after));
    }
    EXPECT_EQ(after.hits(kind.point), kind.call == StorageCall::append ? 4u : 2u);
  }
}

TEST(SimulatedStorage, ACrashBeforeTheEffectMeansThatItNeverHappenedAndOneAfterItDoesNot) {
  for (const CallKind& kind : call_kinds()) {
    for (const auto phase : {env::Phase::before, env::Phase::after}) {
      WorldOptions options = keeping_everything();
      Fault crash = crash_at(kind.point, phase);
      if (kind.call == StorageCall::append) crash.trigger.nth = 2;
      options.faults.push_back(crash);
      OneCall call;
      StorageWorld world(options, call.handler(kind));
      World& after = world.run(seconds(1));
      EXPECT_FALSE(after.alive(0));
      EXPECT_THAT(call.answers, IsEmpty()) << "a dead process is not answered";
      // A crash that keeps everything makes what was unsynced durable, so a sync cannot be told apart.
      if (kind.happened && kind.call != StorageCall::sync) {
        EXPECT_EQ(kind.happened(after), phase == env::Phase::after) << static_cast<int>(kind.call);
      }
    }
  }
}

TEST(SimulatedStorage, EveryCallFailsWithoutItsEffectOrAlthoughItIsDone) {
  for (const CallKind& kind : call_kinds()) {
    for (const auto effect : {StorageEffect::fails, StorageEffect::fails_but_written}) {
      WorldOptions options = keeping_everything();
      options.faults.push_back(storage_fault({.call = kind.call,
                                              .effect = effect,
                                              .path = "d",
                                              .skip = kind.call == StorageCall::append ? 1u : 0u,
                                              .duration_us = seconds(60)}));
      OneCall call;
      StorageWorld world(options, call.handler(kind));
      World& after = world.run(seconds(1));
      ASSERT_EQ(call.answers.size(), 1u);
      EXPECT_THAT(call.answers[0], ::testing::StartsWith("input/output error")) << static_cast<int>(kind.call);
      EXPECT_TRUE(after.faults()[0].effective);
      if (kind.happened) {
        EXPECT_EQ(kind.happened(after), effect == StorageEffect::fails_but_written);
      }
    }
  }
}

TEST(SimulatedStorage, ACallThatHangsIsCarriedOutAndAnsweredWhenTheFaultIsOver) {
  for (const CallKind& kind : call_kinds()) {
    WorldOptions options = keeping_everything();
    options.faults.push_back(storage_fault({.call = kind.call,
                                            .effect = StorageEffect::hangs,
                                            .path = "d",
                                            .skip = kind.call == StorageCall::append ? 1u : 0u,
                                            .duration_us = milliseconds(500)}));
    OneCall call;
    StorageWorld world(options, call.handler(kind));
    World& hanging = world.run(milliseconds(499));
    EXPECT_THAT(call.answers, IsEmpty());
    EXPECT_FALSE(hanging.faults_quiet());
    if (kind.happened) {
      EXPECT_FALSE(kind.happened(hanging));
    }
    World& healed = world.run(seconds(1));
    EXPECT_THAT(call.answers, ElementsAre("ok at 500"));
    if (kind.happened) {
      EXPECT_TRUE(kind.happened(healed));
    }
    EXPECT_TRUE(healed.faults_quiet());
  }
}

TEST(SimulatedStorage, AHangingCallStallsNeitherItsActorNorOtherPaths) {
  WorldOptions options = keeping_everything();
  options.faults.push_back(
      storage_fault({.call = StorageCall::append, .effect = StorageEffect::hangs, .path = "a", .count = 100}));
  std::vector<std::string> answers;
  StorageWorld world(
      options,
      [&](env::Env& env) {
        env.storage().append("a", "1", [&](const Status&) { answers.push_back("a"); });
        env.storage().sync("a", [&](const Status&) { answers.push_back("sync a"); });
        env.storage().append("b", "1", [&](const Status&) { answers.push_back("b"); });
      },
      2);
  world.run(seconds(1));
  EXPECT_THAT(answers, ElementsAre("b", "b"));
  world.run(seconds(20));
  EXPECT_THAT(answers, ElementsAre("b", "b", "a", "sync a", "a", "sync a"));
}

TEST(SimulatedStorage, ASlowCallComesLater) {
  WorldOptions options = keeping_everything();
  options.faults.push_back(storage_fault(
      {.call = StorageCall::remove, .effect = StorageEffect::slow, .delay_us = milliseconds(300)}));
  OneCall call;
  StorageWorld world(options, call.handler(call_kinds()[4]));
  world.run(seconds(1));
  EXPECT_THAT(call.answers, ElementsAre("ok at 310"));
}

TEST(SimulatedStorage, AFaultStrikesOnlyItsProcessItsPathAndItsCount) {
  const auto failures = [](const StorageFault& what) {
    WorldOptions options;
    options.faults.push_back(storage_fault(what));
    std::string seen;
    StorageWorld world(
        options,
        [&](env::Env& env) {
          env.storage().append("checkpoints/a", "1", [&](const Status& status) { seen += status.ok() ? '.' : 'x'; });
        },
        5);
    world.run(seconds(1));
    return seen;
  };
  StorageFault what{.call = StorageCall::append, .count = 2};
  EXPECT_EQ(failures(what), "xx...");
  what.skip = 1;
  EXPECT_EQ(failures(what), ".xx..");
  what.path = "checkpoints/";
  what.target = "jobmanager";
  EXPECT_EQ(failures(what), ".xx..");
  what.path = "checkpoints/b";
  EXPECT_EQ(failures(what), ".....");
  what.path = "";
  what.target = "taskmanager-0";
  EXPECT_EQ(failures(what), ".....");
  what = {.call = StorageCall::append, .count = 100, .duration_us = milliseconds(25)};
  EXPECT_EQ(failures(what), "xx...") << "healed after 25 ms";
}

TEST(SimulatedStorage, TheTargetMayBeTheProcessThatHitThePoint) {
  WorldOptions options;
  Fault fault = storage_fault({.target = "@hit", .call = StorageCall::rename, .effect = StorageEffect::fails});
  fault.trigger = {};
  fault.trigger.point = env::Point::storage_rename;
  fault.trigger.when = env::Phase::before;
  fault.trigger.nth = 2;
  options.faults.push_back(fault);
  std::string seen;
  StorageWorld world(
      options,
      [&](env::Env& env) {
        env.storage().append("a", "1", [&](const Status&) {
          env.storage().rename("a", "b", [&](const Status& status) { seen += status.ok() ? '.' : 'x'; });
        });
      },
      3);
  world.run(seconds(1));
  EXPECT_EQ(seen, ".x.") << "it strikes the very call at which it was triggered";
}

TEST(SimulatedStorage, AnAppendThatFailsLeavesATornPart) {
  bool torn = false;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    WorldOptions options;
    options.seed = seed;
    options.faults.push_back(storage_fault({.call = StorageCall::append}));
    StorageWorld world(options, [&](env::Env& env) { env.storage().append("a", "12345678", [](const Status&) {}); });
    const size_t size = world.run(seconds(1)).disk().size("a");
    EXPECT_LE(size, 8u);
    torn = torn || (size > 0 && size < 8);
  }
  EXPECT_TRUE(torn);
}

TEST(SimulatedStorage, AnActorThatHasEndedIsNotAnswered) {
  World world{WorldOptions{}};
  bool answered = false;
  world.add_process("p", test::actor([&](env::Env& env, env::Mail& mail) {
                      if (mail.kind != env::MailKind::start) return;
                      env.scheduler().spawn("child", 7, test::actor([&](env::Env& child, env::Mail&) {
                                              child.storage().append("f", "x", [&](const Status&) { answered = true; });
                                              child.scheduler().stop(7);
                                            }));
                    }));
  world.run_until(seconds(1));
  EXPECT_FALSE(answered);
  EXPECT_THAT(world.disk().list(""), IsEmpty());
}

// Each part of the fail-checkpoint fault reaches one call of the role that it is meant for.
TEST(SimulatedStorage, FailCheckpointRefusesOneCallOfItsOwnRole) {
  for (const FailPart part : {FailPart::store, FailPart::store_but_written, FailPart::task}) {
    WorldOptions options;
    options.faults.push_back({test::at_time(5'000), FailCheckpointFault{part}});
    std::vector<std::string> refused;
    World world(options);
    for (const char* name : {"jobmanager", "taskmanager-0"}) {
      world.add_process(name, test::actor([&refused, name](env::Env& env, env::Mail& mail) {
                          if (mail.a < 5) env.scheduler().after(10'000, env::MailKind::tick, mail.a + 1);
                          const std::string path = fmt::format("checkpoints/completed/{}-{}", name, mail.a);
                          const auto note = [&refused, name](const char* call) {
                            return [&refused, name, call](const Status& status) {
                              if (status.code() != ErrorCode::io_error) return;  // of a torn file: not found
                              refused.push_back(std::string(name) + " " + call);
                            };
                          };
                          env.storage().append(path, "x", note("append"));
                          env.storage().sync(path, note("sync"));
                          env.storage().rename(path, path + "-", note("rename"));
                          env.storage().sync_directory("checkpoints/completed", note("sync-directory"));
                        }));
    }
    world.run_until(seconds(1));
    ASSERT_EQ(refused.size(), 1u);
    if (part == FailPart::store) {
      EXPECT_EQ(refused[0], "jobmanager sync");
    }
    if (part == FailPart::task) {
      EXPECT_EQ(refused[0], "taskmanager-0 append");
    }
    if (part == FailPart::store_but_written) {
      EXPECT_THAT(refused[0], ::testing::AnyOf("jobmanager rename", "jobmanager sync-directory"));
    }
    EXPECT_TRUE(world.faults()[0].effective);
    EXPECT_TRUE(world.faults_quiet());
  }
}

}  // namespace
}  // namespace onceproof::simulator
