// SPDX-License-Identifier: Apache-2.0
// Whole runs of what a claim is about: a condition that was broken, with what it cost, and a seed that is no evidence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkers/control.h"
#include "scenarios/search/seed_outcome.h"
#include "scenarios/search/worker.h"

namespace onceproof::scenarios {
namespace {

using checkers::Outcome;
using checkers::Verdict;
using testing::HasSubstr;

Session open(const std::string& name, std::vector<std::string> stacks = {}, std::vector<std::string> bugs = {}) {
  Request request;
  request.scenario = ONCEPROOF_SOURCE_DIR "/tests/scenario/" + name + ".json";
  request.stacks = std::move(stacks);
  request.bugs = std::move(bugs);
  Result<Session> session = Session::open(request);
  CHECK(session.ok(), session.error().message.c_str());
  return session.take();
}

std::vector<Verdict> verdicts_of(Session& session) {
  std::vector<Verdict> verdicts;
  const std::vector<RunPlan> plans = session.plans(1).take();
  for (const RunPlan& plan : plans) {
    verdicts.push_back(session.run(plan).value().report.verdict);
  }
  return verdicts;
}

TEST(BrokenCondition, IsNamedWithItsLengthAndItsCost) {
  Session session = open("slow_recovery", {"exactly-once"});
  const Verdict verdict = verdicts_of(session).front();
  EXPECT_EQ(verdict.claimed, checkers::Guarantee::exactly_once);
  EXPECT_EQ(verdict.outcome, Outcome::inconclusive);
  EXPECT_TRUE(verdict.findings.empty());
  ASSERT_EQ(verdict.breaches.size(), 1u) << "the point was not hit";
  const checkers::Breach& breach = verdict.breaches.front();
  EXPECT_EQ(breach.condition, "recovery");
  EXPECT_GT(breach.took_us, seconds(40));
  EXPECT_EQ(breach.lost, verdict.counts.lost);
  EXPECT_GT(breach.lost, 0u);
  EXPECT_THAT(verdict.why, HasSubstr("exactly-once is claimed while every recovery takes less than 15000 ms; the one after "
                                     "the crash of jobmanager at"));
}

// The same breach hides nothing else: what commits too early is found, whatever timed out.
TEST(BrokenCondition, IsNoExcuseForADefectBesideIt) {
  Session session = open("slow_recovery", {"exactly-once"}, {"commit-on-ack"});
  EXPECT_EQ(verdicts_of(session).front().outcome, Outcome::violated);
}

TEST(Control, AFaultThatExactlyOnceNeverMeetsIsNoEvidence) {
  Session session = open("control_weaker_only");
  const std::vector<Verdict> verdicts = verdicts_of(session);
  EXPECT_GT(verdicts.front().counts.lost, 0u) << "at-most-once must have met it";
  const checkers::Control control = checkers::control(verdicts);
  EXPECT_FALSE(control.effective);
  EXPECT_THAT(control.reason, HasSubstr("exactly-once was not put to the test"));
  EXPECT_FALSE(run_seed(session, 1).value().control_effective);
}

TEST(Control, AScenarioWithPartsOfItsOwnHasTheWeakerStacksBesideIt) {
  Session session = open("control_parts");
  std::vector<Verdict> verdicts = verdicts_of(session);
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_FALSE(checkers::control(verdicts).effective) << "alone it has no control";
  ASSERT_TRUE(add_control_runs(session, 1, verdicts).ok());
  ASSERT_EQ(verdicts.size(), 3u);
  const checkers::Control control = checkers::control(verdicts);
  EXPECT_TRUE(control.effective) << control.sentence;
  EXPECT_GT(verdicts.front().trial.rewinds, 0u);
  EXPECT_TRUE(run_seed(session, 1).value().control_effective);
  EXPECT_EQ(run_seed(session, 1).value().stacks.size(), 1u) << "they are run for the control alone";
}

}  // namespace
}  // namespace onceproof::scenarios
