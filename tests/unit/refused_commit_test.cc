// SPDX-License-Identifier: Apache-2.0
// The two-phase-commit sink and a log that refuses a commit: done before, lost, or said by one that does not know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/transactional_sink_under_test.h"

namespace onceproof::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using env::TransactionPhase;
using RefusedCommitTest = TransactionalSinkTest;

// A refusal says "done" or "gone": what the log knows of the id decides.
TEST_F(RefusedCommitTest, ARefusedCommitThatTheLogKnowsAsCommittedIsDone) {
  for (const auto& [phase, epoch] : {std::pair{TransactionPhase::committed, 1}, {TransactionPhase::committing, 0}}) {
    log() = {};
    committed.clear();
    open_granted();
    pre_commit();
    complete(1);
    log().fail("commit p-0-1-0", ErrorCode::producer_fenced);
    EXPECT_THAT(committed, IsEmpty());
    log().describe("p-0-1-0", phase, static_cast<uint16_t>(epoch));
    EXPECT_THAT(committed, ElementsAre(1));
    EXPECT_THAT(context.failures, IsEmpty());
  }
}

TEST_F(RefusedCommitTest, ALostTransactionEndsTheJobWithTheReason) {
  const auto lost = [&](ErrorCode refusal, TransactionPhase phase, uint16_t epoch, const char* why) {
    context.failures.clear();
    context.permanent = false;
    log() = {};
    open_granted();
    pre_commit();
    complete(1);
    log().fail("commit p-0-1-0", refusal);
    log().describe("p-0-1-0", phase, epoch);
    ASSERT_EQ(context.failures.size(), 1u);
    EXPECT_THAT(context.failures[0], HasSubstr("transaction \"p-0-1-0\" (epoch 0) of checkpoint 1 is lost: "));
    EXPECT_THAT(context.failures[0], HasSubstr(why));
    EXPECT_TRUE(context.permanent);
    EXPECT_THAT(committed, IsEmpty());
  };
  lost(ErrorCode::producer_fenced, TransactionPhase::aborted, 1, "timed out");
  lost(ErrorCode::invalid_txn_state, TransactionPhase::aborting, 1, "timed out");
  lost(ErrorCode::invalid_producer_epoch, TransactionPhase::empty, 2, "fenced");
}

// A coordinator that was replaced and does not know it answers from the past: only what is said for long is believed.
TEST_F(RefusedCommitTest, ALogThatDoesNotKnowTheTransactionIsAskedAgainBeforeItIsBelieved) {
  open_granted();
  pre_commit();
  complete(1);
  const auto refused = [&](TransactionPhase phase) {
    log().fail("commit p-0-1-0", ErrorCode::invalid_producer_id_mapping);
    log().describe("p-0-1-0", phase, 0);
  };
  const auto retries = [&] {
    return std::count_if(context.world.posted.begin(), context.world.posted.end(),
                         [](const Posted& posted) { return posted.kind == env::MailKind::sink_retry; });
  };
  refused(TransactionPhase::none);
  EXPECT_EQ(retries(), 1);
  EXPECT_THAT(context.failures, IsEmpty());
  sink->retry();
  refused(TransactionPhase::empty);
  EXPECT_EQ(retries(), 2);
  context.world.now_us = context.task.sink.patience_us;
  sink->retry();
  refused(TransactionPhase::none);
  ASSERT_EQ(context.failures.size(), 1u);
  EXPECT_THAT(context.failures[0], HasSubstr("is lost: the log no longer knows its id"));
  EXPECT_TRUE(context.permanent);
}

TEST_F(RefusedCommitTest, ALogThatKnowsTheTransactionAgainCommitsIt) {
  open_granted();
  pre_commit();
  complete(1);
  log().fail("commit p-0-1-0", ErrorCode::invalid_producer_id_mapping);
  log().describe("p-0-1-0", TransactionPhase::none, 0);
  sink->retry();
  log().ok("commit p-0-1-0");
  EXPECT_THAT(committed, ElementsAre(1));
  EXPECT_THAT(context.failures, IsEmpty());
}

TEST_F(RefusedCommitTest, ARefusalOfATransactionThatStillLivesIsNoLoss) {
  open_granted();
  pre_commit();
  complete(1);
  log().fail("commit p-0-1-0", ErrorCode::invalid_txn_state);
  log().alive("p-0-1-0");
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_FALSE(context.permanent);
}

TEST_F(RefusedCommitTest, WithTheOtherPolicyTheLossIsStatedAndTheJobGoesOn) {
  context.task.sink.lost_transaction = graph::LostTransaction::go_on;
  open_granted();
  const Bytes state = pre_commit();
  log().grant("p-0-1-1");
  context.task.generation = 2;
  opened = false;
  open(state);
  log().fail("commit p-0-1-0", ErrorCode::producer_fenced);
  log().describe("p-0-1-0", TransactionPhase::aborted, 1);
  EXPECT_THAT(context.failures, IsEmpty());
  EXPECT_EQ(hits(env::Point::sink_lost_transaction), 1);
  EXPECT_THAT(context.world.hits.back().text, HasSubstr("of checkpoint 1 is lost: it timed out"));
  log().grant("p-0-1-1");
  log().grant("p-0-1-2");
  log().grant("p-0-2-0");
  EXPECT_TRUE(opened);
}

}  // namespace
}  // namespace onceproof::tests
