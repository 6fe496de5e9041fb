// SPDX-License-Identifier: Apache-2.0
// What is owed in calm time, on hand-made histories: each bound by itself, and what excuses a delay.
#include "checkers/progress.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Calm;
using checkers::Finding;
using checkers::Reference;

// Window [0 s, 10 s) from both partitions, window [10 s, 20 s) from the first.
const Reference& words() {
  static const Reference reference(input_of({{{1, "a"}, {12, "a"}, {25, "b"}}, {{3, "a"}, {26, "b"}}}), word_count());
  return reference;
}

std::vector<Finding> findings_of(const HistoryBuilder& run) {
  const History history = run.build();
  std::vector<Finding> findings;
  check_progress(history, words(), check_delivery(history, words()), read_timeline(history), Calm(history), findings);
  return findings;
}

// Everything in time: the sources were done with what lets window [0 s, 10 s) out at 14 s.
HistoryBuilder punctual() {
  HistoryBuilder run;
  checkers::History& history = run.raw();
  history.bounds = {.recovery_us = seconds(5),
                    .checkpoint_us = seconds(20),
                    .result_us = seconds(2),
                    .commit_us = seconds(3),
                    .read_us = seconds(1)};
  history.asked = {{{seconds(2), 1}, {seconds(13), 2}}, {{seconds(14), 1}, {seconds(14), 2}}};
  history.store_recorded = true;
  history.stored = {{1, seconds(15), -1, {}}, {2, seconds(30), -1, {}}, {3, seconds(45), -1, {}}};
  run.event(60, "job.status").text = "finished";
  run.transaction("sink-0-1", 1, 14).decided_us = -1;
  run.count("a", 10, {at(0, 0), at(1, 0)}).at_us = seconds(15);
  run.commit(16);
  for (OutputRecord& output : run.raw().outputs) output.decided_us = seconds(16);
  OutputRecord read = run.raw().outputs[0];
  read.at_us = seconds(16);
  return run.read(read);
}

TEST(ProgressChecker, AcceptsWhatComesInTime) { EXPECT_TRUE(findings_of(punctual()).empty()); }

TEST(ProgressChecker, SeesAResultLongAfterItWasDue) {
  HistoryBuilder run = punctual();
  run.raw().outputs[0].at_us = seconds(17);
  EXPECT_EQ(count_of(findings_of(run), "late-result"), 1u);
  EXPECT_EQ(story_of(findings_of(run), "late-result"),
            "the result for \"a\" in window [0 s, 10 s) was due at 14 s, when the source was done with all that lets it "
            "out, and came 3 s later, of which 3 s nothing excuses; the bound is 2 s");
}

// The source has not asked for more than lets the window out: it may still be on its way.
TEST(ProgressChecker, OwesNoResultOfWhatTheSourceIsNotDoneWith) {
  HistoryBuilder run = punctual();
  run.raw().outputs[0].at_us = seconds(59);
  run.raw().asked[1] = {{seconds(14), 1}};
  EXPECT_EQ(count_of(findings_of(run), "late-result"), 0u);
}

// Sources that begin again have forgotten how far event time had come: each needs a further record of every partition, and
// the last one of the first partition is read at 28 s only.
HistoryBuilder restarted_at(TimeUs at_s) {
  HistoryBuilder run = punctual();
  checkers::History& history = run.raw();
  history.claimed = checkers::Guarantee::exactly_once;
  history.asked[0].push_back({seconds(28), 3});
  history.asked[1] = {{seconds(14), 1}, {seconds(17), 2}};
  history.stored[0].offsets = {2, 1};
  run.deployed(0).recovered(1, 1, at_s);
  std::stable_sort(history.events.begin(), history.events.end(),
                   [](const checkers::Event& a, const checkers::Event& b) { return a.at_us < b.at_us; });
  return run;
}

TEST(ProgressChecker, AResultIsDueAnewAfterARestart) {
  HistoryBuilder run = restarted_at(15);
  run.raw().outputs[0].at_us = seconds(29);
  EXPECT_EQ(count_of(findings_of(run), "late-result"), 0u);
  run.raw().outputs[0].at_us = seconds(31);
  EXPECT_EQ(story_of(findings_of(run), "late-result"),
            "the result for \"a\" in window [0 s, 10 s) was due at 28 s, when the source was done with all that lets it "
            "out, and came 3 s later, of which 3 s nothing excuses; the bound is 2 s");
}

TEST(ProgressChecker, ARestartDoesNotExcuseAResultThatWasLateBefore) {
  HistoryBuilder run = restarted_at(22);
  run.raw().outputs[0].at_us = seconds(29);
  EXPECT_EQ(count_of(findings_of(run), "late-result"), 1u);
}

// Offsets that are committed before the records are processed: the batch that was committed then is not read again.
TEST(ProgressChecker, AResultIsDueAnewBehindWhatWasCommittedBeforeItWasProcessed) {
  HistoryBuilder run = restarted_at(15);
  run.raw().claimed = checkers::Guarantee::at_most_once;
  run.raw().stored.clear();
  run.raw().asked = {{{seconds(13), 1}, {seconds(16), 2}, {seconds(28), 3}}, {{seconds(14), 1}, {seconds(14), 2}}};
  run.raw().outputs[0].at_us = seconds(29);
  EXPECT_EQ(count_of(findings_of(run), "late-result"), 0u);
  run.raw().outputs[0].at_us = seconds(31);
  EXPECT_EQ(count_of(findings_of(run), "late-result"), 1u);
}

TEST(ProgressChecker, WaitsForWhatMayComeOutOfOrder) {
  HistoryBuilder run = punctual();
  run.raw().outputs[0].at_us = seconds(17);
  run.raw().out_of_orderness_us = seconds(3);  // a timestamp of 12 s no longer lets the window out
  EXPECT_EQ(count_of(findings_of(run), "late-result"), 0u);
}

TEST(ProgressChecker, SeesALongTimeWithoutACheckpoint) {
  HistoryBuilder run = punctual();
  run.raw().stored.erase(run.raw().stored.begin() + 1);
  EXPECT_EQ(story_of(findings_of(run), "checkpoint-gap"),
            "no checkpoint completed between 15 s and 45 s, although nothing excuses 30 s of that; the bound is 20 s");
  run.raw().stored.clear();
  EXPECT_EQ(count_of(findings_of(run), "checkpoint-gap"), 1u);
}

// A job manager that comes back after the end says again that the job has finished (transform, stock, seed 0x7545).
TEST(ProgressChecker, OwesNoCheckpointToAJobThatHasFinished) {
  HistoryBuilder run = punctual();
  run.event(200, "job.status").text = "finished";
  run.raw().ended_us = seconds(210);
  EXPECT_EQ(count_of(findings_of(run), "checkpoint-gap"), 0u);
}

TEST(ProgressChecker, SeesACommitLongAfterItsCheckpoint) {
  HistoryBuilder run = punctual();
  run.raw().transactions[0].decided_us = seconds(19);
  EXPECT_EQ(count_of(findings_of(run), "late-commit"), 1u);
}

TEST(ProgressChecker, SeesAReaderThatIsLetToWait) {
  HistoryBuilder run = punctual();
  run.raw().observed[0].at_us = seconds(18);
  EXPECT_EQ(count_of(findings_of(run), "late-read"), 1u);
}

// An open transaction before it holds the reader, whatever its own fate.
TEST(ProgressChecker, LetsTheReaderWaitForTransactionsThatBeganBefore) {
  HistoryBuilder run = punctual();
  OutputRecord before = run.raw().outputs[0];
  before.offset = -1;
  before.visibility = checkers::Visibility::aborted;
  before.at_us = seconds(1);
  before.decided_us = seconds(18);
  run.raw().outputs.push_back(before);
  run.raw().observed[0].at_us = seconds(18);
  EXPECT_EQ(count_of(findings_of(run), "late-read"), 0u);
}

// What the job has to recover from is no excuse for a reader, once the log has had its own time.
TEST(ProgressChecker, LetsNoReaderWaitForARecoveryOfTheJob) {
  for (const TimeUs log_recovery_s : {0, 20, 40}) {
    HistoryBuilder run = punctual();
    run.raw().bounds.recovery_us = seconds(60);
    run.raw().bounds.log_recovery_us = seconds(log_recovery_s);
    run.raw().faults.push_back({"crash", "", true, true, seconds(1), seconds(2)});
    run.raw().observed.back().at_us = run.raw().outputs.back().at_us + seconds(40);
    EXPECT_EQ(count_of(findings_of(run), "late-read"), log_recovery_s == 20 ? 1u : 0u) << log_recovery_s;
  }
}

// What a fault, a restart or a slow world took is not counted, nor the recovery behind it.
TEST(ProgressChecker, CountsCalmTimeOnly) {
  for (const int excuse : {0, 1, 2}) {
    HistoryBuilder run = punctual();
    run.raw().stored.erase(run.raw().stored.begin() + 1);
    if (excuse == 0) run.raw().faults.push_back({"pause", "", true, true, seconds(20), seconds(24)});
    if (excuse == 1) run.event(20, "job.restart");
    if (excuse == 2) run.raw().slow.push_back({seconds(20), seconds(24)});
    EXPECT_EQ(count_of(findings_of(run), "checkpoint-gap"), excuse == 1 ? 1u : 0u) << excuse;
    run.raw().bounds.recovery_us = seconds(11);
    EXPECT_EQ(count_of(findings_of(run), "checkpoint-gap"), 0u) << excuse;
    run.raw().bounds.recovery_us = 0;
    EXPECT_EQ(count_of(findings_of(run), "checkpoint-gap"), 1u) << excuse;
  }
}

TEST(Calm, MergesWhatOverlaps) {
  HistoryBuilder run;
  run.raw().slow = {{seconds(10), seconds(20)}, {seconds(15), seconds(18)}, {seconds(30), seconds(31)}};
  run.raw().faults.push_back({"pause", "", true, true, seconds(5), seconds(12)});
  run.raw().faults.push_back({"pause", "", false, false, -1, -1});
  const Calm calm(run.build());
  // A disturbance excuses as much again behind it: [5, 30] and [30, 32].
  EXPECT_EQ(calm.between(0, seconds(5)), seconds(5));
  EXPECT_EQ(calm.between(0, seconds(32)), seconds(5));
  EXPECT_EQ(calm.between(seconds(7), seconds(40)), seconds(8));
  EXPECT_EQ(calm.between(seconds(40), seconds(39)), 0);
}

}  // namespace
}  // namespace onceproof::tests
