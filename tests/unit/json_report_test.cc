// SPDX-License-Identifier: Apache-2.0
// The JSON that other programs read: names, exact integers, and words that are not UTF-8.
#include "reports/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace onceproof::reports {
namespace {

using namespace checkers;
using Json = nlohmann::ordered_json;

RunReport example() {
  RunReport run;
  run.scenario = "word-count";
  run.seed = 0xfedcba9876543210ull;
  run.verdict.claimed = Guarantee::exactly_once;
  run.verdict.observed = Guarantee::at_least_once;
  run.verdict.outcome = Outcome::violated;
  run.verdict.counts = {10, 9, 1, 2, 3, 4, 5};
  run.verdict.evidence = "It came twice.";
  run.verdict.findings = {{"delivery", "duplicated", "\"whale\" came twice", 25}};
  run.verdict.ledger = {{make_position(2, 17, 3), 2, "bad\xff", {0, 99}}};
  run.verdict.ledger_total = 7;
  run.faults = {3, 2, 1};
  run.checkpoints_completed = 4;
  run.checkpoints_aborted = 1;
  run.trace_hash = "00ff";
  run.events = 1234;
  History& history = run.history;
  history.processes = {"jobmanager", "taskmanager-0"};
  history.outputs.resize(1);
  history.outputs[0].key = "bad\xff";
  history.outputs[0].visibility = Visibility::committed;
  history.job = JobStatus::finished;
  history.ended_us = 2'500'000;
  history.restarts = 2;
  history.checkpoints = {{1, 5, 9, CheckpointOutcome::aborted, "expired"}};
  history.transactions.resize(1);
  history.transactions[0].transactional_id = "sink-0";
  Event event;
  event.at_us = 7;
  event.process = 1;
  event.point = "sink.commit";
  event.before = true;
  history.events = {event};
  return run;
}

TEST(RunJson, has_the_names_and_values_of_the_contract_in_order) {
  const Json json = Json::parse(run_json({example()}));
  EXPECT_EQ(json.begin().key(), "schema");
  EXPECT_EQ(json["schema"], 1);
  ASSERT_EQ(json["runs"].size(), 1u);
  const Json& run = json["runs"][0];
  EXPECT_EQ(run["scenario"], "word-count");
  EXPECT_EQ(run["claimed"], "exactly-once");
  EXPECT_EQ(run["observed"], "at-least-once");
  EXPECT_EQ(run["verdict"], "violated");
  EXPECT_EQ(run["expected"], 10);
  EXPECT_EQ(run["delivered"], 9);
  EXPECT_EQ(run["lost"], 1);
  EXPECT_EQ(run["duplicated"], 2);
  EXPECT_EQ(run["phantom"], 3);
  EXPECT_EQ(run["corrupted"], 4);
  EXPECT_EQ(run["results"], 5);
  EXPECT_EQ(run["faults"], (Json{{"armed", 3}, {"fired", 2}, {"effective", 1}}));
  EXPECT_EQ(run["checkpoints"], (Json{{"completed", 4}, {"aborted", 1}}));
  EXPECT_EQ(run["restarts"], 2);
  EXPECT_EQ(run["trace_hash"], "00ff");
  EXPECT_EQ(run["virtual_seconds"], 2.5);
  EXPECT_EQ(run["events"], 1234);
  EXPECT_EQ(run["job"], "finished");
  EXPECT_EQ(run["findings"][0]["story"], "\"whale\" came twice");
}

TEST(RunJson, keeps_all_64_bits_of_a_seed) {
  EXPECT_EQ(Json::parse(run_json({example()}))["runs"][0]["seed"].get<uint64_t>(), 0xfedcba9876543210ull);
}

TEST(RunJson, without_runs_is_still_an_object) { EXPECT_EQ(Json::parse(run_json({}))["runs"], Json::array()); }

TEST(VerdictJson, lists_the_ledger_with_the_results_and_ignores_results_that_are_not_there) {
  const Json json = Json::parse(verdict_json(example()));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["ledger"]["total"], 7);
  const Json& entry = json["ledger"]["entries"][0];
  EXPECT_EQ(entry["partition"], 2);
  EXPECT_EQ(entry["offset"], 17);
  EXPECT_EQ(entry["ordinal"], 3);
  EXPECT_EQ(entry["word"], "bad\xef\xbf\xbd") << "bytes that are not UTF-8 are replaced";
  ASSERT_EQ(entry["outputs"].size(), 1u);
  EXPECT_EQ(entry["outputs"][0]["visibility"], "committed");
}

}  // namespace
}  // namespace onceproof::reports
