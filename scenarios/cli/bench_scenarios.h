// SPDX-License-Identifier: Apache-2.0
// The benchmark's whole runs: each prepared once, run many times, next to a baseline that does the work without a
// cluster. For bench_command.cc.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "scenarios/run/runner.h"

namespace onceproof::scenarios::cli {

struct Benchmark {
  RunPlan plan;
  PreparedInput input;
  checkers::RunReport run() const { return run_plan(plan, input, Recording::judged).report; }
};

// All three: exactly-once, no faults, nothing drawn but latencies.
Result<Benchmark> word_count_benchmark(int32_t parallelism);  // the catalogue's text
Result<Benchmark> idle_day_benchmark();                       // 100 records in 24 hours

// Stored histories to judge: a right run and one with the findings of a seeded bug, of one scenario.
struct JudgedHistory {
  RunResult run;
  uint64_t facts = 0;  // one for each line of its document
};
struct JudgeBenchmark {
  JudgedHistory right, wrong;
};
Result<JudgeBenchmark> judge_benchmark(const std::string& scenario);
// One pass over all facts, of the judges' input and nothing else: what no judge can be faster than.
uint64_t one_pass(const checkers::History& history);

// What word_count_benchmark() counts, by one loop over the same input: the number of results.
size_t plain_loop(const checkers::Reference& reference);

}  // namespace onceproof::scenarios::cli
