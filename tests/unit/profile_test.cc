// SPDX-License-Identifier: Apache-2.0
// Profiles: what the program carries, what a scenario may bring itself, and that a swarm is broad and consistent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "scenarios/plan/catalogue.h"
#include "scenarios/plan/draw.h"
#include "scenarios/plan/knobs.h"
#include "scenarios/plan/language.h"
#include "scenarios/plan/language_parts.h"

namespace onceproof::scenarios {
namespace {

using testing::HasSubstr;

constexpr uint64_t kSeeds = 400;

Scenario profiled(const std::string& scenario, const std::string& profile) {
  return with_profile(load_scenario(scenario).take(), profile).take();
}

Scenario scenario_of(const std::string& members) {
  auto scenario =
      parse_scenario(R"({"name": "x", "pipeline": [{"source": "log"}, {"sink": "log"}])" + members + "}", "x.json");
  CHECK(scenario.ok(), scenario.error().message.c_str());
  return scenario.take();
}

TEST(Profile, TheProgramCarriesStockSwarmAndCalm) {
  EXPECT_THAT(profile_names(), testing::ElementsAre("calm", "stock", "swarm"));
  for (const char* name : {"calm", "swarm"}) {
    const auto profile = load_profile(name);
    ASSERT_TRUE(profile.ok()) << profile.error().message;
    EXPECT_FALSE(profile.value().description.empty());
  }
}

TEST(Profile, AnUnknownOneIsRefusedWithTheNearestName) {
  const auto unknown = with_profile(scenario_of(""), "swam");
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message, HasSubstr("unknown profile \"swam\"; did you mean \"swarm\"?"));
}

TEST(Profile, StockIsTheScenarioAsItStands) {
  const Scenario scenario = load_scenario("word-count").take();
  for (uint64_t seed = 1; seed < 20; ++seed) {
    EXPECT_EQ(to_json({{draw_plan(scenario, seed).take()}}),
              to_json({{draw_plan(profiled("word-count", "stock"), seed).take()}}));
  }
}

TEST(Profile, CalmHasNoFaults) {
  for (const std::string& name : catalogue_names()) {
    for (uint64_t seed = 1; seed < 50; ++seed) {
      EXPECT_TRUE(draw_plan(profiled(name, "calm"), seed).value().faults.empty());
    }
  }
}

TEST(Profile, AScenarioMayBringItsOwnAndThenItStandsBeforeTheProgramsOwn) {
  const std::string own = R"(, "faults": [{"kind": "pause", "at_ms": 5}], "profiles": {
      "swarm": {"own": {"faults_percent": 0}, "faults": [{"kind": "crash", "at_ms": 7}]},
      "mine": {"faults": [{"kind": "crash", "at_ms": 7}]}})";
  const auto kinds = [&](const std::string& profile) {
    std::vector<std::string> out;
    const RunPlan plan = draw_plan(with_profile(scenario_of(own), profile).value(), 1).take();
    for (const simulator::Fault& fault : plan.faults) out.emplace_back(kind_of(fault));
    return out;
  };
  EXPECT_THAT(kinds("stock"), testing::ElementsAre("pause"));
  EXPECT_THAT(kinds("swarm"), testing::ElementsAre("crash"));
  EXPECT_THAT(kinds("mine"), testing::ElementsAre("pause", "crash"));
  EXPECT_FALSE(parse_scenario(R"({"name": "x", "pipeline": [{"source": "log"}, {"sink": "log"}],
      "profiles": {"stock": {}}})",
                              "x.json")
                   .ok());
}

// The generic swarm serves a scenario that says nothing but its pipeline, however small its cluster.
TEST(Profile, TheSwarmFitsAnyScenarioAndEverySeedIsConsistent) {
  const Scenario small =
      with_profile(scenario_of(R"(, "cluster": {"task_managers": 1, "slots": 1, "brokers": 1}, "parallelism": 1)"),
                   "swarm")
          .take();
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto plan = draw_plan(small, seed);
    ASSERT_TRUE(plan.ok()) << seed << ": " << plan.error().message;
    for (const Guarantee guarantee : all_guarantees()) {
      const RunPlan one = with_stack(plan.value(), checkers::to_string(guarantee), stack_for(guarantee));
      EXPECT_TRUE(check_plan(one).ok()) << seed << ": " << check_plan(one).error().message;
    }
  }
}

// Without its records the scenario would judge nothing; and a swarm that draws none means the scenario's own.
TEST(Profile, TheSwarmNeverTakesAScenariosRecordsAway) {
  const Scenario scenario = profiled("reference", "swarm");
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const InputPlan input = draw_plan(scenario, seed).value().input;
    EXPECT_EQ(input.spec.kind, InputKind::generated);
    EXPECT_GT(input.generated.records, 0) << seed;
  }
}

TEST(Profile, ASwarmsWorkFitsIntoARun) {
  const Scenario scenario = profiled("reference", "swarm");
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const RunPlan plan = draw_plan(scenario, seed).take();
    const GeneratedInput& made = plan.input.generated;
    const int64_t bytes = made.huge_one_in > 0 ? made.records / made.huge_one_in * made.huge_bytes : 0;
    const int64_t window = int64_t{plan.job.channel.buffer_bytes} * plan.job.channel.exclusive_buffers;
    EXPECT_LE(bytes / window * 2 * plan.network.typical_us, seconds(20)) << seed;
  }
}

// A job that ends with the first transaction that the log has lost decides nothing; and restarts are never used up.
TEST(Profile, ASwarmsJobGoesOn) {
  const Scenario scenario = profiled("transform", "swarm");
  int loses = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const graph::JobConfig job = draw_plan(scenario, seed).value().job;
    EXPECT_GE(job.restart.attempts, 1000) << seed;
    if (job.restart.strategy == graph::RestartStrategyKind::failure_rate) {
      EXPECT_GE(job.restart.max_failures_per_interval, 1000) << seed;
    }
    EXPECT_NE(job.restart.strategy, graph::RestartStrategyKind::none) << seed;
    if (job.sink.transaction_timeout_us >= needed_transaction_timeout_us(job)) continue;
    ++loses;
    EXPECT_EQ(job.sink.lost_transaction, graph::LostTransaction::go_on) << seed;
  }
  EXPECT_GT(loses, 5);
}

TEST(Profile, AContradictionOfTheScenarioIsNotHiddenByTheSwarm) {
  const Scenario scenario = with_profile(scenario_of(R"(, "parallelism": 9)"), "swarm").take();
  EXPECT_FALSE(draw_plan(scenario, 1).ok());
}

TEST(Profile, EveryKnobOfTheSwarmLeavesItsValueInSomeSeedsAndKeepsItInOthers) {
  const Scenario scenario = with_profile(scenario_of(""), "swarm").take();
  const RunPlan plain = draw_plan(scenario_of(""), 1).take();
  std::map<int, int> changed;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const RunPlan plan = draw_plan(scenario, seed).take();
    for (const auto& [index, number] : scenario.profile->swarm.configuration.knobs) {
      const Knob& knob = all_knobs()[static_cast<size_t>(index)];
      changed[index] += knob.get(plan) != knob.get(plain);
    }
  }
  for (const auto& [index, times] : changed) {
    const std::string path = knob_path(all_knobs()[static_cast<size_t>(index)]);
    EXPECT_GT(times, 20) << path;
    EXPECT_LT(times, static_cast<int>(kSeeds) * 3 / 4) << path;
  }
}

TEST(Profile, WholeFamiliesAreOffInManySeedsAndEveryFaultOfTheSwarmStrikesInSome) {
  const Scenario scenario = with_profile(scenario_of(""), "swarm").take();
  std::set<size_t> counts;
  std::set<std::string> kinds, points;
  int none = 0;
  for (uint64_t seed = 0; seed < 4 * kSeeds; ++seed) {
    const RunPlan plan = draw_plan(scenario, seed).take();
    counts.insert(plan.faults.size());
    none += plan.faults.empty();
    for (const simulator::Fault& fault : plan.faults) {
      kinds.insert(kind_of(fault));
      if (fault.trigger.point) points.insert(env::info(*fault.trigger.point).name);
    }
  }
  EXPECT_GT(none, 0) << "a seed without any fault is a seed in which nothing may restart";
  EXPECT_GT(counts.size(), 8u);
  EXPECT_EQ(points.size(), static_cast<size_t>(env::kPointCount)) << "every protocol point can be struck";
  for (const char* kind : {"crash", "pause", "partition", "delay", "slow-checkpoint", "fail-checkpoint", "move-leader"}) {
    EXPECT_TRUE(kinds.contains(kind)) << kind;
  }
}

// What shows only where settings and faults meet is drawn together.
TEST(Profile, AFamilyBringsItsSettingsWithItsFaultsOrNeither) {
  const Scenario scenario = with_profile(scenario_of(R"(, "profiles": {"swarm": {
      "configuration": {"percent": 100, "checkpoint.interval_ms": 4000},
      "families": [{"name": "dense", "percent": 50, "configuration": {"checkpoint.interval_ms": 700},
                    "faults": [{"kind": "pause", "at_ms": 5}]}]}})"),
                                         "swarm")
                                .take();
  int on = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const RunPlan plan = draw_plan(scenario, seed).take();
    EXPECT_EQ(plan.job.checkpoint.interval_us, plan.faults.empty() ? seconds(4) : milliseconds(700)) << seed;
    on += plan.faults.empty() ? 0 : 1;
  }
  EXPECT_GT(on, 20);
  EXPECT_LT(on, 80);
}

TEST(Profile, AContradictionOfAFamilysSettingsIsToldWithItsPlace) {
  const Scenario scenario = scenario_of(R"(, "swarm": {
      "families": [{"name": "wide", "configuration": {"parallelism": 9}, "faults": []}]})");
  const auto plan = draw_plan(scenario, 1);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().message, HasSubstr("/swarm/families/0/configuration/parallelism"));
}

TEST(Profile, AnExtraStageStandsBeforeTheExchangeAndThePlanHasIt) {
  const auto kinds = [](const std::string& pipeline) {
    const std::string text = R"({"name": "x", "extra_stage": 1, "pipeline": [{"source": "log"}, )" + pipeline + "]}";
    const RunPlan plan = draw_plan(parse_scenario(text, "x.json").take(), 1).take();
    std::vector<std::string> out;
    for (const StepSpec& step : plan.pipeline) out.emplace_back(to_string(step.kind));
    return out;
  };
  EXPECT_THAT(kinds(R"({"split": "words"}, {"key_by": "value"}, {"window": {"tumbling_ms": 10}}, {"aggregate": "count"},
                       {"sink": "log"})"),
              testing::ElementsAre("log source", "split", "key by", "map", "key by", "window", "log sink"));
  EXPECT_THAT(kinds(R"({"sink": "log"})"), testing::ElementsAre("log source", "log sink")) << "nothing is exchanged";
}

TEST(DrawnPoint, AClassOfPointsIsDrawnFromAndNothingElse) {
  const Scenario scenario =
      scenario_of(R"(, "faults": [{"kind": "pause", "at": ["any sink point", "job.restart"], "when": "drawn"}])");
  std::set<std::string> points;
  int before = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const simulator::Trigger trigger = draw_plan(scenario, seed).value().faults[0].trigger;
    points.insert(env::info(*trigger.point).name);
    if (trigger.when != env::Phase::before) continue;
    ++before;
    EXPECT_TRUE(hit_before(*trigger.point)) << "this point has no phase before";
  }
  EXPECT_TRUE(points.contains("sink.pre-commit"));
  EXPECT_TRUE(points.contains("job.restart"));
  for (const std::string& point : points) EXPECT_TRUE(point.starts_with("sink.") || point == "job.restart") << point;
  EXPECT_GT(before, 20);
}

TEST(DrawnTime, APercentageCountsInTheInputsSpan) {
  const Scenario scenario =
      scenario_of(R"(, "input": {"span_ms": 40000}, "faults": [{"kind": "pause", "at_percent": 110}])");
  EXPECT_EQ(draw_plan(scenario, 1).value().faults[0].trigger.at_us, seconds(44));
}

}  // namespace
}  // namespace onceproof::scenarios
