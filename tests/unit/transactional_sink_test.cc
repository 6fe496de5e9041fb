// SPDX-License-Identifier: Apache-2.0
// The two-phase-commit sink against a log that answers when told: what is committed when, and what never is.
// Mirrors the cases of Flink's TwoPhaseCommitSinkFunctionTest and ExactlyOnceKafkaWriterITCase. Fencing has a test of
// its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/transactional_sink_under_test.h"

namespace onceproof::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using env::TransactionPhase;

// ---- pre-commit ----------------------------------------------------------------------------------------

TEST_F(TransactionalSinkTest, ASnapshotIsReadyOnlyWhenItsRecordsAreAcknowledgedAndThenItsTransactionIsFoundAlive) {
  open_granted();
  EXPECT_TRUE(opened);
  write("a");
  snapshot(1);
  EXPECT_THAT(acknowledged, IsEmpty());
  EXPECT_FALSE(log().waiting("describe p-0-1-0")) << "asked before the flush, the answer proves nothing";
  log().ok("append p-0-1-0/0");
  EXPECT_THAT(acknowledged, IsEmpty());
  log().alive("p-0-1-0");
  EXPECT_THAT(acknowledged, ElementsAre(1));
}

TEST_F(TransactionalSinkTest, ATransactionThatDiedUnnoticedIsNotCertified) {
  const auto dead = [&](TransactionPhase phase, uint16_t epoch, uint64_t producer) {
    context.failures.clear();
    log() = {};
    open_granted();
    write("a");
    snapshot(1);
    log().ok("append p-0-1-0/0");
    log().describe("p-0-1-0", phase, epoch, producer);
    EXPECT_EQ(context.failures.size(), 1u);
    EXPECT_FALSE(context.permanent) << "a restart writes it again";
    EXPECT_THAT(acknowledged, IsEmpty());
  };
  dead(TransactionPhase::aborted, 1, 7);   // timed out
  dead(TransactionPhase::aborting, 1, 7);  // just now
  dead(TransactionPhase::empty, 1, 7);     // fenced
  dead(TransactionPhase::ongoing, 1, 7);   // fenced, and somebody writes there
  dead(TransactionPhase::ongoing, 0, 8);   // the id has another producer
  dead(TransactionPhase::none, 0, 0);      // forgotten
}

TEST_F(TransactionalSinkTest, WithoutAnAnswerNothingIsCertified) {
  open_granted();
  write("a");
  snapshot(1);
  log().ok("append p-0-1-0/0");
  log().take("describe p-0-1-0").on_description(Error{ErrorCode::timed_out, "no answer"});
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_THAT(acknowledged, IsEmpty());
}

// The state of a checkpoint holds what earlier ones left pending: it certifies that again.
TEST_F(TransactionalSinkTest, WhatAFailedCheckpointLeftPendingMustBeAliveToo) {
  open_granted();
  pre_commit();
  log().grant("p-0-1-1");
  write("b");
  snapshot(2);
  log().ok("append p-0-1-1/0");
  log().alive("p-0-1-1");
  EXPECT_THAT(acknowledged, ElementsAre(1));
  log().describe("p-0-1-0", TransactionPhase::aborted, 1);
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_THAT(acknowledged, ElementsAre(1));
}

TEST_F(TransactionalSinkTest, WhatIsBeingCommittedMeanwhileNeedsNoProof) {
  open_granted();
  pre_commit();
  log().grant("p-0-1-1");
  write("b");
  snapshot(2);
  log().ok("append p-0-1-1/0");
  complete(1);
  log().ok("commit p-0-1-0");
  log().describe("p-0-1-0", TransactionPhase::committed);
  log().alive("p-0-1-1");
  EXPECT_THAT(acknowledged, ElementsAre(1, 2));
  EXPECT_THAT(context.failures, IsEmpty());
}

TEST_F(TransactionalSinkTest, AnEmptyTransactionIsNeitherPreCommittedNorCommitted) {
  open_granted();
  snapshot(1);
  EXPECT_THAT(acknowledged, ElementsAre(1));
  complete(1);
  EXPECT_THAT(committed, ElementsAre(1));
  EXPECT_EQ(hits(env::Point::sink_pre_commit), 0);
  EXPECT_THAT(log().history, ElementsAre("init p-0-1-0"));
}

TEST_F(TransactionalSinkTest, AFailedAppendFailsTheAttempt) {
  open_granted();
  write("a");
  snapshot(1);
  log().fail("append p-0-1-0/0", ErrorCode::timed_out);
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_THAT(acknowledged, IsEmpty());
}

// ---- commit --------------------------------------------------------------------------------------------

TEST_F(TransactionalSinkTest, ATransactionIsCommittedOnCompletionAndNotBefore) {
  open_granted();
  pre_commit();
  EXPECT_FALSE(log().waiting("commit p-0-1-0"));
  complete(1);
  EXPECT_THAT(committed, IsEmpty());
  log().ok("commit p-0-1-0");
  EXPECT_THAT(committed, ElementsAre(1));
}

TEST_F(TransactionalSinkTest, CompletionCommitsWhatEarlierCheckpointsLeftPendingAndNothingLater) {
  open_granted();
  for (uint64_t checkpoint = 1; checkpoint <= 3; ++checkpoint) {
    write("a");
    snapshot(checkpoint);
    log().ok("append p-0-1-" + std::to_string(checkpoint - 1) + "/0");
    log().grant("p-0-1-" + std::to_string(checkpoint));
  }
  complete(2);
  EXPECT_TRUE(log().waiting("commit p-0-1-0"));
  EXPECT_TRUE(log().waiting("commit p-0-1-1"));
  EXPECT_FALSE(log().waiting("commit p-0-1-2"));
  log().ok("commit p-0-1-1");
  EXPECT_THAT(committed, IsEmpty());
  log().ok("commit p-0-1-0");
  EXPECT_THAT(committed, ElementsAre(2));
}

TEST_F(TransactionalSinkTest, AnUnacknowledgedCommitStaysInLaterSnapshots) {
  open_granted();
  pre_commit();
  log().grant("p-0-1-1");
  complete(1);
  const Bytes state = snapshot(2);  // the commit's answer is still on its way
  log().history.clear();
  open(state);
  EXPECT_THAT(log().history, ElementsAre("commit p-0-1-0"));
}

TEST_F(TransactionalSinkTest, ACommitOfUnknownOutcomeFailsTheAttemptAndARestartRepeatsIt) {
  open_granted();
  pre_commit();
  complete(1);
  log().fail("commit p-0-1-0", ErrorCode::timed_out);
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_FALSE(context.permanent);
  EXPECT_EQ(hits(env::Point::sink_lost_transaction), 0);
}

// ---- opening and the end -------------------------------------------------------------------------------

TEST_F(TransactionalSinkTest, ARestoredSinkCommitsBeforeItFences) {
  open_granted();
  const Bytes state = pre_commit();
  log().grant("p-0-1-1");  // the transaction that was open when the attempt died
  log().history.clear();

  opened = false;
  context.task.generation = 3;
  open(state);
  EXPECT_THAT(log().history, ElementsAre("commit p-0-1-0"));
  log().ok("commit p-0-1-0");
  log().grant("p-0-1-1");  // lingering: its epoch rises, so it is aborted and fenced, and the search goes on
  log().grant("p-0-1-2");  // new: generation 1 opened no more
  EXPECT_EQ(context.fenced_calls, 1) << "the first attempt's";
  log().grant("p-0-2-0");  // generation 2 died before it opened any
  EXPECT_EQ(context.fenced_calls, 2);
  EXPECT_FALSE(opened);
  log().grant("p-0-3-0");
  EXPECT_TRUE(opened);
  EXPECT_THAT(log().history,
              ElementsAre("commit p-0-1-0", "init p-0-1-1", "init p-0-2-0", "init p-0-1-2", "init p-0-3-0"));
}

TEST_F(TransactionalSinkTest, AnAttemptThatIsNotTheFirstToAskForItsIdHasBeenSuperseded) {
  log().epochs["p-0-1-0"] = 0;  // a later attempt's fencing took it
  open_granted();
  EXPECT_FALSE(opened);
  ASSERT_EQ(context.failures.size(), 1u);
  EXPECT_THAT(context.failures[0], HasSubstr("superseded"));
}

TEST_F(TransactionalSinkTest, LaterIndexesAreClaimedInTheSameWay) {
  open_granted();
  log().epochs["p-0-1-1"] = 0;
  pre_commit();
  log().grant("p-0-1-1");
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_FALSE(log().waiting("init p-0-1-2"));
}

// A late copy of a request with an unknown outcome could fence the transaction even after its checkpoint completed.
TEST_F(TransactionalSinkTest, AnIdThatWasAskedForTwiceIsBurned) {
  open();
  log().fail_init("p-0-1-0", ErrorCode::timed_out);
  log().grant("p-0-1-0");
  EXPECT_FALSE(opened);
  log().grant("p-0-1-1");
  EXPECT_TRUE(opened);
  write("a");
  sink->flush();
  EXPECT_TRUE(log().waiting("append p-0-1-1/0"));
}

TEST_F(TransactionalSinkTest, AnIdThatWasAskedForTwiceAndExistedMayBeSomebodyElses) {
  open();
  log().fail_init("p-0-1-0", ErrorCode::connection_lost);
  log().epochs["p-0-1-0"] = 0;
  log().grant("p-0-1-0");
  EXPECT_FALSE(opened);
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_FALSE(log().waiting("init p-0-1-1"));
}

TEST_F(TransactionalSinkTest, ALogThatNeverAnswersExhaustsTheSinksPatience) {
  open();
  log().fail_init("p-0-1-0", ErrorCode::timed_out);
  EXPECT_THAT(context.failures, IsEmpty());
  context.world.now_us = context.task.sink.patience_us;
  log().fail_init("p-0-1-0", ErrorCode::timed_out);
  EXPECT_EQ(context.failures.size(), 1u);
}

TEST_F(TransactionalSinkTest, ACancelledSinkAbortsItsOpenTransactionAndLeavesThePreCommittedOne) {
  open_granted();
  pre_commit();
  log().grant("p-0-1-1");
  write("b");
  sink->flush();
  sink->close();
  EXPECT_TRUE(log().waiting("abort p-0-1-1"));
  EXPECT_FALSE(log().waiting("abort p-0-1-0"));
}

TEST_F(TransactionalSinkTest, NoTransactionIsOpenedAfterTheEndOfData) {
  open_granted();
  write("a");
  bool finished = false;
  sink->finish([&] { finished = true; });
  EXPECT_FALSE(finished) << "sent is not acknowledged";
  snapshot(1);
  log().ok("append p-0-1-0/0");
  EXPECT_TRUE(finished);
  EXPECT_TRUE(sink->available());
  EXPECT_THAT(log().history, ElementsAre("init p-0-1-0", "append p-0-1-0/0", "describe p-0-1-0"));
}

TEST_F(TransactionalSinkTest, TheEndWaitsForATransactionThatIsBeingOpened) {
  open_granted();
  pre_commit();
  bool finished = false;
  sink->finish([&] { finished = true; });
  EXPECT_FALSE(finished);
  log().grant("p-0-1-1");
  EXPECT_TRUE(finished);
}

TEST_F(TransactionalSinkTest, TakesNoInputBetweenTwoTransactions) {
  open_granted();
  EXPECT_FALSE(sink->has_unflushed());
  write("a");
  EXPECT_TRUE(sink->has_unflushed());
  snapshot(1);
  EXPECT_FALSE(sink->has_unflushed());
  EXPECT_FALSE(sink->available());
  log().grant("p-0-1-1");
  EXPECT_TRUE(sink->available());
  EXPECT_GT(context.resumed, 0);
}

}  // namespace
}  // namespace onceproof::tests
