// SPDX-License-Identifier: Apache-2.0
// Laws of the scenario layer: drawn plans survive their file, runs are functions of plan and input, text is
// neither lost nor invented when it becomes records.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "scenarios/plan/catalogue.h"
#include "scenarios/plan/draw.h"
#include "scenarios/plan/language.h"
#include "scenarios/plan/nearest_word.h"
#include "scenarios/run/input.h"
#include "scenarios/run/runner.h"

namespace onceproof::scenarios {
namespace {

TEST(ScenarioProperty, AnyDrawnPlanSurvivesItsFile) {
  const Scenario scenario = load_scenario("word-count").take();
  EXPECT_TRUE(rc::check([&](uint64_t seed) {
    const auto plan = draw_plan(scenario, seed);
    RC_ASSERT(plan.ok());
    const std::string text = to_json({{plan.value()}});
    const auto back = parse_plan_file(text, "plan.json");
    RC_ASSERT(back.ok());
    RC_ASSERT(to_json(back.value()) == text);
  }));
}

TEST(ScenarioProperty, EditDistanceIsSymmetricAndZeroOnlyForEquals) {
  EXPECT_TRUE(rc::check([](const std::string& a, const std::string& b) {
    RC_ASSERT(edit_distance(a, b) == edit_distance(b, a));
    RC_ASSERT((edit_distance(a, b) == 0) == (a == b));
    RC_ASSERT(edit_distance(a, b) <= std::max(a.size(), b.size()));
  }));
}

TEST(ScenarioProperty, AnyBytesAreRefusedOrParsedButNeverCrash) {
  EXPECT_TRUE(rc::check([](const std::string& text) { RC_ASSERT(!parse_scenario(text, "x").ok()); }));
}

TEST(ScenarioProperty, LinesBecomeRecordsInOrderWithoutLossOrInvention) {
  EXPECT_TRUE(rc::check([]() {
    const auto lines = *rc::gen::container<std::vector<std::string>>(
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab \t\xff"))));
    const int32_t partitions = *rc::gen::inRange(1, 5);
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    const auto input = split_input(text, partitions, seconds(10));
    RC_ASSERT(input.ok());
    for (size_t i = 0; i < lines.size(); ++i) {
      const auto& partition = input.value().partitions[i % static_cast<size_t>(partitions)];
      RC_ASSERT(partition[i / static_cast<size_t>(partitions)].value == lines[i]);
    }
    size_t records = 0;
    for (const auto& partition : input.value().partitions) {
      records += partition.size();
      for (size_t i = 1; i < partition.size(); ++i)
        RC_ASSERT(partition[i - 1].timestamp_us <= partition[i].timestamp_us);
    }
    RC_ASSERT(records == lines.size());
  }));
}

TEST(ScenarioProperty, ARunIsAFunctionOfItsPlan) {
  const Scenario scenario = load_scenario("transform").take();
  for (uint64_t seed = 1000; seed < 1020; ++seed) {
    const RunPlan plan = draw_plan(scenario, seed).take();
    const PreparedInput input = prepare_input(plan).take();
    const RunResult first = run_plan(plan, input);
    const RunResult second = run_plan(plan, input);
    EXPECT_EQ(first.report.trace_hash, second.report.trace_hash) << seed;
    EXPECT_EQ(first.report.verdict.evidence, second.report.verdict.evidence) << seed;
  }
}

// A sweep leaves out the points that no checker reads; a checker that begins to read one shows here.
TEST(ScenarioProperty, ALeanRecordingIsJudgedLikeAFullOne) {
  size_t violated = 0, kept = 0, all = 0;
  for (const char* name : {"transform", "word-count"}) {
    const Scenario scenario = load_scenario(name).take();
    for (uint64_t seed = 1; seed <= 12; ++seed) {
      RunPlan plan = draw_plan(scenario, seed).take();
      plan = with_stack(plan, "exactly-once", stack_named(scenario, "exactly-once"));
      const SeededBug bug = seed % 4 == 0 ? SeededBug::forget_pending_commit : SeededBug::commit_on_ack;
      if (seed % 2 == 0) plan.job.bugs.add(bug);
      const PreparedInput input = prepare_input(plan).take();
      const checkers::RunReport full = run_plan(plan, input).report;
      const checkers::RunReport lean = run_plan(plan, input, Recording::judged).report;
      EXPECT_EQ(full.trace_hash, lean.trace_hash) << name << " " << seed;
      EXPECT_EQ(full.verdict.outcome, lean.verdict.outcome) << name << " " << seed;
      EXPECT_EQ(full.verdict.evidence, lean.verdict.evidence) << name << " " << seed;
      ASSERT_EQ(full.verdict.findings.size(), lean.verdict.findings.size()) << name << " " << seed;
      for (size_t i = 0; i < full.verdict.findings.size(); ++i)
        EXPECT_EQ(full.verdict.findings[i].story, lean.verdict.findings[i].story) << name << " " << seed;
      violated += full.verdict.outcome == checkers::Outcome::violated ? 1 : 0;
      kept += lean.history.events.size();
      all += full.history.events.size();
    }
  }
  EXPECT_GT(violated, 3u) << "the bugs must show, or nothing was compared";
  EXPECT_LT(kept * 2, all);
}

}  // namespace
}  // namespace onceproof::scenarios
