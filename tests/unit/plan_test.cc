// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "scenarios/plan/catalogue.h"
#include "scenarios/plan/draw.h"
#include "scenarios/plan/knobs.h"
#include "scenarios/plan/language.h"
#include "scenarios/run/input.h"

namespace onceproof::scenarios {
namespace {

using testing::HasSubstr;

Scenario scenario_of(const std::string& members) {
  auto scenario =
      parse_scenario(R"({"name": "x", "pipeline": [{"source": "log"}, {"sink": "log"}])" + members + "}", "x.json");
  CHECK(scenario.ok(), scenario.error().message.c_str());
  return scenario.take();
}

RunPlan plan_of(const Scenario& scenario, uint64_t seed) {
  auto plan = draw_plan(scenario, seed);
  CHECK(plan.ok(), plan.error().message.c_str());
  return plan.take();
}

TEST(Plan, TheSameSeedDrawsTheSamePlan) {
  const Scenario scenario = load_scenario("word-count").take();
  EXPECT_EQ(to_json({{plan_of(scenario, 7)}}), to_json({{plan_of(scenario, 7)}}));
  EXPECT_NE(to_json({{plan_of(scenario, 7)}}), to_json({{plan_of(scenario, 8)}}));
}

TEST(Plan, ANewKnobShiftsNoOther) {
  const std::string before = R"(, "parallelism": [1, 3], "faults": [{"kind": "pause", "at_ms": [0, 100000]}])";
  const std::string after = R"(, "parallelism": [1, 3], "restart": {"delay_ms": [0, 9000]},
      "faults": [{"kind": "pause", "at_ms": [0, 100000]}])";
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const RunPlan left = plan_of(scenario_of(before), seed);
    const RunPlan right = plan_of(scenario_of(after), seed);
    EXPECT_EQ(left.job.plan.parallelism, right.job.plan.parallelism);
    EXPECT_EQ(left.faults[0].trigger.at_us, right.faults[0].trigger.at_us);
  }
}

TEST(Plan, DrawsStayInsideTheirRangesAndReachBothEnds) {
  const Scenario scenario =
      scenario_of(R"(, "parallelism": [1, 3], "channel": {"buffer_bytes": {"one_of": [64, 4096]}})");
  std::set<int64_t> parallelisms, buffers;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const RunPlan plan = plan_of(scenario, seed);
    parallelisms.insert(plan.job.plan.parallelism);
    buffers.insert(plan.job.channel.buffer_bytes);
  }
  EXPECT_EQ(parallelisms, (std::set<int64_t>{1, 2, 3}));
  EXPECT_EQ(buffers, (std::set<int64_t>{64, 4096}));
}

TEST(Plan, SwarmFaultsStrikeInAboutTheirShareOfSeeds) {
  const Scenario scenario = scenario_of(R"(, "swarm": {"faults": [{"percent": 30, "kind": "pause", "at_ms": 5}]})");
  int struck = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) struck += static_cast<int>(plan_of(scenario, seed).faults.size());
  EXPECT_GT(struck, 240);
  EXPECT_LT(struck, 360);
}

TEST(Plan, AllStacksMeetTheSameFaults) {
  const RunPlan base = plan_of(load_scenario("word-count").value(), 11);
  for (const Guarantee guarantee : all_guarantees()) {
    const RunPlan plan = with_stack(base, checkers::to_string(guarantee), stack_for(guarantee));
    ASSERT_EQ(plan.faults.size(), base.faults.size());
    for (size_t i = 0; i < plan.faults.size(); ++i) EXPECT_EQ(describe(plan.faults[i]), describe(base.faults[i]));
  }
}

TEST(Plan, EveryKindOfFaultAndEveryTriggerComesBackFromAPlanFile) {
  const RunPlan plan = plan_of(scenario_of(R"(, "faults": [
      {"kind": "crash", "at_ms": 5, "notice": "silent", "target": "reader"},
      {"kind": "pause", "at": "sink.commit", "after_ms": 2000, "after": {"at": "checkpoint.complete", "nth": [2, 3]}},
      {"kind": "partition", "at_ms": 5, "target": "every broker", "peer": "every broker", "direction": "to-peer"},
      {"kind": "stall", "at": "txn.marker", "when": "before", "delay_ms": 500},
      {"kind": "slow", "at_ms": 5, "target": "broker-0", "cpu_percent": 700, "duration_ms": 900},
      {"kind": "reconnect", "at_ms": 5, "target": "taskmanager-0", "count": 2, "delay_ms": 800},
      {"kind": "move-leader", "at": "txn.prepare", "topic": "transactions", "partition": 2, "duration_ms": 70},
      {"kind": "swizzle", "at_ms": 5, "target": "every broker"}])"),
                             7);
  const std::string text = to_json(PlanFile{{plan}});
  const auto back = parse_plan_file(text, "plan.json");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(to_json(back.value()), text);
  const simulator::FaultPlan& faults = back.value().plans.front().faults;
  ASSERT_EQ(faults.size(), plan.faults.size());
  for (size_t i = 0; i < faults.size(); ++i) EXPECT_EQ(describe(faults[i]), describe(plan.faults[i]));
  EXPECT_EQ(std::get<simulator::CrashFault>(faults[0].action).notice, simulator::Notice::silent);
  EXPECT_EQ(faults[1].trigger.after_us, seconds(2));
  ASSERT_TRUE(faults[1].trigger.after.has_value());
  EXPECT_EQ(faults[1].trigger.after->point, env::Point::checkpoint_complete);
  EXPECT_GE(faults[1].trigger.after->nth, 2u);
}

TEST(Plan, NothingIsLeftToDrawInAConcreteFault) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    for (const simulator::Fault& fault : plan_of(load_scenario("word-count").value(), seed).faults) {
      EXPECT_THAT(describe(fault), testing::Not(HasSubstr("any ")));
    }
  }
}

TEST(Plan, APlanFileGivesBackEveryPlan) {
  for (const std::string& name : catalogue_names()) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
      PlanFile file;
      const RunPlan base = plan_of(load_scenario(name).value(), seed * 0x123456789abcdefull);
      for (const Guarantee guarantee : all_guarantees()) {
        file.plans.push_back(with_stack(base, checkers::to_string(guarantee), stack_for(guarantee)));
      }
      const std::string text = to_json(file);
      const auto back = parse_plan_file(text, "plan.json");
      ASSERT_TRUE(back.ok()) << back.error().message;
      EXPECT_EQ(to_json(back.value()), text);
      ASSERT_EQ(back.value().plans.size(), 3u);
      for (size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(stack_of(back.value().plans[i].job), stack_of(file.plans[i].job));
        EXPECT_EQ(back.value().plans[i].seed, base.seed);
        EXPECT_EQ(back.value().plans[i].faults.size(), base.faults.size());
      }
    }
  }
}

TEST(Plan, APlanFileLeavesNoKnobToTheReadersDefaults) {
  const RunPlan plan = plan_of(load_scenario("word-count").value(), 1);
  std::string text = to_json({{plan}});
  const size_t at = text.find("\"parallelism\"");
  ASSERT_NE(at, std::string::npos);
  text.erase(at, text.find('\n', at) - at);
  const auto back = parse_plan_file(text, "plan.json");
  ASSERT_FALSE(back.ok());
  EXPECT_THAT(back.error().message, HasSubstr("\"parallelism\" is missing"));
}

TEST(Plan, TooFewSlotsAndMissingProcessesAreRefused) {
  const auto slots = draw_plan(scenario_of(R"(, "parallelism": 9)"), 1);
  ASSERT_FALSE(slots.ok());
  EXPECT_THAT(slots.error().message, HasSubstr("parallelism 9 needs as many slots"));
  const auto target = draw_plan(scenario_of(R"(, "faults": [{"kind": "pause", "target": "broker-7", "at_ms": 1}])"), 1);
  ASSERT_FALSE(target.ok());
  EXPECT_THAT(target.error().message, HasSubstr("unknown process \"broker-7\""));
}

TEST(Plan, AFirstWaitAboveTheLongestIsRefusedAndNoProfileDrawsOne) {
  const Scenario scenario = scenario_of(R"(, "channel": {"request_backoff_ms": 100, "request_backoff_max_ms": 99})");
  const auto plan = draw_plan(scenario, 1);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().message, HasSubstr("channel.request_backoff_ms 100 is above channel.request_backoff_max_ms 99"));
  EXPECT_THAT(plan.error().message, HasSubstr("at /channel"));
}

TEST(Plan, APartitionThatThePlanDoesNotHaveIsRefused) {
  const auto plan = draw_plan(
      scenario_of(R"(, "faults": [{"kind": "move-leader", "at_ms": 1, "topic": "sink", "partition": 9}])"), 1);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().message, HasSubstr("partition 9 of \"sink\", which has 2"));
  for (uint64_t seed = 0; seed < 100; ++seed) {
    plan_of(scenario_of(R"(, "sink": {"partitions": [1, 3]}, "faults": [{"kind": "move-leader", "at_ms": 1}])"), seed);
  }
}

// Every process for itself, each at its time; all of them are down together for a while; the order of healing is another.
TEST(Plan, ASwizzleIsDrawnAsOneFaultForEachProcess) {
  const Scenario scenario = scenario_of(R"(, "cluster": {"task_managers": 3, "brokers": 3}, "faults": [
      {"kind": "swizzle", "at_ms": 10000, "share_percent": 60, "stop_ms": 3000, "duration_ms": 1000, "heal_ms": 4000}])");
  std::set<size_t> sizes;
  std::set<std::string> targets;
  int same_order = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    std::vector<std::pair<TimeUs, TimeUs>> times;
    std::set<std::string> own;
    for (const simulator::Fault& fault : plan_of(scenario, seed).faults) {
      const auto& cut = std::get<simulator::PartitionFault>(fault.action);
      EXPECT_EQ(cut.peer, "*");
      EXPECT_TRUE(own.insert(cut.target).second) << "a process is taken once";
      times.emplace_back(*fault.trigger.at_us, *fault.trigger.at_us + cut.duration_us);
      EXPECT_GE(times.back().first, seconds(10));
      EXPECT_LE(times.back().first, seconds(13));
      EXPECT_GE(times.back().second, seconds(14));
      EXPECT_LE(times.back().second, seconds(18));
    }
    sizes.insert(own.size());
    targets.insert(own.begin(), own.end());
    std::sort(times.begin(), times.end());
    same_order += std::is_sorted(times.begin(), times.end(), [](auto& a, auto& b) { return a.second < b.second; });
  }
  EXPECT_EQ(targets.size(), 8u);
  EXPECT_GT(sizes.size(), 4u);
  EXPECT_GE(*sizes.begin(), 2u);
  EXPECT_LT(same_order, 30);
}

TEST(Plan, AWordSettingIsStoredAsItsWord) {
  const auto plan = draw_plan(scenario_of(R"(, "sink": {"lost_transaction": "continue"})"), 1);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan.value().job.sink.lost_transaction, graph::LostTransaction::go_on);
  const std::string text = to_json({{plan.value()}});
  EXPECT_NE(text.find("\"continue\""), std::string::npos);
  const auto read = parse_plan_file(text, "plan.json");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read.value().plans.front().job.sink.lost_transaction, graph::LostTransaction::go_on);
}

TEST(Plan, KnobsReadBackWhatWasSet) {
  for (const Knob& knob : all_knobs()) {
    RunPlan plan;
    knob.set(plan, knob.low);
    EXPECT_EQ(knob.get(plan), knob.low) << knob_path(knob);
    knob.set(plan, knob.high);
    EXPECT_EQ(knob.get(plan), knob.high) << knob_path(knob);
    const int64_t own = knob.get(RunPlan{});
    EXPECT_GE(own, knob.low) << knob_path(knob);
    EXPECT_LE(own, knob.high) << knob_path(knob);
  }
}

TEST(Input, LinesGoRoundRobinWithAscendingTimes) {
  const auto input = split_input("a\r\nb\n\nd", 2, 4000);
  ASSERT_TRUE(input.ok());
  const auto& partitions = input.value().partitions;
  ASSERT_EQ(partitions[0].size(), 2u);
  ASSERT_EQ(partitions[1].size(), 2u);
  EXPECT_EQ(partitions[0][0].value, "a");
  EXPECT_EQ(partitions[1][0].value, "b");
  EXPECT_EQ(partitions[0][1].value, "");
  EXPECT_EQ(partitions[1][1].value, "d");
  EXPECT_EQ(partitions[1][1].timestamp_us, 3000);
}

TEST(Input, EmptyAndBinaryTextsAreInputs) {
  EXPECT_TRUE(split_input("", 4, 1000).value().partitions[0].empty());
  const std::string binary("\xff\x00\x80 x", 5);
  EXPECT_EQ(split_input(binary, 1, 1000).value().partitions[0][0].value, binary);
  EXPECT_EQ(split_input(std::string(1'000'000, 'x'), 1, 1000).value().partitions[0][0].value.size(), 1'000'000u);
}

TEST(Input, MissingFilesAndDirectoriesAreClearErrors) {
  InputPlan input;
  input.spec = {InputKind::file, "no/such/file.txt"};
  const auto missing = load_text(input);
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message, HasSubstr("no/such/file.txt"));
  input.spec.path = "/";
  EXPECT_FALSE(load_text(input).ok());
}

TEST(Input, GeneratedWordsAreTheSameEveryTime) {
  InputPlan spec;
  spec.spec.kind = InputKind::generated;
  spec.generated.records = 1000;
  spec.generated.distinct = 10;
  EXPECT_EQ(load_text(spec).value(), load_text(spec).value());
  EXPECT_EQ(split_input(load_text(spec).value(), 1, 1000).value().partitions[0].size(), 1000u);
}

}  // namespace
}  // namespace onceproof::scenarios
