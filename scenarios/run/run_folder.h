// SPDX-License-Identifier: Apache-2.0
// Run folder: everything that is kept of one run, under <root>/<scenario>/<time>-<seed>/, written to a
// temporary folder first and renamed, so that a folder that is there is complete.
#pragma once

#include <string>
#include <vector>

#include "reports/options.h"
#include "runtime/base/result.h"
#include "scenarios/plan/plan.h"
#include "scenarios/run/runner.h"

namespace onceproof::scenarios {

struct StoredRun {
  std::vector<RunPlan> plans;  // one for each result, in the same order
  const std::vector<RunResult>* results = nullptr;
  reports::ReportContext context;
};

// Returns the folder's path. `root` is "runs" unless the user says otherwise.
//   plan.json  verdict.json  report.html  junit.xml  <stack>/{verdict.json,history.jsonl,trace.txt}
Result<std::string> store_run(const std::string& root, const StoredRun& run);

// An error that names the run's folder when `path` is one of the files that store_run() writes, but not `wanted`: who
// wants to run a report again means its folder.
Status refuse_other_file(const std::string& path, const std::string& wanted);

// Pipeline, settings and seeded bugs as lines for a report.
std::vector<std::pair<std::string, std::string>> configuration_lines(const RunPlan& plan);

}  // namespace onceproof::scenarios
