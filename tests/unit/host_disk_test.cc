// SPDX-License-Identifier: Apache-2.0
// A host's disk: what a power failure leaves of what was not synced, and failures on demand. One test a rule of the
// head of simulator/host_disk.h.
#include "simulator/host_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace onceproof::simulator {
namespace {

using env::LockLevel;
using env::OpenMode;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Calls that must succeed.
struct Disk : HostDisk {
  explicit Disk(HostDiskOptions disk_options = {}, uint64_t seed = 1)
      : HostDisk("host", disk_options, RandomStream(seed)) {}
  std::unique_ptr<env::DiskFile> file(const std::string& path, OpenMode mode = OpenMode::create) {
    return open(path, mode).take();
  }
  void write(const std::string& path, uint64_t offset, ByteView data) {
    EXPECT_TRUE(file(path)->write_at(offset, data).ok());
  }
  void make_durable(const std::string& path) {
    EXPECT_TRUE(file(path)->sync().ok());
    EXPECT_TRUE(sync_directory(env::directory_of(path)).ok());
  }
  std::string content(const std::string& path) {
    if (!exists(path).value()) return "(absent)";
    std::string bytes(100'000, '?');
    bytes.resize(file(path)->read_at(0, bytes.data(), bytes.size()).value());
    return bytes;
  }
};

HostDiskOptions with(UnsyncedWrites unsynced) {
  HostDiskOptions options;
  options.unsynced = unsynced;
  return options;
}

HostDiskOptions fates(uint32_t kept, uint32_t dropped, uint32_t torn, uint32_t garbled) {
  HostDiskOptions options;
  options.kept = kept;
  options.dropped = dropped;
  options.torn = torn;
  options.garbled = garbled;
  return options;
}

TEST(HostDisk, WhatWasSyncedSurvivesEveryPowerFailure) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(fates(1, 1, 1, 1), seed);
    disk.write("f", 0, std::string(2'000, 'a'));
    disk.make_durable("f");
    disk.write("f", 1'024, std::string(512, 'b'));
    disk.power_failure();
    const std::string left = disk.content("f");
    ASSERT_EQ(left.size(), 2'000u);
    EXPECT_EQ(left.substr(0, 1'024), std::string(1'024, 'a'));
    EXPECT_EQ(left.substr(1'536), std::string(464, 'a')) << "nothing outside of the write's own bytes";
    EXPECT_EQ(disk.unsynced_bytes(), 0u);
  }
}

TEST(HostDisk, AKillLosesNothingThatWasWritten) {
  Disk disk(with(UnsyncedWrites::drop));
  disk.write("f", 0, "abc");
  disk.kill_processes();
  EXPECT_EQ(disk.content("f"), "abc");
  disk.power_failure();
  EXPECT_EQ(disk.content("f"), "(absent)") << "but it was not durable either";
}

TEST(HostDisk, ASectorIsKeptDroppedTornOrGarbled) {
  const std::string old(512, 'o'), fresh(512, 'n');
  const auto left_by = [&](HostDiskOptions options, uint64_t seed) {
    Disk disk(options, seed);
    disk.write("f", 0, old);
    disk.make_durable("f");
    disk.write("f", 0, fresh);
    disk.power_failure();
    return disk.content("f");
  };
  EXPECT_EQ(left_by(fates(1, 0, 0, 0), 1), fresh);
  EXPECT_EQ(left_by(fates(0, 1, 0, 0), 1), old);
  bool first_part = false, last_part = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string torn = left_by(fates(0, 0, 1, 0), seed);
    EXPECT_EQ(torn.size(), 512u);
    first_part |= torn.front() == 'n' && torn.back() == 'o';
    last_part |= torn.front() == 'o' && torn.back() == 'n';
    const std::string garbled = left_by(fates(0, 0, 0, 1), seed);
    EXPECT_EQ(garbled.size(), 512u);
    EXPECT_NE(garbled, old);
    EXPECT_NE(garbled, fresh);
  }
  EXPECT_TRUE(first_part && last_part);
}

TEST(HostDisk, SectorsOfOneWriteMeetTheirFatesApart) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(fates(1, 1, 0, 0), seed);
    disk.write("f", 0, std::string(1'024, 'o'));
    disk.make_durable("f");
    disk.write("f", 0, std::string(1'024, 'n'));
    disk.power_failure();
    const std::string left = disk.content("f");
    seen.insert({left[0], left[512]});
  }
  EXPECT_THAT(seen, ElementsAre("nn", "no", "on", "oo"));
}

TEST(HostDisk, ASectorEndsAsAnyOfTheStatesThatItWentThrough) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(fates(1, 1, 0, 0), seed);
    disk.write("f", 0, "0");
    disk.make_durable("f");
    disk.write("f", 0, "1");
    disk.write("f", 0, "2");
    disk.power_failure();
    seen.insert(disk.content("f"));
  }
  EXPECT_THAT(seen, ElementsAre("0", "1", "2"));
}

TEST(HostDisk, WithoutPowersafeOverwriteASectorTakesItsNeighboursAlong) {
  HostDiskOptions options = fates(0, 0, 0, 1);
  for (const bool powersafe : {true, false}) {
    options.traits.powersafe_overwrite = powersafe;
    Disk disk(options);
    disk.write("f", 0, std::string(1'536, 'o'));
    disk.make_durable("f");
    disk.write("f", 600, "n");
    disk.power_failure();
    const std::string left = disk.content("f");
    EXPECT_EQ(left.substr(0, 512), std::string(512, 'o'));
    EXPECT_EQ(left.substr(512, 88) == std::string(88, 'o'), powersafe);
    EXPECT_EQ(left.substr(1'024), std::string(512, 'o'));
  }
}

TEST(HostDisk, AFileMayGrowWithoutItsBytesUnlessAppendsAreSafe) {
  for (const bool safe : {false, true}) {
    HostDiskOptions options = fates(1, 1, 1, 1);
    options.traits.safe_append = safe;
    bool zeros = false, garbage = false;
    for (uint64_t seed = 0; seed < 200; ++seed) {
      Disk disk(options, seed);
      disk.write("f", 0, "x");
      disk.make_durable("f");
      disk.write("f", 1, std::string(1'535, 'n'));
      disk.power_failure();
      for (const char c : disk.content("f").substr(1)) {
        zeros |= c == '\0';
        garbage |= c != '\0' && c != 'n';
      }
    }
    EXPECT_EQ(zeros, !safe);
    EXPECT_EQ(garbage, !safe);
  }
}

TEST(HostDisk, WhatFollowsATruncationNeedsIt) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(fates(1, 1, 0, 0), seed);
    disk.write("f", 0, "old");
    disk.make_durable("f");
    ASSERT_TRUE(disk.file("f")->truncate(0).ok());
    disk.write("f", 0, "n");
    disk.power_failure();
    seen.insert(disk.content("f"));
  }
  EXPECT_TRUE(seen.contains("old") && seen.contains("") && seen.contains("n"));
  EXPECT_FALSE(seen.contains("nld")) << "the write overtook the truncation";
}

TEST(HostDisk, NamesSurviveAsAPrefix) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(fates(1, 0, 0, 0), seed);
    disk.write("a", 0, "a");
    disk.make_durable("a");
    disk.write("b", 0, "b");
    ASSERT_TRUE(disk.rename("b", "a").ok());
    ASSERT_TRUE(disk.remove("a").ok());
    disk.power_failure();
    const std::vector<std::string> paths = disk.list("").value();
    std::string names;
    for (const std::string& path : paths) names += path + "=" + disk.content(path) + " ";
    seen.insert(names);
  }
  EXPECT_THAT(seen, ElementsAre("", "a=a ", "a=a b=b ", "a=b "));
}

TEST(HostDisk, ASyncOfTheFileIsNoSyncOfItsName) {
  for (const bool covers : {false, true}) {
    HostDiskOptions options = with(UnsyncedWrites::drop);
    options.sync_covers_names = covers;
    Disk disk(options);
    disk.write("d/f", 0, "abc");
    ASSERT_TRUE(disk.file("d/f")->sync().ok());
    disk.power_failure();
    EXPECT_EQ(disk.content("d/f"), covers ? "abc" : "(absent)");
  }
}

TEST(HostDisk, ARemovalThatWasNotSyncedBringsTheFileBackAsItWas) {
  Disk disk(with(UnsyncedWrites::drop));
  disk.write("journal", 0, "records");
  disk.make_durable("journal");
  disk.write("journal", 0, "RECORDS");
  ASSERT_TRUE(disk.remove("journal").ok());
  disk.power_failure();
  EXPECT_EQ(disk.content("journal"), "records");
}

TEST(HostDisk, MetadataOfOneJournalKeepsItsOrder) {
  for (const bool in_order : {true, false}) {
    bool overtaken = false;
    for (uint64_t seed = 0; seed < 100; ++seed) {
      HostDiskOptions options;
      options.metadata_in_order = in_order;
      Disk disk(options, seed);
      disk.write("journal", 0, "j");
      disk.write("data", 0, "abc");
      disk.make_durable("journal");
      disk.make_durable("data");
      ASSERT_TRUE(disk.remove("journal").ok());
      ASSERT_TRUE(disk.file("data")->truncate(1).ok());
      disk.power_failure();
      overtaken |= disk.content("journal") == "j" && disk.content("data") == "a";
    }
    EXPECT_EQ(overtaken, !in_order);
  }
}

TEST(HostDisk, APrefixKeepsTheOrderOfTheWholeDisk) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Disk disk(with(UnsyncedWrites::prefix), seed);
    for (const char* path : {"a", "b"}) {
      disk.write(path, 0, "0");
      disk.make_durable(path);
    }
    disk.write("a", 0, "1");
    disk.write("b", 0, "1");
    disk.write("a", 0, "2");
    disk.power_failure();
    seen.insert(disk.content("a") + disk.content("b"));
  }
  EXPECT_THAT(seen, ElementsAre("00", "10", "11", "21"));
}

TEST(HostDisk, KeepAndDropMeanAll) {
  for (const auto& [mode, left] : {std::pair(UnsyncedWrites::keep, "new"), std::pair(UnsyncedWrites::drop, "(absent)")}) {
    Disk disk(with(mode));
    disk.write("f", 0, "new");
    disk.power_failure();
    EXPECT_EQ(disk.content("f"), left);
  }
}

TEST(HostDisk, LocksAndOpenFilesDieWithTheProcess) {
  Disk disk;
  const auto file = disk.file("f");
  ASSERT_TRUE(file->write_at(0, "abc").ok());
  ASSERT_TRUE(file->lock(LockLevel::shared).ok());
  ASSERT_TRUE(file->lock(LockLevel::exclusive).ok());
  disk.kill_processes();
  EXPECT_TRUE(disk.file("f")->lock(LockLevel::shared).ok());
  EXPECT_EQ(file->write_at(0, "zombie").code(), ErrorCode::io_error);
  EXPECT_EQ(file->size().code(), ErrorCode::io_error);
  EXPECT_EQ(disk.content("f"), "abc");
}

TEST(HostDisk, DiesAtACallAndStaysDead) {
  std::set<std::string> left;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(with(UnsyncedWrites::keep), seed);
    const auto file = disk.file("f");
    disk.die_at_call(2);
    EXPECT_TRUE(file->write_at(0, "ab").ok());
    EXPECT_EQ(file->write_at(2, "cd").code(), ErrorCode::io_error);
    EXPECT_TRUE(disk.dead());
    EXPECT_EQ(file->sync().code(), ErrorCode::io_error);
    EXPECT_EQ(disk.exists("f").code(), ErrorCode::io_error);
    EXPECT_EQ(file->lock(LockLevel::shared).code(), ErrorCode::io_error);
    disk.power_failure();
    EXPECT_FALSE(disk.dead());
    left.insert(disk.content("f"));
  }
  EXPECT_THAT(left, ElementsAre("ab", "abc", "abcd")) << "the last call reached the disk, in part, or not";
}

TEST(HostDisk, FaultsStrikeTheCallThatTheyAreFor) {
  Disk disk(with(UnsyncedWrites::drop));
  disk.write("f", 0, "abc");
  ASSERT_TRUE(disk.sync_directory("").ok());
  disk.fail_next({.call = HostDiskCall::sync, .path_part = "other", .skip = 0, .code = ErrorCode::io_error});
  EXPECT_TRUE(disk.file("f")->sync().ok()) << "another path";
  EXPECT_EQ(disk.faults_applied(), 0u);
  disk.drop_faults();
  for (const bool effect : {false, true}) {
    disk.write("f", 0, effect ? "yes" : "not");
    HostDiskFault fault;
    fault.skip = 1;
    fault.effect_happens = effect;
    fault.call = HostDiskCall::sync_directory;
    disk.fail_next(fault);
    fault.call = HostDiskCall::sync;
    fault.skip = 0;
    disk.fail_next(fault);
    EXPECT_EQ(disk.file("f")->sync().code(), ErrorCode::io_error);
    EXPECT_TRUE(disk.sync_directory("").ok()) << "one passes";
    EXPECT_EQ(disk.sync_directory("").code(), ErrorCode::io_error);
    EXPECT_TRUE(disk.sync_directory("").ok()) << "once";
    disk.power_failure();
    EXPECT_EQ(disk.content("f"), effect ? "yes" : "abc");
  }
  EXPECT_EQ(disk.faults_applied(), 4u);
}

TEST(HostDisk, ShortReadsAndFullDisks) {
  HostDiskOptions options;
  options.capacity_bytes = 10;
  Disk disk(options);
  disk.write("f", 0, "12345678");
  HostDiskFault fault;
  fault.call = HostDiskCall::read;
  fault.short_read = true;
  disk.fail_next(fault);
  char buffer[8];
  EXPECT_LT(disk.file("f")->read_at(0, buffer, 8).value(), 8u);
  EXPECT_EQ(disk.file("f")->write_at(4, "5678901234").code(), ErrorCode::disk_full);
  EXPECT_EQ(disk.file("g")->write_at(0, "abc").code(), ErrorCode::disk_full);
  EXPECT_EQ(disk.file("g")->truncate(3).code(), ErrorCode::disk_full);
  EXPECT_TRUE(disk.file("g")->write_at(0, "ab").ok());
  ASSERT_TRUE(disk.remove("f").ok());
  EXPECT_TRUE(disk.file("g")->write_at(0, "abcdefghij").ok());
}

TEST(HostDisk, ABitAtRestDecays) {
  Disk disk;
  disk.write("f", 0, "ab");
  disk.make_durable("f");
  EXPECT_TRUE(disk.flip_bit("f", 8));
  EXPECT_FALSE(disk.flip_bit("f", 16));
  EXPECT_EQ(disk.content("f"), "ac");
  disk.power_failure();
  EXPECT_EQ(disk.content("f"), "ac");
}

TEST(HostDisk, TheSameSeedLeavesTheSameBytes) {
  const auto left_by = [](uint64_t seed) {
    Disk disk(fates(1, 1, 1, 1), seed);
    disk.write("f", 0, std::string(20'000, 'n'));
    EXPECT_TRUE(disk.sync_directory("").ok());
    disk.power_failure();
    return disk.content("f");
  };
  EXPECT_EQ(left_by(7), left_by(7));
  EXPECT_NE(left_by(7), left_by(8));
}

}  // namespace
}  // namespace onceproof::simulator
