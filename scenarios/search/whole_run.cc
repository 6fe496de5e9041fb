// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/whole_run.h"

#include "runtime/real/program.h"
#include "scenarios/run/run_folder.h"
#include "scenarios/search/effects.h"
#include "scenarios/search/worker.h"

namespace onceproof::scenarios {

Result<WholeRun> run_whole(Session& session, uint64_t seed) {
  Result<std::vector<RunPlan>> plans = session.plans(seed);
  if (!plans.ok()) return plans.error();
  WholeRun run;
  run.plans = plans.take();
  std::vector<const checkers::Verdict*> verdicts;
  for (const RunPlan& plan : run.plans) {
    Result<RunResult> result = session.run(plan);
    if (!result.ok()) return result.error();
    const Status measured = measure_effects(session, plan, result.value());
    if (!measured.ok()) return Error{measured.code(), measured.error().message};
    run.reference = result.value().reference;
    run.traces.push_back(std::move(result.value().trace));
    run.reports.push_back(std::move(result.value().report));  // a history is large: it is never copied
  }
  for (const checkers::RunReport& report : run.reports) verdicts.push_back(&report.verdict);
  std::vector<checkers::Verdict> beside;
  const Status added = add_control_runs(session, seed, beside);
  if (!added.ok()) return Error{added.code(), added.error().message};
  for (const checkers::Verdict& verdict : beside) verdicts.push_back(&verdict);
  run.control = checkers::control(verdicts);
  return run;
}

Result<std::string> store_whole(const Session& session, uint64_t seed, const WholeRun& run, const std::string& root) {
  StoredRun stored;
  stored.plans = run.plans;
  stored.reports = &run.reports;
  stored.traces = &run.traces;
  stored.reference = run.reference;
  stored.input_text = session.input_of(run.plans.front()).text;
  stored.context.title = session.scenario_name();
  stored.context.command = session.reproduce(seed);
  stored.context.version = real::program_version();
  stored.context.control = run.control.sentence;
  stored.context.configuration = configuration_lines(run.plans.front());
  return store_run(root, stored);
}

}  // namespace onceproof::scenarios
