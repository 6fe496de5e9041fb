// SPDX-License-Identifier: Apache-2.0
// Debian's SQLite over the simulated host disk: ten thousand crashes at random file-system calls, and what it promises
// is kept; without syncs it is not, and that is seen. The same table comes from `onceproof disk`.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "scenarios/disk/sqlite_crashes.h"

namespace onceproof::scenarios::disk {
namespace {

using sqlite::Journal;
using sqlite::Synchronous;

void print(const Tally& t) {
  fmt::print("{:8} {:6}  promised {:16}  crashes {:5}  commits {:6}  lost {:5}  corrupt {:4}  violations {}\n",
             to_string(t.setup.journal), to_string(t.setup.synchronous), to_string(promise_of(t.setup)), t.crashes,
             t.committed, t.lost, t.corrupt, t.violations);
}

TEST(SqliteCrashes, TenThousandCrashesKeepWhatIsPromised) {
  uint64_t crashes = 0, in_doubt = 0, happened = 0;
  for (const CrashSetup& setup : all_setups()) {
    if (promise_of(setup) == Promise::nothing) continue;
    const Tally tally = crash_disks(setup, 1, 1'200);
    print(tally);
    EXPECT_EQ(tally.violations, 0u) << tally.story << " (disk " << tally.story_seed << ")";
    EXPECT_EQ(tally.corrupt, 0u) << tally.story;
    if (promise_of(setup) == Promise::durable) {
      EXPECT_EQ(tally.lost, 0u) << tally.story;
    }
    EXPECT_GT(tally.kills, 50u);
    EXPECT_GT(tally.committed, tally.crashes) << "too little was at stake";
    crashes += tally.crashes;
    in_doubt += tally.in_doubt;
    happened += tally.happened;
  }
  EXPECT_GE(crashes, 10'000u);
  EXPECT_GT(happened, in_doubt / 50) << "no crash hit the end of a commit";
  EXPECT_LT(happened, in_doubt / 2) << "no crash hit the beginning of a commit";
}

TEST(SqliteCrashes, WithoutSyncsTheLossIsSeen) {
  for (const Journal journal : {Journal::delete_file, Journal::truncate, Journal::persist, Journal::wal}) {
    const Tally tally = crash_disks({journal, Synchronous::off}, 1, 200);
    print(tally);
    EXPECT_GT(tally.lost, 0u);
    EXPECT_GT(tally.corrupt, 0u);
    EXPECT_EQ(tally.violations, 0u) << tally.story;
  }
}

TEST(SqliteCrashes, LessThanFullLosesWhatItSays) {
  EXPECT_GT(crash_disks({Journal::wal, Synchronous::normal}, 1, 100).lost, 0u);
  EXPECT_GT(crash_disks({Journal::delete_file, Synchronous::full}, 1, 200).lost, 0u);
}

TEST(SqliteCrashes, ADiskIsAFunctionOfItsSeed) {
  for (const Journal journal : {Journal::delete_file, Journal::wal}) {
    const CrashSetup setup{journal, Synchronous::full};
    EXPECT_EQ(crash_disks(setup, 7, 40).digest, crash_disks(setup, 7, 40).digest);
    EXPECT_FALSE(crash_disks(setup, 7, 40).digest == crash_disks(setup, 8, 40).digest);
  }
}

}  // namespace
}  // namespace onceproof::scenarios::disk
