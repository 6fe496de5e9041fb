// SPDX-License-Identifier: Apache-2.0
// The two-phase-commit sink against a log that answers when told: what is committed when, and what never is.
// Mirrors the cases of Flink's TwoPhaseCommitSinkFunctionTest and ExactlyOnceKafkaWriterITCase.
#include "runtime/connectors/transactional_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_env.h"

namespace onceproof::tests {
namespace {

using ::testing::ElementsAre;

class TransactionalSinkTest : public ::testing::Test {
 protected:
  TransactionalSinkTest() {
    context.task.sink.transactional_id_prefix = "p";
    context.task.sink.partitions = 1;
    context.task.generation = 1;
  }
  void open(ByteView restored = {}) {
    sink = std::make_unique<connectors::TransactionalSink>(context);
    sink->open(restored, [this] { opened = true; });
  }
  void write(const char* key) { sink->emit({key, "1", 0, {}}); }
  Bytes snapshot(uint64_t checkpoint) {
    Bytes state;
    sink->prepare_snapshot(checkpoint, state, [this, checkpoint] { acknowledged.push_back(checkpoint); });
    return state;
  }
  void complete(uint64_t checkpoint) {
    sink->checkpoint_complete(checkpoint, [this, checkpoint] { committed.push_back(checkpoint); });
  }
  FakeLog::Journal& log() { return context.world.log; }

  FakeContext context;
  std::unique_ptr<connectors::TransactionalSink> sink;
  bool opened = false;
  std::vector<uint64_t> acknowledged;
  std::vector<uint64_t> committed;
};

TEST_F(TransactionalSinkTest, ASnapshotIsReadyOnlyWhenTheLogHasAcknowledgedItsRecords) {
  open();
  log().grant("p-0-1-0");
  EXPECT_TRUE(opened);
  write("a");
  snapshot(1);
  EXPECT_TRUE(acknowledged.empty());
  log().ok("append p-0-1-0/0");
  EXPECT_THAT(acknowledged, ElementsAre(1));
}

TEST_F(TransactionalSinkTest, ATransactionIsCommittedOnCompletionAndNotBefore) {
  open();
  log().grant("p-0-1-0");
  write("a");
  snapshot(1);
  log().ok("append p-0-1-0/0");
  EXPECT_FALSE(log().waiting("commit p-0-1-0"));
  complete(1);
  EXPECT_TRUE(committed.empty());
  log().ok("commit p-0-1-0");
  EXPECT_THAT(committed, ElementsAre(1));
}

TEST_F(TransactionalSinkTest, CompletionCommitsWhatEarlierCheckpointsLeftPendingAndNothingLater) {
  open();
  log().grant("p-0-1-0");
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
}

TEST_F(TransactionalSinkTest, ARestoredSinkCommitsBeforeItAbortsWhatLingers) {
  open();
  log().grant("p-0-1-0");
  write("a");
  const Bytes state = snapshot(1);
  log().ok("append p-0-1-0/0");
  log().grant("p-0-1-1");  // the transaction that was open when the attempt died
  log().history.clear();

  opened = false;
  context.task.generation = 3;
  open(state);
  EXPECT_THAT(log().history, ElementsAre("commit p-0-1-0"));
  log().ok("commit p-0-1-0");
  log().grant("p-0-1-1");  // lingering: its epoch rises, so it is aborted and fenced, and the search goes on
  log().grant("p-0-1-2");  // new: generation 1 opened no more
  log().grant("p-0-2-0");  // generation 2 died before it opened any
  EXPECT_FALSE(opened);
  log().grant("p-0-3-0");
  EXPECT_TRUE(opened);
  EXPECT_THAT(log().history,
              ElementsAre("commit p-0-1-0", "init p-0-1-1", "init p-0-1-2", "init p-0-2-0", "init p-0-3-0"));
}

// A zombie that restores an older checkpoint late must not abort what a newer attempt writes or has pre-committed.
TEST_F(TransactionalSinkTest, ASinkNeverTouchesTransactionsOfLaterGenerations) {
  context.task.generation = 2;
  open();
  log().grant("p-0-1-0");
  log().grant("p-0-2-0");
  EXPECT_TRUE(opened);
  EXPECT_THAT(log().history, ElementsAre("init p-0-1-0", "init p-0-2-0"));
}

TEST_F(TransactionalSinkTest, ACancelledSinkAbortsItsOpenTransactionAndLeavesThePreCommittedOne) {
  open();
  log().grant("p-0-1-0");
  write("a");
  snapshot(1);
  log().ok("append p-0-1-0/0");
  log().grant("p-0-1-1");
  write("b");
  sink->flush();
  sink->close();
  EXPECT_TRUE(log().waiting("abort p-0-1-1"));
  EXPECT_FALSE(log().waiting("abort p-0-1-0"));
}

TEST_F(TransactionalSinkTest, AFencedCommitIsNeverTakenForDone) {
  open();
  log().grant("p-0-1-0");
  write("a");
  snapshot(1);
  log().ok("append p-0-1-0/0");
  complete(1);
  log().fail("commit p-0-1-0", ErrorCode::producer_fenced);
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_TRUE(committed.empty());
}

TEST_F(TransactionalSinkTest, AnUnacknowledgedCommitStaysInLaterSnapshots) {
  open();
  log().grant("p-0-1-0");
  write("a");
  snapshot(1);
  log().ok("append p-0-1-0/0");
  log().grant("p-0-1-1");
  complete(1);
  const Bytes state = snapshot(2);  // the commit's answer is still on its way
  log().history.clear();
  open(state);
  EXPECT_THAT(log().history, ElementsAre("commit p-0-1-0"));
}

TEST_F(TransactionalSinkTest, AnEmptyTransactionIsNeitherPreCommittedNorCommitted) {
  open();
  log().grant("p-0-1-0");
  snapshot(1);
  EXPECT_THAT(acknowledged, ElementsAre(1));
  complete(1);
  EXPECT_THAT(committed, ElementsAre(1));
  EXPECT_EQ(context.world.count(env::Point::sink_pre_commit), 0);
  EXPECT_THAT(log().history, ElementsAre("init p-0-1-0"));
}

TEST_F(TransactionalSinkTest, NoTransactionIsOpenedAfterTheEndOfData) {
  open();
  log().grant("p-0-1-0");
  write("a");
  sink->end_of_data();
  snapshot(1);
  log().ok("append p-0-1-0/0");
  EXPECT_TRUE(sink->available());
  EXPECT_THAT(log().history, ElementsAre("init p-0-1-0", "append p-0-1-0/0"));
}

TEST_F(TransactionalSinkTest, TakesNoInputBetweenTwoTransactions) {
  open();
  log().grant("p-0-1-0");
  write("a");
  snapshot(1);
  EXPECT_FALSE(sink->available());
  log().grant("p-0-1-1");
  EXPECT_TRUE(sink->available());
  EXPECT_GT(context.resumed, 0);
}

TEST_F(TransactionalSinkTest, AFailedAppendFailsTheAttempt) {
  open();
  log().grant("p-0-1-0");
  write("a");
  snapshot(1);
  log().fail("append p-0-1-0/0", ErrorCode::timed_out);
  EXPECT_EQ(context.failures.size(), 1u);
  EXPECT_TRUE(acknowledged.empty());
}

}  // namespace
}  // namespace onceproof::tests
