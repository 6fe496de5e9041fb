// SPDX-License-Identifier: Apache-2.0
// The one reading of a history's events: restarts with their causes, outages, checkpoints, and whose transaction a record is.
#include "checkers/timeline.h"

#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Blow;
using checkers::Outage;
using checkers::Timeline;

TEST(Timeline, NamesTheBlowThatMadeARestartNecessary) {
  HistoryBuilder run;
  run.deployed(0).crash(2, 17);
  run.event(18, "job.restart").text = "task manager lost: heartbeat timed out";
  run.recovered(2, 3, 19);
  const History history = run.build();
  const Timeline timeline = read_timeline(history);
  ASSERT_EQ(timeline.restarts.size(), 1u);
  const checkers::Restart& restart = timeline.restarts[0];
  EXPECT_EQ(restart.cause.blow, Blow::crash);
  EXPECT_EQ(restart.cause.process, 2u);
  EXPECT_EQ(restart.checkpoint, 3u);
  EXPECT_EQ(restart.torn_down_us, seconds(18));
  EXPECT_EQ(cause_text(history, restart.cause), "the crash of taskmanager-1 at 17 s");
  EXPECT_EQ(timeline.restarts_before(seconds(18)), 0u);
  EXPECT_EQ(timeline.restarts_before(seconds(19)), 1u);
}

TEST(Timeline, KeepsTheCausesOfTwoRestartsApart) {
  HistoryBuilder run;
  run.deployed(0).crash(2, 5).recovered(2, 1, 7);
  run.event(20, "job.restart").text = "a pre-commit failed";
  run.event(21, "restore.begin", 0, 2);
  const History history = run.build();
  const Timeline timeline = read_timeline(history);
  ASSERT_EQ(timeline.restarts.size(), 2u);
  EXPECT_EQ(cause_text(history, timeline.restarts[0].cause), "the crash of taskmanager-1 at 5 s");
  EXPECT_EQ(cause_text(history, timeline.restarts[1].cause), "the failure at 20 s (a pre-commit failed)");
}

TEST(Timeline, CallsTheLossOfATaskManagerByWhatCutItOff) {
  HistoryBuilder run;
  run.deployed(0);
  run.event(10, "network.partition", 1).text = "jobmanager";
  run.event(18, "task-manager.lost").value = 1;
  run.event(19, "restore.begin", 0, 0);
  run.event(25, "network.heal", 1).text = "jobmanager";
  const History history = run.build();
  const Timeline timeline = read_timeline(history);
  ASSERT_EQ(timeline.restarts.size(), 1u);
  EXPECT_EQ(timeline.restarts[0].cause.blow, Blow::partition);
  EXPECT_EQ(timeline.restarts[0].cause.at_us, seconds(10));
  ASSERT_EQ(timeline.outages.size(), 1u);
  EXPECT_EQ(timeline.outages[0].kind, Outage::Kind::cut);
  EXPECT_EQ(timeline.outages[0].until_us, seconds(25));
}

TEST(Timeline, RegionsThatAreDeployedAtOneInstantAreOneRestart) {
  HistoryBuilder run;
  run.deployed(0).deployed(0).crash(2, 5);
  run.event(8, "restore.begin", 0, 1);
  run.event(8, "restore.begin", 0, 1);
  EXPECT_EQ(read_timeline(run.build()).restarts.size(), 1u);
}

TEST(Timeline, KnowsWhenACheckpointOrOneThatSubsumesItWasDurable) {
  HistoryBuilder run;
  run.aborted(1, 5).completed(2, 10).completed(4, 20);
  run.transaction("sink-0", 2, 8);
  run.commit(11);
  const Timeline timeline = read_timeline(run.build());
  EXPECT_FALSE(timeline.durable_us(1).has_value());
  EXPECT_EQ(timeline.committable_us(1), seconds(10));
  EXPECT_EQ(timeline.committable_us(3), seconds(20));
  EXPECT_FALSE(timeline.committable_us(5).has_value());
  EXPECT_EQ(timeline.checkpoint(2)->committed_us, seconds(11));
}

TEST(TransactionIndex, NamesTheTransactionOfAMarkerAndNoneWhereSeveralMayBeMeant) {
  HistoryBuilder run;
  run.transaction("a", 1, 1).number = 1;
  run.transaction("a", 2, 2).number = 2;
  for (checkers::TransactionRecord& each : run.raw().transactions) each.producer_id = 7;
  const History history = run.build();
  const checkers::TransactionIndex index(history);
  EXPECT_EQ(index.find(7, 0, 2).transaction, 1u);
  EXPECT_FALSE(index.find(7, 0).transaction.has_value());
  EXPECT_TRUE(index.find(7, 0).known);
  EXPECT_FALSE(index.find(7, 0, 3).known);
  EXPECT_FALSE(index.find(8, 0).known);
}

}  // namespace
}  // namespace onceproof::tests
