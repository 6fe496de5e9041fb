// SPDX-License-Identifier: Apache-2.0
// What the job manager said of its checkpoints, against what the disk held.
#include "checkers/restores.h"

#include <gtest/gtest.h>

#include "checkers/timeline.h"
#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Finding;
using checkers::StoredCheckpoint;

std::vector<Finding> findings_of(const HistoryBuilder& run) {
  std::vector<Finding> findings;
  const checkers::History history = run.build();
  check_restores(history, checkers::read_timeline(history), findings);
  return findings;
}

// Checkpoint 1 was on the disk from 5 s to 11 s, checkpoint 2 from 10 s on.
HistoryBuilder stored() {
  HistoryBuilder run;
  run.raw().store_recorded = true;
  run.raw().stored = {{1, seconds(5), seconds(11)}, {2, seconds(10)}};
  run.event(0, "restore.begin", 0, 0);
  return run;
}

TEST(RestoresChecker, AcceptsTheLatestThatWasDurable) {
  HistoryBuilder run = stored();
  run.event(6, "checkpoint.complete", 0, 1);
  run.event(7, "restore.begin", 0, 1);
  run.event(12, "restore.begin", 0, 2);
  EXPECT_TRUE(findings_of(run).empty());
}

TEST(RestoresChecker, SeesAnOlderOneAndNoneAtAll) {
  HistoryBuilder run = stored();
  run.event(10, "restore.begin", 0, 1);
  EXPECT_EQ(story_of(findings_of(run), "stale-restore"),
            "at 10 s checkpoint 1 was restored, although checkpoint 2 was durable since 10 s");
  HistoryBuilder nothing = stored();
  nothing.event(12, "restore.begin", 0, 0);
  EXPECT_EQ(count_of(findings_of(nothing), "stale-restore"), 1u);
}

// Aborted, or not yet durable, or gone.
TEST(RestoresChecker, SeesOneThatTheDiskDidNotHold) {
  HistoryBuilder aborted = stored();
  aborted.event(12, "restore.begin", 0, 3);
  EXPECT_EQ(count_of(findings_of(aborted), "restored-unstored"), 1u);
  HistoryBuilder early = stored();
  early.event(4, "restore.begin", 0, 1);
  EXPECT_EQ(count_of(findings_of(early), "restored-unstored"), 1u);
}

TEST(RestoresChecker, SeesACompletionBeforeTheDiskHeldIt) {
  HistoryBuilder run = stored();
  run.event(9, "checkpoint.complete", 0, 2);
  EXPECT_EQ(count_of(findings_of(run), "not-durable"), 1u);
}

TEST(RestoresChecker, SeesACheckpointWhoseStateCouldBeLost) {
  HistoryBuilder run = stored();
  run.raw().stored[1].missing = {"checkpoints/chk-2/task-7"};
  EXPECT_EQ(story_of(findings_of(run), "unrestorable"),
            "checkpoint 2 was stored at 10 s, but 1 part of it could not be restored then: "
            "checkpoints/chk-2/task-7");
}

TEST(RestoresChecker, TellsNothingOfADiskThatNobodyWatched) {
  HistoryBuilder run = stored();
  run.raw().store_recorded = false;
  run.event(10, "restore.begin", 0, 1);
  EXPECT_TRUE(findings_of(run).empty());
}

// With the disk's record a restore is no proof that what it restored was complete.
TEST(RestoresChecker, TheDiskDecidesWhatACommitMayRelyOn) {
  HistoryBuilder run = stored();
  run.event(12, "restore.begin", 0, 7);
  EXPECT_FALSE(checkers::read_timeline(run.build()).committable_us(7).has_value());
  EXPECT_EQ(checkers::read_timeline(run.build()).committable_us(2), seconds(10));
}

}  // namespace
}  // namespace onceproof::tests
