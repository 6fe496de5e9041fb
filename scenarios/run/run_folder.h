// SPDX-License-Identifier: Apache-2.0
// Run folder: everything that is kept of one run, under <root>/<scenario>/<time>-<seed>/, written to a temporary folder of
// this process alone and renamed, so that a folder that is there is complete and belongs to one run, however many store
// theirs in the same second. What could not be stored whole is taken away again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reports/options.h"
#include "runtime/base/result.h"
#include "scenarios/plan/plan.h"
#include "scenarios/run/runner.h"

namespace onceproof::scenarios {

struct StoredRun {
  std::vector<RunPlan> plans;  // one for each report and trace, in the same order
  const std::vector<checkers::RunReport>* reports = nullptr;
  const std::vector<simulator::Trace>* traces = nullptr;
  std::shared_ptr<const checkers::Reference> reference;  // what they were judged against
  std::shared_ptr<const std::string> input_text;  // small enough to lie beside the plan; or nothing
  reports::ReportContext context;
};

// Returns the folder's path. `root` is "runs" unless the user says otherwise.
//   plan.json  input.txt  verdict.json  report.html  junit.xml  <stack>/{verdict.json,history.jsonl,trace.txt}
// A replay of the folder works from any other: input.txt is a copy of a small input, and of a large one the plan has the
// absolute path; both with the hash of their bytes.
Result<std::string> store_run(const std::string& root, const StoredRun& run);

// An error that names the run's folder when `path` is one of the files that store_run() writes, but not `wanted`: who
// wants to run a report again means its folder.
Status refuse_other_file(const std::string& path, const std::string& wanted);

// Pipeline, settings and seeded bugs as lines for a report.
std::vector<std::pair<std::string, std::string>> configuration_lines(const RunPlan& plan);

}  // namespace onceproof::scenarios
