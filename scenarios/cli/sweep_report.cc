// SPDX-License-Identifier: Apache-2.0
#include "scenarios/cli/sweep_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "runtime/real/program.h"

namespace onceproof::scenarios::cli {

namespace {

using reports::Json;

constexpr size_t kShown = 10;  // of a list, in text

double rate(const SweepResult& result) {
  return result.seconds > 0 ? static_cast<double>(result.runs_now) / result.seconds : 0.0;
}

Json fault_value(const FaultTally& fault) {
  return {{"armed", fault.armed}, {"fired", fault.fired}, {"measured", fault.measured}, {"effective", fault.effective}};
}

Json stacks_value(const Session& session, const SweepTally& tally) {
  Json stacks = Json::array();
  for (const std::string& name : session.stacks()) {  // weakest first
    const auto found = tally.stacks.find(name);
    const StackTally stack = found == tally.stacks.end() ? StackTally() : found->second;
    Json findings = Json::object();
    for (const auto& [kind, runs] : stack.findings) findings[kind] = runs;
    stacks.push_back({{"guarantee", name},
                      {"runs", stack.runs},
                      {"valid", stack.valid},
                      {"violated", stack.violated},
                      {"inconclusive", stack.inconclusive},
                      {"lost", stack.lost},
                      {"duplicated", stack.duplicated},
                      {"findings", findings}});
  }
  return stacks;
}

Json run_entry(const Session& session, uint64_t seed, const ListedRun& run) {
  return {{"seed", seed},
          {"guarantee", run.stack},
          {"findings", run.findings},
          {"story", run.story},
          {"reproduce", session.reproduce(seed, run.stack)}};
}

// {"total": n, "listed": at most RunList::kMost, "runs": [...]}
Json list_value(const Session& session, const RunList& list) {
  Json runs = Json::array();
  for (const auto& [place, run] : list.runs()) runs.push_back(run_entry(session, place.first, run));
  return {{"total", list.total()}, {"listed", list.runs().size()}, {"runs", std::move(runs)}};
}

// An option as the number that it was checked to be; null where it was not given.
Json number_value(const std::string& text) {
  const Result<uint64_t> number = parse_number(text, "", 0, UINT64_MAX);
  return number.ok() ? Json(number.value()) : Json();
}

Json options_value(const Session& session, const Options& options) {
  return {{"seeds", number_value(options.seeds)},
          {"first_seed", number_value(options.first_seed)},
          {"shard", options.shard},
          {"stacks", session.stacks()},
          {"profile", session.request().profile},
          {"input", session.request().input},
          {"bugs", session.request().bugs},
          {"check_determinism", options.check_determinism},
          {"stop_at", number_value(options.stop_at)},
          {"effective_every", number_value(options.effective_every)},
          {"keep", number_value(options.keep)}};
}

void put_list(std::string& text, const Session& session, const char* verdict, const RunList& list, size_t& shown) {
  for (const auto& [place, run] : list.runs()) {
    if (++shown > kShown) return;
    const std::string kinds = run.findings.empty() ? "" : fmt::format(" ({})", fmt::join(run.findings, ", "));
    text += wrapped(fmt::format("{} {}{}: {}", verdict, run.stack, kinds, run.story));
    text += "  reproduce: " + session.reproduce(place.first, run.stack) + "\n";  // one line, to be pasted
  }
}

}  // namespace

std::string sweep_text(const Session& session, const SweepResult& result) {
  const SweepTally& tally = result.tally;
  std::string text = fmt::format(
      "{}: {} seeds, {} runs, {:.0f} runs/s\n"
      "violations {}   nondeterministic {}   inconclusive {}\n"
      "control effective in {} of {} seeds\n",
      session.scenario_name(), tally.seeds, tally.runs, rate(result), tally.violating.total(), tally.nondeterministic,
      tally.inconclusive.total(), tally.control_effective, tally.seeds);
  const FaultTally faults = tally.all_faults();
  text += fmt::format("faults armed {}, fired {}", faults.armed, faults.fired);
  if (faults.measured > 0) {
    text += fmt::format("; of {} that were left out once, {} had been effective", faults.measured, faults.effective);
  }
  text += "\n";
  size_t shown = 0;
  for (const auto& [place, run] : tally.differing.runs()) {
    if (++shown <= kShown) text += wrapped("nondeterministic: " + run.story);
  }
  put_list(text, session, "violated", tally.violating, shown);
  put_list(text, session, "inconclusive", tally.inconclusive, shown);
  const uint64_t all = tally.differing.total() + tally.violating.total() + tally.inconclusive.total();
  if (all > kShown) text += fmt::format("... and {} more\n", all - kShown);
  for (const KeptRun& kept : result.kept) {
    text += fmt::format("kept: seed {:#x} in {}/report.html\n", kept.seed, kept.folder);
  }
  return text;
}

std::string sweep_json(const Session& session, const Options& options, const SweepResult& result) {
  const SweepTally& tally = result.tally;
  Json kinds = Json::object();
  for (const auto& [kind, fault] : tally.faults) kinds[kind] = fault_value(fault);
  Json differing = Json::array();
  for (const auto& [place, run] : tally.differing.runs()) differing.push_back({{"seed", place.first}, {"story", run.story}});
  Json kept = Json::array();
  for (const KeptRun& run : result.kept) {
    kept.push_back({{"seed", run.seed},
                    {"folder", run.folder},
                    {"report", run.folder + "/report.html"},
                    {"junit", run.folder + "/junit.xml"}});
  }
  const auto& violating = tally.violating.runs();
  const Json first =
      violating.empty() ? Json() : run_entry(session, violating.begin()->first.first, violating.begin()->second);
  return reports::to_text(Json{{"schema", 1},
                               {"version", real::program_version()},
                               {"build", real::build_info()},
                               {"scenario", session.scenario_name()},
                               {"options", options_value(session, options)},
                               {"complete", result.complete},
                               {"seeds", tally.seeds},
                               {"runs", tally.runs},
                               {"violations", tally.violating.total()},
                               {"nondeterministic", tally.nondeterministic},
                               {"inconclusive", tally.inconclusive.total()},
                               {"control_effective", tally.control_effective},
                               {"guarantees", stacks_value(session, tally)},
                               {"faults", fault_value(tally.all_faults())},
                               {"fault_kinds", kinds},
                               {"runs_per_second", rate(result)},
                               {"first_violation", first},
                               {"violating", list_value(session, tally.violating)},
                               {"inconclusive_runs", list_value(session, tally.inconclusive)},
                               {"nondeterministic_seeds", differing},
                               {"kept", kept}});
}

}  // namespace onceproof::scenarios::cli
