// SPDX-License-Identifier: Apache-2.0
// Damage and restarts that nothing explains are findings at every claim.
#include "checkers/causes.h"

#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Finding;
using checkers::Guarantee;
using checkers::Reference;

// A record that could be read from 1 s on and one from 40 s on.
const Reference& records() {
  static const Reference reference = [] {
    auto input = input_of({{{1, "a"}, {40, "b"}}});
    auto seen = std::make_shared<checkers::Input>(*input);
    seen->partitions[0][0].visible_us = seconds(1);
    seen->partitions[0][1].visible_us = seconds(40);
    return Reference(std::move(seen), transform());
  }();
  return reference;
}

HistoryBuilder run_that_wrote(bool first, bool second, Guarantee claimed = Guarantee::none) {
  HistoryBuilder run(claimed);
  run.raw().bounds.detection_us = seconds(10);
  run.raw().bounds.checkpoints_fail_us = seconds(30);
  run.raw().bounds.loss_us = seconds(5);
  run.deployed(0);
  if (first) run.output("", "processed_a", seconds(1), {at(0, 0)}).at_us = seconds(2);
  if (second) run.output("", "processed_b", seconds(40), {at(0, 1)}).at_us = seconds(41);
  return run;
}

std::vector<Finding> findings_of(const HistoryBuilder& run) {
  const History history = run.build();
  std::vector<Finding> findings;
  check_causes(history, records(), check_delivery(history, records()), read_timeline(history), true, findings);
  return findings;
}

TEST(CausesChecker, SeesALossWhereNothingHappened) {
  for (const Guarantee claimed : {Guarantee::none, Guarantee::at_most_once}) {
    EXPECT_EQ(count_of(findings_of(run_that_wrote(true, false, claimed)), "unexplained-loss"), 1u);
  }
  EXPECT_TRUE(findings_of(run_that_wrote(true, true)).empty());
}

TEST(CausesChecker, ExplainsALossByWhatHappenedSinceTheRecordWasThere) {
  HistoryBuilder run = run_that_wrote(false, false);
  run.crash(1, 20);  // over at 22 s
  EXPECT_EQ(count_of(findings_of(run), "unexplained-loss"), 1u) << "the second appeared long after the crash";
  run.crash(1, 36);
  EXPECT_TRUE(findings_of(run).empty());
}

TEST(CausesChecker, SeesADuplicateWithoutASecondDeployment) {
  HistoryBuilder run = run_that_wrote(true, true);
  run.output("", "processed_a", seconds(1), {at(0, 0)}).at_us = seconds(30);
  run.crash(1, 20);
  EXPECT_EQ(count_of(findings_of(run), "unexplained-duplicate"), 1u);
  HistoryBuilder explained = run;
  explained.event(25, "restore.begin");
  EXPECT_TRUE(findings_of(explained).empty());
  HistoryBuilder late = run;
  late.event(31, "restore.begin");
  EXPECT_EQ(count_of(findings_of(late), "unexplained-duplicate"), 1u);
}

TEST(CausesChecker, SeesARestartThatNothingExplains) {
  HistoryBuilder run = run_that_wrote(true, true);
  run.event(20, "job.restart").text = "a failure of its own";
  EXPECT_EQ(story_of(findings_of(run), "unexplained-restart"),
            "the job was restarted at 20 s (a failure of its own), although nothing had happened in the 10 s before");
  HistoryBuilder slow = run;
  slow.raw().slow.push_back({seconds(9), seconds(11)});
  EXPECT_TRUE(findings_of(slow).empty());
  run.crash(1, 7);  // over at 9 s
  EXPECT_EQ(findings_of(run).size(), 1u);
}

// Checkpoints that fail one after the other take their time.
TEST(CausesChecker, LooksFurtherBackFromCheckpointsThatFailed) {
  HistoryBuilder run = run_that_wrote(true, true);
  run.event(38, "job.restart").reason = checkers::RestartReason::checkpoints;
  run.crash(1, 7);
  EXPECT_TRUE(findings_of(run).empty());
}

TEST(CausesChecker, JudgesNoRestartAndNoLossWithoutBounds) {
  HistoryBuilder run = run_that_wrote(true, false);
  run.raw().bounds = {};
  run.event(20, "job.restart");
  EXPECT_TRUE(findings_of(run).empty());
}

}  // namespace
}  // namespace onceproof::tests
