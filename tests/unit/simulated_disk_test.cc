// SPDX-License-Identifier: Apache-2.0
// The disk: what survives a crash, what does not, and failures on demand.
#include "simulator/disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "simulator/world.h"
#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr env::ProcessId kTaskManager = 1;
constexpr env::ProcessId kJobManager = 0;

// Calls that must succeed, in the name of one process.
struct Disk : SimulatedDisk {
  explicit Disk(UnsyncedData unsynced = UnsyncedData::random_prefix, uint64_t seed = 1, bool undo_renames = true)
      : SimulatedDisk(DiskOptions{.unsynced = unsynced, .undo_renames = undo_renames}, RandomStream(seed)) {}
  void write(const std::string& path, ByteView data, env::ProcessId writer = kTaskManager) {
    EXPECT_TRUE(append(writer, path, Bytes(data)).ok());
  }
  void make_durable(const std::string& path) { EXPECT_TRUE(sync(path).ok()); }
  void move(const std::string& from, const std::string& to) { EXPECT_TRUE(rename(kTaskManager, from, to).ok()); }
  std::string content(const std::string& path) {
    const Result<Bytes> data = read(path);
    return data.ok() ? data.value() : "(absent)";
  }
};

TEST(SimulatedDisk, SyncedBytesSurviveEveryCrash) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Disk disk(UnsyncedData::random_prefix, seed);
    disk.write("f", "durable");
    disk.make_durable("f");
    disk.write("f", "-volatile");
    disk.crash(kTaskManager);
    EXPECT_EQ(disk.content("f").substr(0, 7), "durable");
    EXPECT_EQ(disk.unsynced_bytes(), 0u);
  }
}

TEST(SimulatedDisk, UnsyncedTailSurvivesAsARandomPrefix) {
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(UnsyncedData::random_prefix, seed);
    disk.write("f", "abcd");
    disk.crash(kTaskManager);
    const std::string left = disk.content("f");
    if (left != "(absent)") {
      EXPECT_EQ(left, std::string("abcd").substr(0, left.size()));
    }
    sizes.insert(left == "(absent)" ? 0 : left.size());
  }
  EXPECT_THAT(sizes, ElementsAre(0, 1, 2, 3, 4)) << "every length must be met";
}

TEST(SimulatedDisk, DropAndKeepDoWhatTheySay) {
  Disk drop(UnsyncedData::drop);
  drop.write("f", "x");
  drop.crash(kTaskManager);
  EXPECT_EQ(drop.content("f"), "(absent)");
  Disk keep(UnsyncedData::keep);
  keep.write("f", "x");
  keep.crash(kTaskManager);
  EXPECT_EQ(keep.content("f"), "x");
}

TEST(SimulatedDisk, CrashTouchesOnlyWhatTheCrashedProcessWrote) {
  Disk disk(UnsyncedData::drop);
  disk.write("f", "x");
  disk.crash(kJobManager);
  EXPECT_EQ(disk.content("f"), "x");
}

TEST(SimulatedDisk, RenameIsUndoneByACrashUnlessItsDirectoryWasSynced) {
  int undone = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(UnsyncedData::random_prefix, seed);
    disk.write("d/new", "new");
    disk.make_durable("d/new");
    disk.write("d/current", "old");
    disk.make_durable("d/current");
    disk.move("d/new", "d/current");
    if (seed % 2 == 0) {
      EXPECT_TRUE(disk.sync_directory("d").ok());
    }
    disk.crash(kTaskManager);
    if (disk.content("d/current") == "new") {
      EXPECT_EQ(disk.content("d/new"), "(absent)");
      continue;
    }
    EXPECT_EQ(seed % 2, 1u) << "a synced rename was undone";
    EXPECT_EQ(disk.content("d/current"), "old");
    EXPECT_EQ(disk.content("d/new"), "new");
    ++undone;
  }
  EXPECT_GT(undone, 10);
  EXPECT_LT(undone, 40);
}

TEST(SimulatedDisk, RenamesAreUndoneFromTheLastOne) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(UnsyncedData::keep, seed);
    disk.write("a", "1");
    disk.make_durable("a");
    disk.move("a", "b");
    disk.move("b", "c");
    disk.crash(kTaskManager);
    EXPECT_EQ(disk.list("").size(), 1u);
    outcomes.insert(disk.list("").front());
  }
  EXPECT_THAT(outcomes, ElementsAre("a", "b", "c"));
}

TEST(SimulatedDisk, RenameIsNotUndoneOnceSomebodyReplacedTheFile) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Disk disk(UnsyncedData::keep, seed);
    disk.write("a", "1");
    disk.make_durable("a");
    disk.move("a", "b");
    EXPECT_TRUE(disk.remove("b").ok());
    disk.crash(kTaskManager);
    EXPECT_THAT(disk.list(""), IsEmpty());
  }
}

TEST(SimulatedDisk, CrashOfAWorldsProcessLosesItsUnsyncedData) {
  WorldOptions options;
  options.disk.unsynced = UnsyncedData::drop;
  World world(options);
  world.add_process("p", test::actor([](env::Env& env, env::Mail&) {
                      const auto ok = [](const Status& status) { EXPECT_TRUE(status.ok()); };
                      env.storage().append("synced", "x", ok);
                      env.storage().sync("synced", ok);
                      env.storage().append("unsynced", "x", ok);
                    }));
  world.run_until(10'000);
  EXPECT_THAT(world.disk().list(""), ElementsAre("synced", "unsynced"));
  world.crash(0);
  EXPECT_THAT(world.disk().list(""), ElementsAre("synced"));
}

// A name and all its bytes: one without the other is lost with the next crash.
TEST(SimulatedDisk, TellsItsWatcherWhatHasBecomeDurableAndWhatIsGone) {
  Disk disk;
  std::vector<std::string> told;
  disk.watch("d/", [&](const std::string& path, bool durable) { told.push_back((durable ? "+" : "-") + path); });
  disk.write("d/f.tmp", "1");
  EXPECT_FALSE(disk.durable("d/f.tmp"));
  disk.make_durable("d/f.tmp");
  EXPECT_TRUE(disk.durable("d/f.tmp"));
  disk.move("d/f.tmp", "d/f");
  EXPECT_FALSE(disk.durable("d/f")) << "a crash may still undo it";
  EXPECT_TRUE(disk.sync_directory("d").ok());
  EXPECT_TRUE(disk.durable("d/f"));
  disk.write("elsewhere", "1");
  disk.make_durable("elsewhere");
  EXPECT_TRUE(disk.remove("d/f").ok());
  EXPECT_THAT(told, ElementsAre("+d/f.tmp", "-d/f.tmp", "+d/f", "-d/f"));
}

TEST(SimulatedDisk, ARenameOfUnsyncedBytesIsNotDurable) {
  Disk disk;
  disk.write("d/f.tmp", "1");
  disk.move("d/f.tmp", "d/f");
  EXPECT_TRUE(disk.sync_directory("d").ok());
  EXPECT_FALSE(disk.durable("d/f"));
}

// What a crash leaves lasts; what it undoes is gone.
TEST(SimulatedDisk, ACrashDecidesWhatWasNotDurable) {
  std::set<bool> kept;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Disk disk(UnsyncedData::random_prefix, seed);
    disk.write("d/f.tmp", "1");
    disk.make_durable("d/f.tmp");
    disk.move("d/f.tmp", "d/f");
    std::map<std::string, bool> told;
    disk.watch("d/", [&](const std::string& path, bool durable) { told[path] = durable; });
    disk.crash(kTaskManager);
    const bool moved = disk.durable("d/f");
    EXPECT_EQ(told["d/f"], moved);
    EXPECT_EQ(disk.durable("d/f.tmp"), !moved);
    kept.insert(moved);
  }
  EXPECT_EQ(kept.size(), 2u);
}

}  // namespace
}  // namespace onceproof::simulator
