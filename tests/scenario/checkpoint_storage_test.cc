// SPDX-License-Identifier: Apache-2.0
// Stories of the checkpoint storage: it fails, lies, hangs and loses the job manager in every step, and the job goes on
// from the checkpoint that is there.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/plan/draw.h"
#include "scenarios/plan/language.h"
#include "scenarios/run/runner.h"

namespace onceproof::scenarios {
namespace {

using checkers::CheckpointOutcome;
using checkers::CheckpointRecord;
using checkers::RunReport;

// Twenty seconds of words, counted in windows; task state lies in files. `checkpoint` are further settings.
RunReport run(const std::string& checkpoint, const std::string& faults, uint64_t seed = 1) {
  const std::string text = fmt::format(
      R"({{"name": "storage", "input": {{"generated": {{"records": 400, "distinct": 40}}, "partitions": 2, "span_ms": 20000}},
          "pipeline": [{{"source": "log"}}, {{"key_by": "value"}}, {{"window": {{"tumbling_ms": 5000}}}}, {{"aggregate": "count"}},
                       {{"sink": "log"}}],
          "cluster": {{"task_managers": 2, "slots": 1, "brokers": 1}}, "parallelism": 2, "sink": {{"partitions": 2}},
          "checkpoint": {{"interval_ms": 1000, "timeout_ms": 20000, "inline_threshold_bytes": 0{}}},
          "faults": [{}]}})",
      checkpoint, faults);
  const auto scenario = parse_scenario(text, "storage.json");
  CHECK(scenario.ok(), scenario.error().message.c_str());
  const RunPlan plan = draw_plan(scenario.value(), seed, {}).take();
  return std::move(run_plan(plan, prepare_input(plan).value()).report);
}

void expect_valid(const RunReport& report, const std::string& what) {
  EXPECT_EQ(report.verdict.outcome, checkers::Outcome::valid) << what << ": " << report.verdict.evidence;
  EXPECT_EQ(report.verdict.counts.delivered, report.verdict.counts.expected) << what;
  EXPECT_EQ(report.verdict.counts.duplicated, 0u) << what;
}

TEST(CheckpointStorage, ACalmRunAbortsNothingAndTriggersNothingBehindTheFinalCheckpoint) {
  const RunReport report = run("", "");
  expect_valid(report, "calm");
  EXPECT_EQ(report.checkpoints_aborted, 0u);
  EXPECT_GT(report.checkpoints_completed, 15u);
}

TEST(CheckpointStorage, ACheckpointThatTakesLongerThanTheIntervalIsFollowedAtOnce) {
  const RunReport report = run(
      "", R"({"kind": "storage", "at_ms": 0, "target": "jobmanager", "call": "rename", "effect": "slow",
              "path": "checkpoints/completed", "count": 1000, "duration_ms": 600000, "delay_ms": 1300})");
  expect_valid(report, "slow");
  EXPECT_GE(report.checkpoints_completed, 14u) << "one in 1.3 s, and not one in two intervals";
}

TEST(CheckpointStorage, ANewerCheckpointThatCannotBeStoredDoesNotHarmTheOlderOne) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const RunReport report = run(
        R"(, "tolerable_failures": 2, "max_concurrent": 2)",
        R"({"kind": "slow-checkpoint", "part": "ack", "at_ms": 8100, "delay_ms": 1500},
           {"kind": "fail-checkpoint", "part": "store", "at_ms": 8500})",
        seed);
    expect_valid(report, fmt::format("seed {}", seed));
    EXPECT_EQ(report.faults.effective, 2u);
  }
}

TEST(CheckpointStorage, AWriteThatFailedAndOneThatOnlySaysSoAreNotTheSame) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const auto with = [&](const char* part) {
      return run(R"(, "tolerable_failures": 2)",
                 fmt::format(R"({{"kind": "fail-checkpoint", "part": "{}", "at_ms": 8000}})", part), seed);
    };
    const RunReport refused = with("store");
    const RunReport written = with("store-but-written");
    expect_valid(refused, "store");
    expect_valid(written, "store-but-written");
    EXPECT_NE(refused.trace_hash, written.trace_hash);
    EXPECT_EQ(refused.checkpoints_aborted, 1u);
    EXPECT_EQ(written.checkpoints_aborted, 0u) << "settled, and found to be there";
  }
}

TEST(CheckpointStorage, WhileItHangsTheJobRunsOnAndGoesThroughWhenItIsWell) {
  for (const char* call : {"append", "sync", "rename", "sync-directory", "remove"}) {
    const RunReport report = run(
        "", fmt::format(R"({{"kind": "storage", "at_ms": 6000, "target": "jobmanager", "call": "{}", "effect": "hangs",
                             "path": "checkpoints/completed", "count": 100, "duration_ms": 8000}})",
                        call));
    expect_valid(report, call);
    EXPECT_EQ(report.faults.effective, 1u) << call;
    EXPECT_EQ(report.history.restarts, 0u) << call;
  }
}

TEST(CheckpointStorage, EveryCallMayFailWithAndWithoutItsEffectAtTheWorstMoment) {
  for (const char* call : {"append", "sync", "rename", "sync-directory", "remove", "list", "read"}) {
    for (const char* effect : {"fails", "fails-but-written", "slow"}) {
      // The job manager dies in between, so that its successor meets the failures as well.
      const RunReport report = run(
          R"(, "tolerable_failures": 100)",
          fmt::format(R"({{"kind": "storage", "at_ms": 7500, "call": "{}", "effect": "{}", "count": 6}},
                         {{"kind": "crash", "target": "jobmanager", "at_ms": 8200, "restart_after_ms": 500}})",
                      call, effect));
      expect_valid(report, fmt::format("{} {}", call, effect));
      EXPECT_EQ(report.faults.effective, 2u) << call << " " << effect;
    }
  }
}

TEST(CheckpointStorage, TheJobManagerMayDieAroundEveryCall) {
  for (const char* point : {"append", "sync", "rename", "sync-directory", "remove", "list", "read"}) {
    for (const char* when : {"before", "after"}) {
      for (const int nth : {3, 40, 41, 42, 43}) {
        if ((point == std::string("list") || point == std::string("read")) && nth > 3) continue;
        const RunReport report = run(
            "", fmt::format(R"({{"kind": "crash", "target": "jobmanager", "at": "storage.{}", "when": "{}", "nth": {},
                                 "restart_after_ms": 700}},
                               {{"kind": "crash", "target": "jobmanager", "at_ms": 15000, "restart_after_ms": 700}})",
                            point, when, nth));
        expect_valid(report, fmt::format("{} {} {}", point, when, nth));
      }
    }
  }
}

TEST(CheckpointStorage, NoCheckpointIdIsUsedTwice) {
  const RunReport report = run(
      R"(, "id_block": 3, "tolerable_failures": 100)",
      R"({"kind": "crash", "target": "jobmanager", "at_ms": 3000, "restart_after_ms": 100},
         {"kind": "crash", "target": "jobmanager", "at_ms": 6000, "restart_after_ms": 100},
         {"kind": "storage", "at_ms": 9000, "target": "jobmanager", "call": "sync", "path": "checkpoints/checkpoint-ids",
          "count": 2},
         {"kind": "crash", "target": "jobmanager", "at_ms": 14000, "restart_after_ms": 100})");
  expect_valid(report, "ids");
  std::vector<uint64_t> ids;
  for (const CheckpointRecord& each : report.history.checkpoints) ids.push_back(each.id);
  EXPECT_GT(ids.size(), 10u);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
}

}  // namespace
}  // namespace onceproof::scenarios
