// SPDX-License-Identifier: Apache-2.0
// Effects and coverage: the run without just one fault is the judge of that fault.
#include "scenarios/search/effects.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/real/files.h"
#include "scenarios/search/coverage.h"

namespace onceproof::scenarios {
namespace {

Session session_of(const std::string& faults) {
  const std::string path = testing::TempDir() + "onceproof-effects.json";
  const std::string text = R"({"name": "x", "input": {"generated": {"records": 400}, "span_ms": 10000},
      "pipeline": [{"source": "log"}, {"map": {"prefix": "processed_"}}, {"sink": "log"}],
      "checkpoint": {"interval_ms": 1000}, "faults": [)" +
                           faults + "]}";
  CHECK(real::write_file_atomically(path, text).ok(), "the test's folder can be written");
  Request request;
  request.scenario = path;
  auto session = Session::open(request);
  CHECK(session.ok(), session.error().message.c_str());
  return session.take();
}

RunResult measured(Session& session, const RunPlan& plan) {
  RunResult result = session.run(plan).take();
  CHECK(measure_effects(session, plan, result).ok(), "the plan is of this session");
  return result;
}

TEST(Effects, ACrashMattersAndAFaultThatChangesNothingDoesNot) {
  Session session = session_of(R"({"kind": "crash", "target": "taskmanager-0", "at_ms": 5000},
                                  {"kind": "pause", "target": "broker-0", "at_ms": 9999000})"
                               R"(, {"kind": "partition", "target": "taskmanager-0", "peer": "taskmanager-1",
                                     "at_ms": 300, "duration_ms": 1})");
  const RunPlan plan = session.plans(1).value().back();
  const RunResult result = measured(session, plan);
  const auto& faults = result.report.history.faults;
  EXPECT_TRUE(faults[0].effective);
  EXPECT_FALSE(faults[1].fired);
  EXPECT_FALSE(faults[1].effective);
  EXPECT_TRUE(faults[2].fired);
  EXPECT_FALSE(faults[2].effective) << "nothing passes between the task managers of this pipeline";
  EXPECT_EQ(result.report.faults.effective, 1u);
}

TEST(Effects, TheRunWithoutAFaultKeepsTheOthers) {
  Session session = session_of(R"({"kind": "crash", "target": "taskmanager-0", "at_ms": 3000},
                                  {"kind": "crash", "target": "taskmanager-1", "at_ms": 6000})");
  const RunPlan plan = session.plans(1).value().back();
  const RunResult without = session.run(without_fault(plan, 0)).take();
  ASSERT_EQ(without.report.history.faults.size(), 2u);
  EXPECT_FALSE(without.report.history.faults[0].fired);
  EXPECT_EQ(without.report.history.faults[1].fired_us, seconds(6));
}

TEST(Effects, TheEndStateIsAFunctionOfWhatCameOut) {
  checkers::History left, right;
  EXPECT_EQ(end_state(left), end_state(right));
  right.outputs.emplace_back().value = "x";
  EXPECT_NE(end_state(left), end_state(right));
  right = left;
  right.restarts = 1;
  EXPECT_NE(end_state(left), end_state(right));
  right = left;
  right.ended_us = 5;  // when it ended is no part of it
  EXPECT_EQ(end_state(left), end_state(right));
}

TEST(Coverage, CountsWhereAFaultStruckAndWhatItWas) {
  Session session = session_of(R"({"kind": "crash", "at": "sink.pre-commit", "when": "before", "nth": 2})");
  Coverage coverage;
  EXPECT_TRUE(coverage.add(session, session.plans(1).value().back()).ok());
  EXPECT_GT(coverage.points().at("sink.pre-commit").hits, 0u);
  EXPECT_EQ(coverage.points().at("sink.pre-commit").fired, 1u);
  EXPECT_EQ(coverage.points().at("sink.pre-commit").effective, 1u);
  EXPECT_EQ(coverage.points().at("sink.commit").fired, 0u);
  EXPECT_EQ(coverage.faults().at("crash").effective, 1u);
  EXPECT_EQ(coverage.faults().at("trigger when=before").fired, 1u);
  EXPECT_EQ(coverage.faults().at("partition mode=hold").fired, 0u);
}

TEST(Coverage, WhatIsNeverStruckNeedsAReason) {
  const std::vector<std::string> unexplained = Coverage().unexplained();
  EXPECT_NE(std::find(unexplained.begin(), unexplained.end(), "crash"), unexplained.end());
  EXPECT_EQ(std::find(unexplained.begin(), unexplained.end(), "window.late"), unexplained.end());
  EXPECT_NE(Coverage::reason("window.late"), nullptr);
}

}  // namespace
}  // namespace onceproof::scenarios
