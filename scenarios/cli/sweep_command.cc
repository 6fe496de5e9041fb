// SPDX-License-Identifier: Apache-2.0
// sweep: many seeds over worker processes. Each seed runs under every stack; with --check-determinism a second
// time in another worker, and the traces must be equal. The totals are built from the finished seeds alone, so
// a resumed sweep reports what an uninterrupted one would.
#include "scenarios/search/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "runtime/base/hash.h"
#include "runtime/real/files.h"
#include "runtime/real/program.h"
#include "runtime/real/terminal.h"
#include "runtime/real/wall_clock.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/cli/sweep_report.h"
#include "scenarios/search/sweep.h"
#include "scenarios/search/whole_run.h"

namespace onceproof::scenarios::cli {

namespace {

Result<std::vector<uint64_t>> seeds_of(const Options& options) {
  const auto count = parse_number(options.seeds, decider(options, "--seeds"), 0, 1'000'000'000);
  if (!count.ok()) return count.error();
  const auto first = parse_number(options.first_seed, "--first-seed", 0, UINT64_MAX - count.value());
  if (!first.ok()) return first.error();
  uint64_t shard = 1, shards = 1;
  if (!options.shard.empty()) {
    const size_t slash = options.shard.find('/');
    const auto total =
        parse_number(slash == std::string::npos ? "" : options.shard.substr(slash + 1), "--shard i/n: n", 1, 1'000'000);
    if (!total.ok()) return total.error();
    const auto index = parse_number(options.shard.substr(0, slash), "--shard i/n: i", 1, total.value());
    if (!index.ok()) return index.error();
    shard = index.value();
    shards = total.value();
  }
  std::vector<uint64_t> seeds;
  for (uint64_t i = shard - 1; i < count.value(); i += shards) seeds.push_back(first.value() + i);
  return seeds;
}

// One line that says what this sweep is: the same line, the same results.
std::string identity_of(const Options& options, const Session& session, const std::string& input_hash) {
  const Result<std::string> program = real::read_file(real::program_path());
  const reports::Json json = {{"sweep", 2},
                     {"version", real::program_version()},
                     {"program", program.ok() ? fmt::format("{:016x}", hash64(program.value())) : "unknown"},
                     {"request", to_line(session.request())},
                     {"input", input_hash},
                     {"first_seed", options.first_seed},
                     {"seeds", options.seeds},
                     {"shard", options.shard},
                     {"check_determinism", options.check_determinism}};
  std::string line = reports::to_text(json, -1);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

int exit_code(const SweepTally& tally) {
  if (tally.nondeterministic > 0) return kNondeterministic;
  if (tally.violating.total() > 0) return kViolated;
  return tally.inconclusive.total() > 0 ? kInconclusive : kValid;
}

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument: return kUsage;
    case ErrorCode::io_error:
    case ErrorCode::disk_full: return kNotWritten;
    default: return kInternal;
  }
}

// The options of a sweep, as numbers.
struct Numbers {
  std::vector<uint64_t> seeds;
  uint64_t jobs = 1, stop_at = UINT64_MAX, keep = 0, effective_every = 0;
};

Result<Numbers> numbers_of(const Options& options) {
  Numbers numbers;
  const auto seeds = seeds_of(options);
  if (!seeds.ok()) return seeds.error();
  numbers.seeds = seeds.value();
  const auto number = [&](const std::string& text, const char* flag, uint64_t low, uint64_t high, uint64_t& into) {
    const Result<uint64_t> value = parse_number(text, decider(options, flag), low, high);
    if (value.ok()) into = value.value();
    return value.ok() ? Status() : Status(value.error());
  };
  Status status;
  numbers.jobs = static_cast<uint64_t>(real::cpu_count());
  if (!options.jobs.empty()) status = number(options.jobs, "--jobs", 1, 256, numbers.jobs);
  if (status.ok() && !options.stop_at.empty()) status = number(options.stop_at, "--stop-at", 1, UINT64_MAX, numbers.stop_at);
  if (status.ok()) status = number(options.keep, "--keep", 0, RunList::kMost, numbers.keep);
  if (status.ok()) status = number(options.effective_every, "--effective-every", 0, UINT64_MAX, numbers.effective_every);
  if (!status.ok()) return status.error();
  if (options.check_determinism) numbers.jobs = std::max<uint64_t>(numbers.jobs, 2);
  return numbers;
}

// The violating seeds with the lowest numbers, each run again and stored as `run` does. False: one could not be.
bool keep_runs(Session& session, const Options& options, uint64_t most, SweepResult& result) {
  for (const auto& [place, run] : result.tally.violating.runs()) {
    if (result.kept.size() >= most || real::interrupted()) break;
    const uint64_t seed = place.first;
    if (!result.kept.empty() && result.kept.back().seed == seed) continue;  // its other guarantee
    const Result<WholeRun> whole = run_whole(session, seed);
    const Result<std::string> folder =
        whole.ok() ? store_whole(session, seed, whole.value(), options.out) : Result<std::string>(whole.error());
    if (!folder.ok()) {
      message(fmt::format("the run of seed {:#x} could not be stored: {}", seed, folder.error().message));
      return false;
    }
    result.kept.push_back({seed, folder.value()});
  }
  return true;
}

int run_and_report(const Options& options, const Numbers& numbers, Session& session, SweepState& state) {
  message(fmt::format("{} seeds {:#x} to {:#x}, {} workers", session.scenario_name(), numbers.seeds.front(),
                      numbers.seeds.back(), numbers.jobs));
  SweepOptions sweep;
  sweep.jobs = static_cast<int>(numbers.jobs);
  sweep.check_determinism = options.check_determinism;
  sweep.stop_at = numbers.stop_at;
  sweep.progress = real::is_terminal(real::kStandardError);
  const double begin = real::monotonic_seconds();
  const SweepEnd end = run_sweep(session, numbers.seeds, sweep, state);
  SweepResult result{state.tally(), {}, real::monotonic_seconds() - begin, end.runs,
                     state.finished_count() == numbers.seeds.size()};
  if (end.error) message(end.error->message);
  const bool kept = end.interrupted || end.error || keep_runs(session, options, numbers.keep, result);
  print(options.json ? sweep_json(session, options, result) : sweep_text(session, result));
  flush_output();
  if (end.interrupted) {
    message(fmt::format("interrupted; {} finished seeds are kept in {}, the same command goes on from there",
                        state.finished_count(), state.path()));
    return kInterrupted;
  }
  if (end.error) return exit_code(*end.error);
  if (options.resume.empty()) state.remove();
  return kept ? exit_code(state.tally()) : kNotWritten;
}

}  // namespace

int sweep_command(const Options& options) {
  const Result<Numbers> numbers = numbers_of(options);
  if (!numbers.ok()) return usage_error(numbers.error().message);
  Result<Request> request = request_of(options);
  if (!request.ok()) return usage_error(request.error().message);
  request.value().effective_every = numbers.value().effective_every;
  Result<Session> session = open_session(options, request.value());
  if (!session.ok()) return usage_error(session.error().message);
  if (numbers.value().seeds.empty()) {
    message("no seed is in this sweep");
    return kNothingMatched;
  }
  if (const Status status = check_rereadable(options.input); !status.ok()) return usage_error(status.error().message);
  const auto plans = session.value().plans(numbers.value().seeds.front());  // a bad input is told before workers start
  if (!plans.ok()) return usage_error(plans.error().message);
  const Status own = check_rereadable(plans.value().front().input.spec.path);
  if (!own.ok()) return usage_error(own.error().message);

  const std::string identity = identity_of(options, session.value(), plans.value().front().input.content_hash);
  const std::string path = options.resume.empty() ? fmt::format("{}/{}/sweep-{:016x}.jsonl", options.out,
                                                                session.value().scenario_name(), hash64(identity))
                                                  : options.resume;
  Result<SweepState> state = SweepState::open(path, identity);
  if (!state.ok()) return failure(state.error());
  return run_and_report(options, numbers.value(), session.value(), state.value());
}

}  // namespace onceproof::scenarios::cli
