// SPDX-License-Identifier: Apache-2.0
// What the read_committed reader was given, on hand-made histories that break one rule each.
#include "checkers/reads.h"

#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Finding;

// `undecided`: what check_reads() returns.
std::vector<Finding> findings_of(const HistoryBuilder& run, std::string* undecided = nullptr) {
  std::vector<Finding> findings;
  const checkers::History history = run.build();
  const std::string why = check_reads(history, checkers::read_timeline(history), findings);
  if (undecided != nullptr) *undecided = why;
  return findings;
}

// Three records of one transaction, the third in another partition; still open.
HistoryBuilder written() {
  HistoryBuilder run;
  run.transaction("sink-0-1", 1, 2);
  run.count("the", 10, {at(0, 0)}, 0);
  run.count("dog", 10, {at(0, 1)}, 0);
  run.count("cat", 10, {at(0, 2)}, 1);
  return run;
}
HistoryBuilder committed() { return written().completed(1, 5).commit(6); }

TEST(ReadsChecker, AcceptsEachRecordOnceInOrderAndAfterItsCommit) {
  HistoryBuilder run = committed();
  for (OutputRecord record : run.raw().outputs) {
    record.at_us = seconds(7);
    run.read(record);
  }
  for (OutputRecord& output : run.raw().outputs) output.decided_us = seconds(6);
  EXPECT_TRUE(findings_of(run).empty());
}

TEST(ReadsChecker, SeesAReadOfAnAbortedOrOpenTransaction) {
  for (const bool open : {false, true}) {
    HistoryBuilder run = written();
    if (!open) run.aborted(1, 5).abort(6);
    run.read(run.raw().outputs[0]);
    EXPECT_EQ(count_of(findings_of(run), "aborted-read"), 1u) << open;
  }
}

// It was committed in the end, so only the time tells.
TEST(ReadsChecker, SeesAReadBeforeTheCommit) {
  HistoryBuilder run = committed();
  for (OutputRecord& output : run.raw().outputs) output.decided_us = seconds(6);
  OutputRecord early = run.raw().outputs[0], late = run.raw().outputs[1];
  early.at_us = seconds(4);
  late.at_us = seconds(6);
  run.read(early).read(late);
  EXPECT_EQ(story_of(findings_of(run), "early-read"),
            "\"the\"=\"1\" at sink partition 0, offset 0 was seen by the read_committed reader at 4 s, before its "
            "transaction was committed at 6 s");
  EXPECT_EQ(count_of(findings_of(run), "early-read"), 1u);
}

TEST(ReadsChecker, SeesAReadThatVanishedOrChanged) {
  HistoryBuilder run = committed();
  for (const OutputRecord& output : std::vector<OutputRecord>(run.raw().outputs)) run.read(output);
  EXPECT_TRUE(findings_of(run).empty());
  HistoryBuilder changed = run;
  changed.raw().outputs[0].value = "2";
  EXPECT_EQ(count_of(findings_of(changed), "changed"), 1u);
  run.raw().outputs.erase(run.raw().outputs.begin());
  EXPECT_EQ(count_of(findings_of(run), "vanished"), 1u);
}

TEST(ReadsChecker, SeesARecordThatWasGivenTwice) {
  HistoryBuilder run = committed();
  const std::vector<OutputRecord> outputs = run.raw().outputs;
  run.read(outputs[0]).read(outputs[1]).read(outputs[0]).read(outputs[2]);
  EXPECT_EQ(count_of(findings_of(run), "repeated-read"), 1u);
  EXPECT_EQ(findings_of(run).size(), 1u);
}

TEST(ReadsChecker, SeesRecordsInTheWrongOrderWithinAPartitionOnly) {
  HistoryBuilder run = committed();
  const std::vector<OutputRecord> outputs = run.raw().outputs;
  HistoryBuilder apart = run;
  apart.read(outputs[2]).read(outputs[0]).read(outputs[1]);
  EXPECT_TRUE(findings_of(apart).empty());
  run.read(outputs[1]).read(outputs[0]).read(outputs[2]);
  EXPECT_EQ(count_of(findings_of(run), "backward-read"), 1u);
}

TEST(ReadsChecker, SeesACommittedRecordThatTheReaderWentPast) {
  HistoryBuilder run = committed();
  run.read(run.raw().outputs[1]).read(run.raw().outputs[2]);
  EXPECT_EQ(count_of(findings_of(run), "skipped-read"), 1u);
}

TEST(ReadsChecker, CannotDecideWhenTheReaderDidNotGetToTheEnd) {
  HistoryBuilder run = committed();
  run.read(run.raw().outputs[0]);
  std::string undecided;
  EXPECT_TRUE(findings_of(run, &undecided).empty());
  EXPECT_NE(undecided, "");
}

// Also of a sink without transactions: who read nothing has checked nothing.
TEST(ReadsChecker, CannotDecideWhenNothingOfAPlainSinkWasRead) {
  HistoryBuilder run;
  run.count("the", 10, {at(0, 0)}, 0);
  run.read_nothing();
  std::string undecided;
  findings_of(run, &undecided);
  EXPECT_NE(undecided, "");
}

}  // namespace
}  // namespace onceproof::tests
