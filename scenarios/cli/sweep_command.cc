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
#include "scenarios/search/sweep_state.h"

namespace onceproof::scenarios::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownViolations = 10;

struct Totals {
  uint64_t seeds = 0, runs = 0, violations = 0, nondeterministic = 0, inconclusive = 0, control_effective = 0;
  uint64_t armed = 0, fired = 0;                       // faults of all runs
  uint64_t measured_fired = 0, measured_effective = 0;  // of the seeds whose faults were left out one by one
  const SeedOutcome* first_violation = nullptr;
  const StackOutcome* first_violated_stack = nullptr;
};

Totals totals_of(const std::map<uint64_t, SeedOutcome>& finished, bool twice) {
  Totals totals;
  for (const auto& [seed, outcome] : finished) {
    ++totals.seeds;
    totals.runs += outcome.stacks.size() * (twice ? 2 : 1);
    totals.control_effective += outcome.control_effective;
    totals.nondeterministic += !outcome.nondeterminism.empty();
    for (const StackOutcome& stack : outcome.stacks) {
      totals.armed += stack.armed;
      totals.fired += stack.fired;
      totals.measured_fired += outcome.effects_measured ? stack.fired : 0;
      totals.measured_effective += outcome.effects_measured ? stack.effective : 0;
      totals.inconclusive += stack.verdict == "inconclusive";
      if (stack.verdict != "violated") continue;
      ++totals.violations;
      if (totals.first_violation != nullptr) continue;
      totals.first_violation = &outcome;
      totals.first_violated_stack = &stack;
    }
  }
  return totals;
}

Result<std::vector<uint64_t>> seeds_of(const Options& options) {
  const auto count = parse_number(options.seeds, "--seeds", 0, 1'000'000'000);
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
  const Json json = {{"sweep", 1},
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

Json json_of(const Session& session, const Totals& totals, double seconds, uint64_t runs_now) {
  Json first = nullptr;
  if (totals.first_violation != nullptr) {
    const StackOutcome& stack = *totals.first_violated_stack;
    first = {{"seed", totals.first_violation->seed},
             {"guarantee", stack.stack},
             {"story", stack.story},
             {"reproduce", session.reproduce(totals.first_violation->seed, stack.stack)}};
  }
  return {{"schema", 1},
          {"scenario", session.scenario_name()},
          {"seeds", totals.seeds},
          {"runs", totals.runs},
          {"violations", totals.violations},
          {"nondeterministic", totals.nondeterministic},
          {"inconclusive", totals.inconclusive},
          {"control_effective", totals.control_effective},
          {"faults",
           {{"armed", totals.armed},
            {"fired", totals.fired},
            {"measured", totals.measured_fired},
            {"effective", totals.measured_effective}}},
          {"runs_per_second", seconds > 0 ? static_cast<double>(runs_now) / seconds : 0.0},
          {"first_violation", first}};
}

std::string text_of(const Session& session, const std::map<uint64_t, SeedOutcome>& finished, const Totals& totals,
                    double seconds, uint64_t runs_now) {
  std::string text = fmt::format(
      "{}: {} seeds, {} runs, {:.0f} runs/s\n"
      "violations {}   nondeterministic {}   inconclusive {}   control effective in {} of {} seeds\n",
      session.scenario_name(), totals.seeds, totals.runs, seconds > 0 ? static_cast<double>(runs_now) / seconds : 0.0,
      totals.violations, totals.nondeterministic, totals.inconclusive, totals.control_effective, totals.seeds);
  text += fmt::format("faults armed {}, fired {}", totals.armed, totals.fired);
  if (totals.measured_fired > 0) {
    text += fmt::format("; of {} that were left out once, {} had been effective", totals.measured_fired,
                        totals.measured_effective);
  }
  text += "\n";
  size_t shown = 0;
  for (const auto& [seed, outcome] : finished) {
    if (!outcome.nondeterminism.empty() && shown < kShownViolations)
      text += "nondeterministic: " + outcome.nondeterminism + "\n";
    for (const StackOutcome& stack : outcome.stacks) {
      if (stack.verdict == "valid" || ++shown > kShownViolations) continue;
      text += fmt::format("{} {}: {}\n  reproduce: {}\n", stack.verdict, stack.stack, stack.story,
                          session.reproduce(seed, stack.stack));
    }
  }
  if (shown > kShownViolations) text += fmt::format("... and {} more\n", shown - kShownViolations);
  return text;
}

int exit_code(const Totals& totals) {
  if (totals.nondeterministic > 0) return kNondeterministic;
  if (totals.violations > 0) return kViolated;
  return totals.inconclusive > 0 ? kInconclusive : kValid;
}

}  // namespace

int sweep_command(const Options& options) {
  const auto seeds = seeds_of(options);
  if (!seeds.ok()) return usage_error(seeds.error().message);
  const auto jobs = options.jobs.empty() ? Result<uint64_t>(static_cast<uint64_t>(real::cpu_count()))
                                         : parse_number(options.jobs, "--jobs", 1, 256);
  if (!jobs.ok()) return usage_error(jobs.error().message);
  const auto stop_at = options.stop_at.empty() ? Result<uint64_t>(UINT64_MAX)
                                               : parse_number(options.stop_at, "--stop-at", 1, UINT64_MAX);
  if (!stop_at.ok()) return usage_error(stop_at.error().message);
  const auto every = parse_number(options.effective_every, "--effective-every", 0, UINT64_MAX);
  if (!every.ok()) return usage_error(every.error().message);
  Request request = request_of(options);
  request.effective_every = every.value();
  Result<Session> session = Session::open(request);
  if (!session.ok()) return usage_error(session.error().message);
  if (seeds.value().empty()) {
    message("no seed is in this sweep");
    return kNothingMatched;
  }
  const auto plans = session.value().plans(seeds.value().front());  // a bad input is told before workers start
  if (!plans.ok()) return usage_error(plans.error().message);

  const std::string identity = identity_of(options, session.value(), plans.value().front().input.content_hash);
  const std::string path = options.resume.empty() ? fmt::format("{}/{}/sweep-{:016x}.jsonl", options.out,
                                                                session.value().scenario_name(), hash64(identity))
                                                  : options.resume;
  Result<SweepState> state = SweepState::open(path, identity);
  if (!state.ok()) return usage_error(state.error().message);

  message(fmt::format("{} seeds {:#x} to {:#x}, {} workers", session.value().scenario_name(), seeds.value().front(),
                      seeds.value().back(), jobs.value()));
  SweepOptions sweep;
  sweep.jobs = static_cast<int>(options.check_determinism ? std::max<uint64_t>(jobs.value(), 2) : jobs.value());
  sweep.check_determinism = options.check_determinism;
  sweep.stop_at = stop_at.value();
  sweep.progress = real::is_terminal(real::kStandardError);
  const double begin = real::monotonic_seconds();
  const SweepEnd end = run_sweep(session.value(), seeds.value(), sweep, state.value());
  const double seconds = real::monotonic_seconds() - begin;
  if (!end.error.empty()) message(end.error);

  const std::map<uint64_t, SeedOutcome>& finished = state.value().finished();
  const Totals totals = totals_of(finished, options.check_determinism);
  print(options.json ? reports::to_text(json_of(session.value(), totals, seconds, end.runs))
                     : text_of(session.value(), finished, totals, seconds, end.runs));
  if (end.interrupted) {
    message(fmt::format("interrupted; {} finished seeds are kept in {}, the same command goes on from there",
                        finished.size(), state.value().path()));
    return kInterrupted;
  }
  if (options.resume.empty() && end.error.empty()) state.value().remove();
  return end.error.empty() ? exit_code(totals) : kInternal;
}

}  // namespace onceproof::scenarios::cli
