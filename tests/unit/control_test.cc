// SPDX-License-Identifier: Apache-2.0
// Is a seed evidence? The weaker guarantees must have shown damage, and the exactly-once run must have met a fault while
// something was at stake, by the facts of its own history.
#include "checkers/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::control;
using checkers::Guarantee;
using checkers::Reference;
using checkers::Trial;
using checkers::trial_of;
using checkers::Verdict;
using testing::HasSubstr;

// Window [0 s, 10 s): the x2, cat; window [10 s, 20 s): the.
const Reference& small() {
  static const Reference reference(input_of({{{1, "the cat"}, {12, "the"}}, {{3, "the"}}}), word_count());
  return reference;
}

Trial trial(HistoryBuilder& run) {
  const History history = run.build();
  return trial_of(history, checkers::read_timeline(history));
}

Verdict with(Guarantee claimed, uint64_t lost, uint64_t duplicated, TimeUs struck_s = 17, uint32_t rewinds = 0) {
  Verdict verdict;
  verdict.claimed = claimed;
  verdict.counts.lost = lost;
  verdict.counts.duplicated = duplicated;
  verdict.trial.struck_us = {seconds(struck_s)};
  verdict.trial.rewinds = rewinds;
  return verdict;
}

TEST(Control, IsEffectiveWhenTheWeakerOnesShowDamageAndExactlyOnceWasHit) {
  const auto both = control(std::vector<Verdict>{with(Guarantee::at_most_once, 41, 0),
                                                 with(Guarantee::at_least_once, 0, 112),
                                                 with(Guarantee::exactly_once, 0, 0, 17, 1)});
  EXPECT_TRUE(both.effective);
  EXPECT_EQ(both.sentence,
            "under the same seed and faults at-most-once lost 41 and at-least-once doubled 112; exactly-once was put to "
            "the test: 1 restart with a rewind");
  EXPECT_EQ(both.reason, "exactly-once was put to the test: 1 restart with a rewind");
}

TEST(Control, SaysThatTheSameFaultsStrikeAtOtherInstants) {
  const auto later = control(std::vector<Verdict>{with(Guarantee::at_least_once, 0, 7, 24),
                                                  with(Guarantee::at_most_once, 0, 0, -1),
                                                  with(Guarantee::exactly_once, 0, 0, 34, 2)});
  EXPECT_TRUE(later.effective);
  EXPECT_THAT(later.sentence, HasSubstr("under the same seed and faults (which strike at other instants) "
                                        "at-least-once doubled 7, although at-most-once lost nothing"));
}

// Its only fault waits for a point that exactly-once never reaches.
TEST(Control, AFaultThatOnlyAWeakerStackCanMeetIsNoEvidence) {
  const auto missed = control(std::vector<Verdict>{with(Guarantee::at_most_once, 526, 0),
                                                   with(Guarantee::at_least_once, 0, 0, -1),
                                                   with(Guarantee::exactly_once, 0, 0, -1)});
  EXPECT_FALSE(missed.effective);
  EXPECT_THAT(missed.sentence, HasSubstr("at-most-once lost 526"));
  EXPECT_THAT(missed.reason, HasSubstr("exactly-once was not put to the test"));
}

TEST(Control, IsNoEvidenceWithoutDamageOrWithoutTheRunsThatCouldShowIt) {
  const auto none = control(std::vector<Verdict>{with(Guarantee::at_most_once, 0, 0), with(Guarantee::at_least_once, 0, 0),
                                                 with(Guarantee::exactly_once, 0, 0, 17, 1)});
  EXPECT_FALSE(none.effective);
  EXPECT_THAT(none.sentence, HasSubstr("this seed is no evidence for exactly-once"));
  const auto alone = control(std::vector<Verdict>{with(Guarantee::exactly_once, 0, 0, 17, 1)});
  EXPECT_FALSE(alone.effective);
  EXPECT_THAT(alone.sentence, HasSubstr("--guarantee at-most-once"));
  const auto weak = control(std::vector<Verdict>{with(Guarantee::at_most_once, 3, 0)});
  EXPECT_FALSE(weak.effective);
  EXPECT_EQ(weak.reason, "no run of this seed claims exactly-once");
}

// ---- what a run's faults met -----------------------------------------------------------------------------

TEST(Trial, NothingIsAtStakeWithoutAFault) {
  HistoryBuilder run;
  run.deployed(0).completed(2, 10).recovered(2, 2, 19);
  run.everything(small());
  EXPECT_FALSE(trial(run).any()) << "a restart that no fault explains is no trial";
}

TEST(Trial, ARestartIsARewindOnlyWhenMoreHadBeenRead) {
  HistoryBuilder run;
  run.deployed(0).completed(2, 10).crash(2, 17).recovered(2, 2, 19);
  run.everything(small());
  run.raw().checkpoints.back().triggered_us = seconds(9);
  run.raw().asked = {{{seconds(8), 3}}};
  EXPECT_FALSE(trial(run).any()) << "the checkpoint holds all that was read";
  run.raw().asked = {{{seconds(8), 3}, {seconds(12), 4}}};
  EXPECT_EQ(trial(run).rewinds, 1u);
  run.raw().faults.back().effective = false;
  EXPECT_FALSE(trial(run).any());
}

TEST(Trial, ATransactionThatWasUnderWayAndHadRecordsCounts) {
  HistoryBuilder run;
  run.deployed(0);
  run.transaction("sink-1-3", 0, 12);
  run.count("cat", 10, {at(0, 0, 1)});
  run.abort(19).crash(2, 17);
  EXPECT_EQ(trial(run).aborted, 1u);
  run.raw().outputs.clear();
  EXPECT_EQ(trial(run).aborted, 0u) << "nothing was in it";
}

TEST(Trial, APreCommittedTransactionThatIsCommittedBehindTheRestartCounts) {
  HistoryBuilder run;
  run.deployed(0);
  run.transaction("sink-1-3", 3, 12);
  run.everything(small()).completed(3, 17).crash(2, 17).recovered(2, 3, 19).commit(20);
  EXPECT_EQ(trial(run).recovered, 1u);
  HistoryBuilder early;
  early.deployed(0);
  early.transaction("sink-1-3", 3, 12);
  early.everything(small()).completed(3, 17).crash(2, 17).commit(18).recovered(2, 3, 19);
  EXPECT_EQ(trial(early).recovered, 0u) << "it was committed before anybody restarted";
}

}  // namespace
}  // namespace onceproof::tests
