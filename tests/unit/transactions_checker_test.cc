// SPDX-License-Identifier: Apache-2.0
// The transactions checker, on hand-made histories of a transactional sink that break one rule each.
#include "checkers/transactions.h"

#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Finding;
using checkers::TransactionOutcome;

std::vector<Finding> findings_of(const HistoryBuilder& run, bool settled = true) {
  const History history = run.build();
  std::vector<Finding> findings;
  check_transactions(history, checkers::read_timeline(history), settled, findings);
  return findings;
}

// Two records in a transaction that this checkpoint pre-committed; still open, and no checkpoint has completed.
HistoryBuilder pre_committed_by(uint64_t checkpoint) {
  HistoryBuilder run;
  run.transaction("sink-0-1", checkpoint, 2);
  run.count("the", 10, {at(0, 0)}, 0);
  run.count("cat", 10, {at(0, 1)}, 1);
  return run;
}
HistoryBuilder pre_committed() { return pre_committed_by(1); }

TEST(TransactionsChecker, AcceptsACommitAfterItsCheckpointCompleted) {
  EXPECT_TRUE(findings_of(pre_committed().completed(1, 5).commit(6)).empty());
  EXPECT_TRUE(findings_of(pre_committed().completed(1, 5).commit(5)).empty());
}

TEST(TransactionsChecker, AcceptsAnAbortWhenTheCheckpointDidNotComplete) {
  EXPECT_TRUE(findings_of(pre_committed().aborted(1, 5).abort(9)).empty());
}

TEST(TransactionsChecker, SeesACommitBeforeItsCheckpointCompleted) {
  EXPECT_EQ(story_of(findings_of(pre_committed().completed(1, 5).commit(4)), "early-commit"),
            "transaction \"sink-0-1\" (epoch 0) of checkpoint 1, which completed only at 5 s, was committed at 4 s");
}

TEST(TransactionsChecker, SeesACommitOfACheckpointThatNeverCompleted) {
  EXPECT_EQ(story_of(findings_of(pre_committed().aborted(1, 5).commit(6)), "early-commit"),
            "transaction \"sink-0-1\" (epoch 0) of checkpoint 1, which never completed, was committed at 6 s");
}

// A notification of checkpoint 2 commits what the failed checkpoint 1 left pending: 2 contains it.
TEST(TransactionsChecker, AcceptsACommitThroughALaterCheckpoint) {
  EXPECT_TRUE(findings_of(pre_committed().aborted(1, 5).completed(2, 8).commit(9)).empty());
  EXPECT_EQ(count_of(findings_of(pre_committed().aborted(1, 5).completed(2, 8).commit(7)), "early-commit"), 1u);
}

TEST(TransactionsChecker, DoesNotTakeAnEarlierCheckpointForPermission) {
  EXPECT_EQ(count_of(findings_of(pre_committed_by(2).completed(1, 5).aborted(2, 7).commit(8)), "early-commit"), 1u);
}

// The store's answer was lost, the job manager recovered exactly this checkpoint: it was durable after all.
TEST(TransactionsChecker, AcceptsACommitOfACheckpointThatWasRestored) {
  HistoryBuilder run = pre_committed();
  run.aborted(1, 5).commit(9);
  run.event(8, "restore.begin", 0, 1);
  EXPECT_TRUE(findings_of(run).empty());
}

TEST(TransactionsChecker, SeesACommitThatNoCheckpointPreCommitted) {
  HistoryBuilder run;
  run.transaction("sink-0-1", 0, 2);
  run.commit(6);
  EXPECT_EQ(count_of(findings_of(run), "commit-without-pre-commit"), 1u);
}

TEST(TransactionsChecker, SeesALostCommit) {
  EXPECT_EQ(story_of(findings_of(pre_committed().completed(1, 5).abort(9)), "lost-commit"),
            "transaction \"sink-0-1\" (epoch 0) was pre-committed by checkpoint 1, which completed at 5 s, but was "
            "aborted at 9 s");
  HistoryBuilder expired = pre_committed().completed(1, 5).abort(9);
  expired.raw().transactions.back().timed_out = true;
  EXPECT_NE(story_of(findings_of(expired), "lost-commit").find("timed out at 9 s"), std::string::npos);
}

TEST(TransactionsChecker, SeesACommitThatNeverCame) {
  EXPECT_EQ(count_of(findings_of(pre_committed().completed(1, 5)), "lost-commit"), 1u);
  EXPECT_TRUE(findings_of(pre_committed().completed(1, 5), false).empty());  // the run is not over
}

TEST(TransactionsChecker, SeesTwoCommitsOfOneTransactionalIdForOneCheckpoint) {
  HistoryBuilder run = pre_committed().completed(1, 5).commit(6);
  run.transaction("sink-0-1", 1, 7);
  run.commit(9);
  EXPECT_EQ(count_of(findings_of(run), "double-commit"), 1u);

  HistoryBuilder verbatim = pre_committed().completed(1, 5).commit(6);  // the same one, told twice
  verbatim.raw().transactions.back().number = 1;
  verbatim.raw().transactions.push_back(checkers::TransactionRecord(verbatim.raw().transactions.back()));
  EXPECT_EQ(count_of(findings_of(verbatim), "double-commit"), 1u);
  run.raw().transactions.back().transactional_id = "sink-1-1";
  EXPECT_TRUE(findings_of(run).empty());
}

TEST(TransactionsChecker, SeesAHangingTransaction) {
  HistoryBuilder run = pre_committed();
  run.raw().quiescent = false;
  EXPECT_EQ(count_of(findings_of(run), "hanging"), 1u);
  EXPECT_TRUE(findings_of(run, false).empty());
  HistoryBuilder unmarked = pre_committed().completed(1, 5).commit(6);
  unmarked.raw().transactions.back().completed_us = -1;
  EXPECT_EQ(count_of(findings_of(unmarked), "hanging"), 0u) << "all markers are there; only the coordinator waits";
  unmarked.raw().quiescent = false;
  EXPECT_EQ(count_of(findings_of(unmarked), "hanging"), 1u);
}

TEST(TransactionsChecker, SeesATornTransaction) {
  HistoryBuilder hidden = pre_committed().completed(1, 5).commit(6);
  hidden.raw().outputs[1].visibility = Visibility::aborted;
  EXPECT_EQ(story_of(findings_of(hidden), "torn"),
            "transaction \"sink-0-1\" (epoch 0) was committed, yet its record "
            "\"cat\"=\"1\" at sink partition 1, offset 1 is not readable");
  HistoryBuilder leaked = pre_committed().aborted(1, 5).abort(6);
  leaked.raw().outputs[1].visibility = Visibility::committed;
  EXPECT_EQ(count_of(findings_of(leaked), "torn"), 1u);
}

TEST(TransactionsChecker, SeesARecordOutsideAnyTransaction) {
  HistoryBuilder run = pre_committed().completed(1, 5).commit(6);
  run.raw().outputs[0].visibility = Visibility::non_transactional;
  EXPECT_EQ(count_of(findings_of(run), "outside-transaction"), 1u);
}

TEST(TransactionsChecker, SeesACommittedRecordOfATransactionThatNobodyKnows) {
  HistoryBuilder run = pre_committed().completed(1, 5).commit(6);
  run.raw().transactions.clear();
  EXPECT_EQ(count_of(findings_of(run), "unknown-transaction"), 2u);

  HistoryBuilder numbered = pre_committed().completed(1, 5).commit(6);
  numbered.raw().transactions[0].number = 1;
  for (OutputRecord& output : numbered.raw().outputs) output.transaction = 2;
  EXPECT_EQ(count_of(findings_of(numbered), "unknown-transaction"), 2u);
}

// Two transactions of one producer under one epoch, told apart by their numbers.
TEST(TransactionsChecker, SeesATornTransactionWhereAnotherOfItsEpochEndedOtherwise) {
  HistoryBuilder run = pre_committed().completed(1, 5).commit(6);
  run.raw().transactions[0].number = 1;
  for (OutputRecord& output : run.raw().outputs) output.transaction = 1;
  checkers::TransactionRecord other = run.raw().transactions[0];
  other.number = 2;
  other.checkpoint = 0;
  other.outcome = TransactionOutcome::aborted;
  run.raw().transactions.push_back(other);
  EXPECT_TRUE(findings_of(run).empty());
  run.raw().outputs[1].transaction = 2;
  EXPECT_EQ(count_of(findings_of(run), "torn"), 1u);
}

// In the classic protocol a late copy of a request opens the id again, and the repeated commit of a restored sink ends
// that transaction as well: nobody wrote into it.
TEST(TransactionsChecker, AcceptsTheCommitOfATransactionThatNobodyWroteInto) {
  HistoryBuilder run = pre_committed().completed(1, 5).commit(6);
  run.raw().transactions[0].number = 1;
  for (OutputRecord& output : run.raw().outputs) output.transaction = 1;
  checkers::TransactionRecord ghost = run.raw().transactions[0];
  ghost.number = 2;
  ghost.checkpoint = 0;
  run.raw().transactions.push_back(ghost);
  EXPECT_TRUE(findings_of(run).empty());
  run.raw().outputs[1].transaction = 2;
  EXPECT_EQ(count_of(findings_of(run), "commit-without-pre-commit"), 1u);
}

}  // namespace
}  // namespace onceproof::tests
