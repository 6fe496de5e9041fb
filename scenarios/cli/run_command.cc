// SPDX-License-Identifier: Apache-2.0
// run, replay: one seed under each stack, the table of verdicts, the stored run.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "checkers/control.h"
#include "reports/json.h"
#include "reports/names.h"
#include "reports/table.h"
#include "reports/text.h"
#include "runtime/real/program.h"
#include "runtime/real/workers.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/search/seed_outcome.h"
#include "scenarios/search/whole_run.h"
#include "scenarios/search/worker.h"

namespace onceproof::scenarios::cli {

namespace {

// The second run, in another process with another heap. Returns the differences, one sentence each.
Result<std::vector<std::string>> differences(Session& session, uint64_t seed, const WholeRun& whole) {
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
  for (size_t i = 0; i < whole.reports.size(); ++i) {
    if (whole.reports[i].trace_hash == second.value().stacks[i].trace_hash) continue;
    found.push_back(name_difference(session, seed, whole.plans[i].guarantee, pool, 0));
  }
  return found;
}

int exit_code(const std::vector<checkers::RunReport>& reports) {
  bool inconclusive = false;
  for (const checkers::RunReport& report : reports) {
    if (report.verdict.outcome == checkers::Outcome::violated) return kViolated;
    inconclusive |= report.verdict.outcome == checkers::Outcome::inconclusive;
  }
  return inconclusive ? kInconclusive : kValid;
}

// What became of a run besides its verdicts.
struct Ending {
  std::optional<bool> deterministic;  // absent: not looked for, or the second run failed
  std::vector<std::string> differences;
  std::string folder;  // empty: the run could not be stored
};

std::string json_of(const Session& session, uint64_t seed, const WholeRun& whole, const Ending& ending) {
  reports::Json json = reports::run_value(whole.reports);
  json["version"] = real::program_version();
  json["profile"] = session.is_replay() ? reports::Json() : reports::Json(session.request().profile);
  json["control"] = {{"effective", whole.control.effective}, {"reason", whole.control.reason}, {"sentence", whole.control.sentence}};
  json["deterministic"] = ending.deterministic ? reports::Json(*ending.deterministic) : reports::Json();
  if (!ending.differences.empty()) json["differences"] = ending.differences;
  const bool stored = !ending.folder.empty();
  json["folder"] = stored ? reports::Json(ending.folder) : reports::Json();
  json["report"] = stored ? reports::Json(ending.folder + "/report.html") : reports::Json();
  json["junit"] = stored ? reports::Json(ending.folder + "/junit.xml") : reports::Json();
  json["reproduce"] = session.reproduce(seed);
  return reports::to_text(json);
}

void watch_on_terminal(Session& session, Progress& progress) {
  session.watch([&progress](const RunProgress& run) {
    const uint64_t percent = run.records == 0 ? 100 : 100 * run.read / run.records;
    progress.show(fmt::format("{}: {}, {} of virtual time, {} of {} records ({} %)", run.stack,
                              run.judging ? "judging" : "running", reports::instant_text(run.now_us / 1'000'000 * 1'000'000),
                              reports::grouped(run.read), reports::grouped(run.records), percent));
  });
}

// 0, or the exit code of what went wrong with the second run.
int compare(Session& session, uint64_t seed, const WholeRun& whole, Ending& ending) {
  const auto different = differences(session, seed, whole);
  if (!different.ok()) {
    message("the second run failed: " + different.error().message);
    return kInternal;
  }
  ending.differences = different.value();
  ending.deterministic = ending.differences.empty();
  for (const std::string& words : ending.differences) message("nondeterministic: " + words);
  if (!*ending.deterministic) return kNondeterministic;
  message("deterministic: a second run in another process gave the same trace");
  return 0;
}

int finish(const Options& options, Session& session, uint64_t seed) {
  // The seed comes first, before anything can go wrong with the run; with --json it must not disturb the object.
  if (options.json) {
    message(fmt::format("{} seed {:#x}", session.scenario_name(), seed));
  } else {
    print(fmt::format("{} seed {:#x}\n", session.scenario_name(), seed));
    flush_output();
  }
  Progress progress;
  watch_on_terminal(session, progress);
  progress.show("reading the input");
  Result<WholeRun> finished = run_whole(session, seed);
  progress.clear();
  session.watch({});
  if (!finished.ok()) return usage_error(finished.error().message);
  const WholeRun& whole = finished.value();
  Ending ending;
  int code = exit_code(whole.reports);
  if (!options.json) {
    print(reports::verdict_table(whole.reports, whole.control.sentence, text_options()));
    flush_output();
  }
  if (options.check_determinism) {
    if (const int wrong = compare(session, seed, whole, ending); wrong != 0) code = wrong;
  }
  real::catch_interrupts();  // half a folder would stay behind
  const Result<std::string> folder = store_whole(session, seed, whole, options.out);
  if (folder.ok()) {
    ending.folder = folder.value();
  } else {
    message("the run could not be stored: " + folder.error().message);
    code = kNotWritten;
  }
  const auto tell = [&](const std::string& line) { options.json ? say(line) : print(line + "\n"); };
  if (options.json) print(json_of(session, seed, whole, ending));
  if (folder.ok()) tell(fmt::format("report: {}/report.html", ending.folder));
  tell("reproduce: " + session.reproduce(seed));
  return real::interrupted() ? kInterrupted : code;
}

// Everything that can be wrong with what a person asked for, before anything is printed.
int checked(const Options& options, Session& session, uint64_t seed) {
  const bool twice = options.check_determinism;
  Status status = twice ? check_rereadable(options.input) : Status();
  if (!status.ok()) return usage_error(status.error().message);
  const auto plans = session.plans(seed);
  if (!plans.ok()) return usage_error(plans.error().message);
  if (twice) status = check_rereadable(plans.value().front().input.spec.path);
  return status.ok() ? finish(options, session, seed) : usage_error(status.error().message);
}

}  // namespace

int run_command(const Options& options) {
  const Result<uint64_t> seed = parse_number(options.seed, decider(options, "--seed"), 0, UINT64_MAX);
  if (!seed.ok()) return usage_error(seed.error().message);
  const Result<Request> request = request_of(options);
  if (!request.ok()) return usage_error(request.error().message);
  Result<Session> session = open_session(options, request.value());
  if (!session.ok()) return usage_error(session.error().message);
  return checked(options, session.value(), seed.value());
}

int replay_command(const Options& options) {
  Result<Request> request = request_of(options);
  if (!request.ok()) return usage_error(request.error().message);
  request.value().plan_path = options.target;
  request.value().scenario.clear();
  request.value().input.clear();  // of the environment: a replay has its own
  Result<Session> session = open_session(options, request.value());
  if (!session.ok()) return usage_error(session.error().message);
  return checked(options, session.value(), session.value().replay_seed());
}

int worker_command() {
  Worker worker;
  for (std::string line; real::read_line(line);) {
    if (!real::write_line(worker.answer(line))) return kInternal;  // nobody listens any more
  }
  return kValid;
}

}  // namespace onceproof::scenarios::cli
