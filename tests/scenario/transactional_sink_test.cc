// SPDX-License-Identifier: Apache-2.0
// The transactional sink in a whole cluster: late attempts, transactions that die, late copies of requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkers/judge.h"
#include "scenarios/plan/draw.h"
#include "scenarios/plan/language.h"
#include "scenarios/run/runner.h"

namespace onceproof::scenarios {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kWordCount =
    R"("pipeline": [{"source": "log"}, {"split": "words"}, {"key_by": "value"}, {"window": {"tumbling_ms": 10000}},
                    {"aggregate": "count"}, {"sink": "log"}],)";
constexpr const char* kTransform = R"("pipeline": [{"source": "log"}, {"map": {"prefix": "processed_"}},
                                                   {"sink": "log"}],)";

checkers::RunReport run(const std::string& members, uint64_t seed, Guarantee guarantee = Guarantee::exactly_once) {
  const auto scenario = parse_scenario(
      R"({"name": "x", "input": {"text": "default", "partitions": 4, "span_ms": 60000}, "parallelism": 2,
          "checkpoint": {"interval_ms": 5000, "timeout_ms": 60000, "tolerable_failures": 2},)" +
          members + "}",
      "x.json");
  CHECK(scenario.ok(), scenario.error().message.c_str());
  const auto drawn = draw_plan(scenario.value(), seed);
  CHECK(drawn.ok(), drawn.error().message.c_str());
  const RunPlan plan = with_stack(drawn.value(), checkers::to_string(guarantee), stack_for(guarantee));
  const auto input = prepare_input(plan);
  CHECK(input.ok(), input.error().message.c_str());
  return run_plan(plan, input.value()).report;
}

std::vector<checkers::Event> events(const checkers::RunReport& report, std::string_view name) {
  std::vector<checkers::Event> found;
  for (const checkers::Event& event : report.history.events) {
    if (name == event.point && !event.before) found.push_back(event);
  }
  return found;
}

// ---- a zombie opens nothing ----------------------------------------------------------------------------

// A whole generation of tasks is deployed 4.5 s late, beside the one that replaced it.
constexpr const char* kLateZombie =
    R"("faults": [{"kind": "delay", "mail": "deploy-task", "target": "jobmanager", "count": 4, "at_ms": 0,
                   "delay_ms": 4500},
                  {"kind": "crash", "target": "taskmanager-1", "at_ms": 1500, "restart_after_ms": 500})";

TEST(Zombie, OfAGenerationThatWasReplacedOpensNoTransaction) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const auto report = run(kWordCount + std::string(kLateZombie) + "]", seed);
    EXPECT_EQ(report.verdict.outcome, checkers::Outcome::valid) << seed << " " << report.verdict.evidence;
    for (const checkers::TransactionRecord& transaction : report.history.transactions) {
      EXPECT_EQ(transaction.epoch, 0u) << transaction.transactional_id << ": only the first to ask may write";
      EXPECT_LT(transaction.completed_us - transaction.begun_us, seconds(15)) << "it starves committed readers";
    }
  }
}

TEST(Zombie, LeavesNothingBehindWhenItsProcessCrashes) {
  for (const uint64_t seed : {1, 4, 10}) {
    const auto report = run(kWordCount + std::string(kLateZombie) +
                                R"(, {"kind": "crash", "target": "taskmanager-0", "at_ms": 62000,
                                      "restart_after_ms": 500}])",
                            seed);
    EXPECT_EQ(report.verdict.outcome, checkers::Outcome::valid) << seed << " " << report.verdict.evidence;
  }
}

// ---- a transaction dies --------------------------------------------------------------------------------

// Both task managers die just before the first commit and stay away for longer than a transaction lives.
std::string outage(const std::string& policy) {
  return kWordCount +
         (R"("transaction_timeout_ms": 11000, "sink": {"lost_transaction": ")" + policy + R"("},
             "faults": [{"kind": "crash", "target": "taskmanager-0", "at": "sink.commit", "when": "before", "nth": 1,
                         "restart_after_ms": 30000},
                        {"kind": "crash", "target": "taskmanager-1", "at": "sink.commit", "when": "before", "nth": 1,
                         "restart_after_ms": 30000}])");
}

TEST(LostTransaction, EndsTheJobAtOnceAndSaysWhy) {
  for (const uint64_t seed : {1, 3}) {
    const auto report = run(outage("fail-job"), seed);
    EXPECT_EQ(report.history.job, checkers::JobStatus::failed) << seed;
    EXPECT_THAT(report.history.job_reason,
                AllOf(HasSubstr("transaction \"onceproof-"), HasSubstr("of checkpoint"), HasSubstr("it timed out")));
    EXPECT_LE(report.history.restarts, 3u) << seed;
  }
}

TEST(LostTransaction, IsStatedWhereTheJobGoesOn) {
  for (const uint64_t seed : {1, 3}) {
    const auto report = run(outage("continue"), seed);
    EXPECT_EQ(report.history.job, checkers::JobStatus::finished) << seed << " " << report.verdict.evidence;
    const auto stated = events(report, "sink.lost-transaction");
    ASSERT_FALSE(stated.empty()) << seed;
    EXPECT_THAT(std::string(stated.front().text), HasSubstr("is lost: it timed out"));
    EXPECT_GT(report.verdict.counts.lost, 0u);
    EXPECT_EQ(report.verdict.counts.duplicated, 0u);
    EXPECT_LE(report.history.restarts, 3u) << seed;
  }
}

// ---- late copies ---------------------------------------------------------------------------------------

// Requests to the log are 6.5 s late, longer than a client waits before it asks again.
TEST(LateCopies, OfTheSinksOwnRequestsCostARestartAndNoRecord) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const auto report = run(kWordCount + std::string(R"("faults": [{"kind": "delay", "mail": "log-request",
                                "count": 30, "at_ms": 11000, "delay_ms": 6500}])"),
                            seed);
    EXPECT_EQ(report.verdict.outcome, checkers::Outcome::valid) << seed << " " << report.verdict.evidence;
  }
}

TEST(LateCopies, OfAnOffsetCommitNeverMoveTheOffsetBack) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const auto report = run(
        kTransform + std::string(R"("faults": [{"kind": "delay", "mail": "log-request", "count": 1, "at_ms": 20000,
                                                "delay_ms": 4000},
            {"kind": "crash", "target": "taskmanager-0", "at_ms": 24200, "restart_after_ms": 1000},
            {"kind": "crash", "target": "taskmanager-1", "at_ms": 24200, "restart_after_ms": 1000}])"),
        seed, Guarantee::at_most_once);
    EXPECT_EQ(report.verdict.outcome, checkers::Outcome::valid) << seed << " " << report.verdict.evidence;
    EXPECT_EQ(report.verdict.counts.duplicated, 0u) << seed;
  }
}

}  // namespace
}  // namespace onceproof::scenarios
