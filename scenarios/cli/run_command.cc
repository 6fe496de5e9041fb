// SPDX-License-Identifier: Apache-2.0
// run, replay: one seed under each stack, the table of verdicts, the stored run.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "checkers/control.h"
#include "reports/json.h"
#include "reports/table.h"
#include "runtime/real/program.h"
#include "runtime/real/workers.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/run/run_folder.h"
#include "scenarios/search/effects.h"
#include "scenarios/search/seed_outcome.h"
#include "scenarios/search/worker.h"

namespace onceproof::scenarios::cli {

namespace {

struct Finished {
  std::vector<RunPlan> plans;
  std::vector<RunResult> results;
  std::string control;
};

Result<Finished> run_all(Session& session, uint64_t seed) {
  Result<std::vector<RunPlan>> plans = session.plans(seed);
  if (!plans.ok()) return plans.error();
  Finished finished;
  finished.plans = plans.take();
  std::vector<checkers::Verdict> verdicts;
  for (const RunPlan& plan : finished.plans) {
    Result<RunResult> result = session.run(plan);
    if (!result.ok()) return result.error();
    const Status measured = measure_effects(session, plan, result.value());
    if (!measured.ok()) return Error{measured.code(), measured.error().message};
    verdicts.push_back(result.value().report.verdict);
    finished.results.push_back(result.take());
  }
  finished.control = checkers::control(verdicts).sentence;
  return finished;
}

// The second run, in another process with another heap. Returns the differences, one sentence each.
Result<std::vector<std::string>> differences(Session& session, uint64_t seed, const Finished& finished) {
  real::WorkerPool pool({"worker"});
  const Status status = start_workers(pool, 1, session.request(), MemoryFill::own_pattern);
  if (!status.ok()) return status.error();
  std::vector<std::string> found;
  pool.send(0, fmt::format("run {}", seed));
  const real::WorkerEvent event = pool.next();
  if (event.kind != real::WorkerEvent::Kind::line) {
    return Error{ErrorCode::io_error, "the second run's process " + real::describe_death(event)};
  }
  if (!event.line.starts_with("outcome ")) return Error{ErrorCode::io_error, event.line};
  const Result<SeedOutcome> second = outcome_from_line(event.line.substr(8));
  if (!second.ok()) return second.error();
  for (size_t i = 0; i < finished.results.size(); ++i) {
    if (finished.results[i].report.trace_hash == second.value().stacks[i].trace_hash) continue;
    found.push_back(name_difference(session, seed, finished.plans[i].guarantee, pool, 0));
  }
  return found;
}

int exit_code(const std::vector<RunResult>& results) {
  bool inconclusive = false;
  for (const RunResult& result : results) {
    if (result.report.verdict.outcome == checkers::Outcome::violated) return kViolated;
    inconclusive |= result.report.verdict.outcome == checkers::Outcome::inconclusive;
  }
  return inconclusive ? kInconclusive : kValid;
}

reports::ReportContext context_of(const Session& session, uint64_t seed, const Finished& finished) {
  reports::ReportContext context;
  context.title = session.scenario_name();
  context.command = session.reproduce(seed);
  context.version = real::program_version();
  context.control = finished.control;
  context.configuration = configuration_lines(finished.plans.front());
  return context;
}

int finish(const Options& options, Session& session, uint64_t seed) {
  // The seed comes first, before anything can go wrong with the run; with --json it must not disturb the object.
  if (options.json) {
    message(fmt::format("{} seed {:#x}", session.scenario_name(), seed));
  } else {
    print(fmt::format("{} seed {:#x}\n", session.scenario_name(), seed));
    std::fflush(stdout);
  }
  Result<Finished> finished = run_all(session, seed);
  if (!finished.ok()) return usage_error(finished.error().message);
  const Finished& done = finished.value();
  int code = exit_code(done.results);

  std::vector<checkers::RunReport> reports;
  for (const RunResult& result : done.results) reports.push_back(result.report);
  print(options.json ? reports::run_json(reports) : reports::verdict_table(reports, done.control, text_options()));

  if (options.check_determinism) {
    const auto different = differences(session, seed, done);
    if (!different.ok()) {
      message("the second run failed: " + different.error().message);
      return kInternal;
    }
    for (const std::string& words : different.value()) message("nondeterministic: " + words);
    if (!different.value().empty())
      code = kNondeterministic;
    else
      message("deterministic: a second run in another process gave the same trace");
  }
  const auto say = [&](const std::string& line) {
    if (options.json)
      fmt::print(stderr, "{}\n", line);
    else
      print(line + "\n");
  };
  const Result<std::string> folder =
      store_run(options.out, {done.plans, &done.results, context_of(session, seed, done)});
  if (folder.ok())
    say(fmt::format("report: {}/report.html", folder.value()));
  else
    message("the run could not be stored: " + folder.error().message);
  say("reproduce: " + session.reproduce(seed));
  return code;
}

}  // namespace

int run_command(const Options& options) {
  const Result<uint64_t> seed = parse_number(options.seed, "--seed", 0, UINT64_MAX);
  if (!seed.ok()) return usage_error(seed.error().message);
  Result<Session> session = open_session(options);
  if (!session.ok()) return usage_error(session.error().message);
  return finish(options, session.value(), seed.value());
}

int replay_command(const Options& options) {
  Request request = request_of(options);
  request.scenario.clear();
  request.plan_path = options.target;
  Result<Session> session = Session::open(request);
  if (!session.ok()) return usage_error(session.error().message);
  return finish(options, session.value(), session.value().replay_seed());
}

int worker_command() {
  Worker worker;
  for (std::string line; real::read_line(line);) {
    if (!real::write_line(worker.answer(line))) return kInternal;  // nobody listens any more
  }
  return kValid;
}

}  // namespace onceproof::scenarios::cli
