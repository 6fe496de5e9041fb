// SPDX-License-Identifier: Apache-2.0
// A completed checkpoint against the offsets and the state that the disk holds for it: no fault and no restart is needed.
#include "checkers/cut.h"

#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Finding;
using checkers::Guarantee;
using checkers::Reference;
using checkers::StoredCheckpoint;

// Window 0 to 10 s: a, a; window 10 to 20 s: b; window 20 to 30 s: c.
const Reference& words() {
  static const Reference reference(input_of({{{1, "a"}, {2, "a"}, {11, "b"}, {21, "c"}}}), word_count());
  return reference;
}

StoredCheckpoint stored(uint64_t id, TimeUs at_s, int64_t offset, const std::vector<Position>& held) {
  StoredCheckpoint checkpoint;
  checkpoint.id = id;
  checkpoint.durable_us = seconds(at_s);
  checkpoint.offsets = {offset};
  checkpoint.state_known = true;
  checkpoint.held = held.size();
  for (const Position position : held) checkpoint.held_sum += checkers::mark_of(position);
  return checkpoint;
}

// Checkpoint 1: a, a and b are read, the window of a is out. Checkpoint 2: all is read, b is out. Checkpoint 3: c as well.
HistoryBuilder right() {
  HistoryBuilder run;
  run.raw().store_recorded = true;
  run.raw().stored = {stored(1, 15, 3, {at(0, 2)}), stored(2, 25, 4, {at(0, 3)}), stored(3, 35, 4, {})};
  const auto pre_committed = [&](uint64_t checkpoint, TimeUs at_s, const char* key, TimeUs end_s, Lineage lineage) {
    run.transaction("sink-" + std::to_string(checkpoint), checkpoint, at_s - 4);
    run.count(key, end_s, std::move(lineage)).at_us = seconds(at_s - 3);
    run.commit(at_s + 1);
  };
  pre_committed(1, 15, "a", 10, {at(0, 0), at(0, 1)});
  pre_committed(2, 25, "b", 20, {at(0, 2)});
  pre_committed(3, 35, "c", 30, {at(0, 3)});
  return run;
}

std::vector<Finding> findings_of(const HistoryBuilder& run) {
  const History history = run.build();
  std::vector<Finding> findings;
  check_cut(history, words(), checkers::check_delivery(history, words()), read_timeline(history), findings);
  return findings;
}

TEST(CutChecker, AcceptsCheckpointsThatHoldWhatIsReadAndNotYetOut) { EXPECT_TRUE(findings_of(right()).empty()); }

// The right records, counted for another word or another window: a restore would go on with them.
TEST(CutChecker, SeesStateThatIsCountedWhereItDoesNotBelong) {
  for (const auto& [key, end_s] : {std::pair("b", 20), std::pair("c", 20), std::pair("b", 30)}) {
    HistoryBuilder run = right();
    run.raw().stored[0].placed_sum = checkers::placed_mark_of(at(0, 2), checkers::place_of(key, seconds(end_s)));
    const bool belongs = key == std::string("b") && end_s == 20;
    EXPECT_EQ(count_of(findings_of(run), "wrong-state"), belongs ? 0u : 1u) << key << " " << end_s;
  }
}

// What was undecided when a checkpoint became durable is named by it, also what an earlier one pre-committed.
TEST(CutChecker, SeesACheckpointThatForgetsATransaction) {
  HistoryBuilder run = right();
  const std::vector<checkers::TransactionRecord> transactions = run.raw().transactions;
  for (size_t i = 0; i < 3; ++i) {
    run.raw().stored[i].pending_known = true;
    run.raw().stored[i].pending = {static_cast<int64_t>(transactions[i].producer_id)};
  }
  EXPECT_TRUE(findings_of(run).empty());
  run.raw().transactions[0].decided_us = seconds(26);  // checkpoint 2 must name it as well
  EXPECT_EQ(story_of(findings_of(run), "forgotten"),
            "checkpoint 2, durable at 25 s, does not name transaction \"sink-1\", which checkpoint 1 pre-committed: a "
            "restore would abort it");
  run.raw().stored[1].pending.push_back(static_cast<int64_t>(transactions[0].producer_id));
  EXPECT_TRUE(findings_of(run).empty());
}

TEST(CutChecker, SeesAResultOfWhatTheSourcesHadNotRead) {
  HistoryBuilder run = right();
  run.raw().stored[0].offsets = {1};  // the second a was counted all the same
  const std::vector<Finding> findings = findings_of(run);
  EXPECT_EQ(story_of(findings, "effect-before-cause"),
            "checkpoint 1 pre-committed a result with \"a\" from partition 0, offset 1, word 1, which its sources had "
            "not read: only checkpoint 2 had");
}

TEST(CutChecker, SeesStateOfWhatTheSourcesHadNotRead) {
  HistoryBuilder run = right();
  run.raw().stored[0] = stored(1, 15, 3, {at(0, 2), at(0, 3)});
  EXPECT_EQ(count_of(findings_of(run), "wrong-state"), 1u);
}

TEST(CutChecker, SeesStateThatWasLeftBehind) {
  HistoryBuilder run = right();
  run.raw().stored[0] = stored(1, 15, 3, {});
  EXPECT_EQ(story_of(findings_of(run), "wrong-state"),
            "the state of checkpoint 1 holds 0 words, but its sources had read 1 word that no transaction of it has; "
            "read last: \"b\" from partition 0, offset 2, word 1");
}

TEST(CutChecker, TellsEqualNumbersOfDifferentRecordsApart) {
  HistoryBuilder run = right();
  run.raw().stored[0] = stored(1, 15, 3, {at(0, 3)});
  EXPECT_EQ(count_of(findings_of(run), "wrong-state"), 1u);
}

TEST(CutChecker, SeesAResultInATransactionBehindTheOneThatMustHaveIt) {
  HistoryBuilder run = right();
  run.raw().stored[1] = stored(2, 25, 4, {});  // c is neither in the state nor in a transaction yet
  EXPECT_EQ(count_of(findings_of(run), "wrong-state"), 1u);
}

// What was pre-committed for a checkpoint that never completed belongs to the one that subsumes it.
TEST(CutChecker, PutsASubsumedTransactionUnderTheNextDurableCheckpoint) {
  HistoryBuilder run = right();
  run.raw().stored.erase(run.raw().stored.begin());
  EXPECT_TRUE(findings_of(run).empty());
}

TEST(CutChecker, SeesARecordThatReachedTheLogOnlyAfterItsCheckpoint) {
  HistoryBuilder run = right();
  run.raw().outputs[1].at_us = seconds(26);
  EXPECT_EQ(story_of(findings_of(run), "unflushed"),
            "\"b\"=\"1\" at sink partition 0, offset 1 reached the log at 26 s, but checkpoint 2, which certifies it, was "
            "durable at 25 s");
}

TEST(CutChecker, AsksNothingOfWeakerClaimsAndOfWhatIsNotRecorded) {
  HistoryBuilder weak = right();
  weak.raw().stored[0].offsets = {1};
  weak.raw().claimed = Guarantee::at_least_once;
  EXPECT_TRUE(findings_of(weak).empty());
  HistoryBuilder unknown = right();
  for (StoredCheckpoint& each : unknown.raw().stored) each.offsets.clear();
  EXPECT_TRUE(findings_of(unknown).empty());
  HistoryBuilder late = right();  // allowed lateness keeps what is out
  for (StoredCheckpoint& each : late.raw().stored) each.state_known = false;
  late.raw().stored[0].held = 7;
  EXPECT_TRUE(findings_of(late).empty());
}

}  // namespace
}  // namespace onceproof::tests
