// SPDX-License-Identifier: Apache-2.0
// The profiles at work: what a calm run must not show, and that no swarm breaks a claim.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "scenarios/search/session.h"

namespace onceproof::scenarios {
namespace {

Session open(const std::string& scenario, const std::string& profile) {
  Request request;
  request.scenario = scenario;
  request.profile = profile;
  auto session = Session::open(request);
  CHECK(session.ok(), session.error().message.c_str());
  return session.take();
}

class Catalogue : public testing::TestWithParam<const char*> {};

// The baseline: without a fault nothing restarts, nothing is aborted, nothing is lost under any guarantee.
TEST_P(Catalogue, NothingHappensByItselfInTheCalm) {
  Session session = open(GetParam(), "calm");
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const std::vector<RunPlan> plans = session.plans(seed).take();
    for (const RunPlan& plan : plans) {
      const checkers::RunReport report = std::move(session.run(plan).value().report);
      EXPECT_EQ(report.verdict.outcome, checkers::Outcome::valid) << session.reproduce(seed, plan.guarantee);
      EXPECT_EQ(report.verdict.observed, checkers::Guarantee::exactly_once) << session.reproduce(seed, plan.guarantee);
      EXPECT_EQ(report.history.restarts, 0u) << session.reproduce(seed, plan.guarantee);
      EXPECT_EQ(report.faults.armed, 0u);
    }
  }
}

TEST_P(Catalogue, NoSwarmBreaksAClaim) {
  Session session = open(GetParam(), "swarm");
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const std::vector<RunPlan> plans = session.plans(seed).take();
    for (const RunPlan& plan : plans) {
      const checkers::RunReport report = std::move(session.run(plan).value().report);
      EXPECT_NE(report.verdict.outcome, checkers::Outcome::violated)
          << session.reproduce(seed, plan.guarantee) << " " << report.verdict.evidence;
    }
  }
}

// What the reference expects is made of the input and of the pipeline: seeds of one session share it only when they share both.
TEST(ExtraStage, EachSeedOfASessionIsJudgedByItsOwnPipeline) {
  const std::string path = testing::TempDir() + "/extra-stage.json";
  std::ofstream(path) << R"({"name": "staged", "extra_stage": [0, 1], "input": {"generated": {"records": 200}, "span_ms": 8000},
      "pipeline": [{"source": "log"}, {"key_by": "value"}, {"window": {"tumbling_ms": 2000}}, {"aggregate": "count"},
                   {"sink": "log"}]})";
  Session session = open(path, "stock");
  std::set<size_t> lengths;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const RunPlan plan = session.plans(seed).take().back();
    lengths.insert(plan.pipeline.size());
    const checkers::RunReport report = std::move(session.run(plan).value().report);
    EXPECT_EQ(report.verdict.outcome, checkers::Outcome::valid) << seed << " " << report.verdict.evidence;
  }
  EXPECT_EQ(lengths.size(), 2u);
}

// The timeout is the only thing that is wrong: what the log gave up is lost and nothing is doubled, as is claimed; the
// stack without transactions loses nothing.
TEST(Expiry, ATimeoutBelowARecoveryLosesWhatItsTransactionsHeld) {
  Session session = open("expiry", "stock");
  uint64_t lost = 0;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const std::vector<RunPlan> plans = session.plans(seed).take();
    for (const RunPlan& plan : plans) {
      const checkers::RunReport report = std::move(session.run(plan).value().report);
      EXPECT_EQ(report.verdict.outcome, checkers::Outcome::valid) << session.reproduce(seed, plan.guarantee);
      if (plan.guarantee == "at-least-once") EXPECT_EQ(report.verdict.counts.lost, 0u) << seed;
      if (plan.guarantee != "exactly-once") continue;
      EXPECT_EQ(report.history.claimed, checkers::Guarantee::at_most_once);
      EXPECT_EQ(report.verdict.counts.duplicated, 0u) << seed;
      lost += report.verdict.counts.lost;
    }
  }
  EXPECT_GT(lost, 0u);
}

INSTANTIATE_TEST_SUITE_P(Profiles, Catalogue, testing::Values("word-count", "transform"), [](const auto& param) {
  return std::string(param.param) == "transform" ? "Transform" : "WordCount";
});

}  // namespace
}  // namespace onceproof::scenarios
