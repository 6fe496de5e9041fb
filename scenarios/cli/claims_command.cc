// SPDX-License-Identifier: Apache-2.0
// list claims: every combination of the parts that decide a guarantee, what is claimed of it, under which conditions, and
// the damage that was seen: by the stored evidence, or by so many runs of drawn faults (--runs), of which none may be
// violated. --search looks for the evidence anew.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "reports/table.h"
#include "runtime/real/files.h"
#include "runtime/real/program.h"
#include "runtime/real/terminal.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/plan/catalogue.h"
#include "scenarios/search/claims_table.h"

namespace onceproof::scenarios::cli {

namespace {

using Json = nlohmann::ordered_json;

// What the runs of one row came to.
struct Tally {
  uint64_t runs = 0, valid = 0, violated = 0, inconclusive = 0;
  std::array<uint64_t, kAllDamages.size()> damaged{};
};
struct Violation {
  std::string combination, evidence, plan;
  uint64_t seed = 0;
};
struct Runs {
  std::vector<Tally> tallies;  // by combination
  std::vector<Violation> violations;
  bool interrupted = false;
};

// What violated its claim is kept as a plan that `replay` takes.
Result<std::string> keep(const Options& options, const ClaimRun& run, uint64_t seed) {
  const std::string folder = options.out + "/claims";
  if (const Status made = real::make_directories(folder); !made.ok()) return made.error();
  const std::string path = fmt::format("{}/plan-{:#x}.json", folder, seed);
  const Status written = real::write_file_atomically(path, to_json(PlanFile{{run.plan}}));
  if (!written.ok()) return written.error();
  return path;
}

Status add_run(const Options& options, size_t combination, const Scenario& job, uint64_t seed, Runs& runs) {
  const Result<ClaimRun> done = run_claim(all_combinations()[combination], job, seed);
  if (!done.ok()) return Status(done.error());
  const checkers::Verdict& verdict = done.value().result.report.verdict;
  Tally& tally = runs.tallies[combination];
  ++tally.runs;
  ++(verdict.outcome == checkers::Outcome::valid      ? tally.valid
     : verdict.outcome == checkers::Outcome::violated ? tally.violated
                                                      : tally.inconclusive);
  for (size_t i = 0; i < kAllDamages.size(); ++i) tally.damaged[i] += done.value().damages[i] ? 1 : 0;
  if (verdict.outcome != checkers::Outcome::violated) return {};
  const Result<std::string> plan = keep(options, done.value(), seed);
  if (!plan.ok()) return Status(plan.error());
  runs.violations.push_back({name_of(all_combinations()[combination]), verdict.evidence, plan.value(), seed});
  return {};
}

// Seed by seed through all combinations: faults, settings and workload as the profile swarm draws them.
Result<Runs> run_many(const Options& options, uint64_t first, uint64_t count) {
  Runs runs;
  runs.tallies.resize(all_combinations().size());
  Result<Scenario> job = claim_job("drawn");
  if (!job.ok()) return job.error();
  job = with_profile(job.take(), "swarm");
  if (!job.ok()) return job.error();
  real::catch_interrupts();
  for (uint64_t seed = first; seed < first + count && !runs.interrupted; ++seed) {
    const Status added = add_run(options, seed % all_combinations().size(), job.value(), seed, runs);
    if (!added.ok()) return added.error();
    if (real::is_terminal(real::kStandardError) && seed % 50 == 0) {
      fmt::print(stderr, "\r\033[K{}/{} runs, {} violated", seed - first + 1, count, runs.violations.size());
      std::fflush(stderr);
    }
    runs.interrupted = real::interrupted();
  }
  if (real::is_terminal(real::kStandardError)) fmt::print(stderr, "\r\033[K");
  return runs;
}

Tally total_of(const ClaimRow& row, const Runs& runs) {
  Tally total;
  for (const size_t index : row.combinations) {
    const Tally& one = runs.tallies[index];
    total.runs += one.runs;
    total.valid += one.valid;
    total.violated += one.violated;
    total.inconclusive += one.inconclusive;
    for (size_t i = 0; i < one.damaged.size(); ++i) total.damaged[i] += one.damaged[i];
  }
  return total;
}

std::string damaged_text(const Tally& tally) {
  std::string text;
  for (const Damage damage : kAllDamages) {
    const uint64_t count = tally.damaged[static_cast<size_t>(damage)];
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", to_string(damage), count);
  }
  return text.empty() ? "nothing" : text;
}

reports::Table heads(bool counts) {
  reports::Table table;
  table.columns = {{"sink"}, {"job"}, {"claim"}, {"order"}};
  if (counts) {
    for (const char* count : {"runs", "violated", "undecided"}) table.columns.push_back({count, reports::Align::right});
  }
  table.columns.push_back({"damage seen"});
  if (!counts) table.columns.push_back({"while"});
  return table;
}

// A table for each choice of offsets and checkpoints.
std::string table_of(const std::vector<Evidence>& evidence, const Runs* runs) {
  std::string text;
  const std::vector<ClaimRow> rows = claim_rows();
  for (size_t first = 0; first < rows.size();) {
    reports::Table table = heads(runs != nullptr);
    size_t next = first;
    for (; next < rows.size() && rows[next].offsets == rows[first].offsets &&
           rows[next].checkpoints == rows[first].checkpoints;
         ++next) {
      const ClaimRow& row = rows[next];
      auto& cells = table.rows.emplace_back();
      cells.emplace_back(row.timeout.empty() ? row.sink : row.sink + ", " + row.timeout);
      for (const std::string& cell : {row.job, row.claim, row.order}) cells.emplace_back(cell);
      if (runs == nullptr) {
        cells.emplace_back(seen_text(row, evidence));
        cells.emplace_back(row.conditions);
        continue;
      }
      const Tally tally = total_of(row, *runs);
      for (const uint64_t count : {tally.runs, tally.violated, tally.inconclusive}) cells.emplace_back(std::to_string(count));
      cells.emplace_back(damaged_text(tally));
    }
    const bool off = rows[first].checkpoints == "off";
    text += fmt::format("offsets {}, {}{}\n", rows[first].offsets, off ? "no checkpoints" : "barriers ",
                        off ? "" : rows[first].checkpoints);
    text += reports::print_table(table, text_options()) + "\n";
    first = next;
  }
  return text;
}

Json json_of(const std::vector<Evidence>& evidence, const Runs* runs) {
  Json rows = Json::array();
  for (const ClaimRow& row : claim_rows()) {
    Json one{{"offsets", row.offsets},   {"checkpoints", row.checkpoints}, {"sink", row.sink},
             {"timeout", row.timeout},   {"job", row.job},                 {"claim", row.claim},
             {"order", row.order},       {"conditions", row.conditions},   {"seen", seen_text(row, evidence)}};
    for (const size_t index : row.combinations) one["combinations"].push_back(name_of(all_combinations()[index]));
    if (runs != nullptr) {
      const Tally tally = total_of(row, *runs);
      one["runs"] = {{"runs", tally.runs},
                     {"valid", tally.valid},
                     {"violated", tally.violated},
                     {"inconclusive", tally.inconclusive}};
      for (const Damage damage : kAllDamages) one["runs"][to_string(damage)] = tally.damaged[static_cast<size_t>(damage)];
    }
    rows.push_back(std::move(one));
  }
  Json json{{"schema", 1}, {"version", real::program_version()}, {"claims", rows}};
  if (runs == nullptr) return json;
  json["violations"] = Json::array();
  for (const Violation& violation : runs->violations) {
    json["violations"].push_back({{"combination", violation.combination},
                                  {"seed", violation.seed},
                                  {"evidence", violation.evidence},
                                  {"plan", violation.plan}});
  }
  return json;
}

int search_evidence(const Options& options) {
  const auto seeds = parse_number(options.search, "--search", 1, 100'000);
  if (!seeds.ok()) return usage_error(seeds.error().message);
  const Result<std::vector<Evidence>> found = find_evidence(seeds.value());
  if (!found.ok()) {
    message(found.error().message);
    return kInternal;
  }
  print(to_json(found.value()));
  return kValid;
}

}  // namespace

int claims_command(const Options& options) {
  if (!options.search.empty()) return search_evidence(options);
  const Result<std::vector<Evidence>> evidence = stored_evidence();
  std::optional<Runs> runs;
  if (!options.runs.empty()) {
    const auto count = parse_number(options.runs, "--runs", 1, 1'000'000'000);
    const auto first = parse_number(options.first_seed, "--first-seed", 0, UINT64_MAX / 2);
    if (!count.ok()) return usage_error(count.error().message);
    if (!first.ok()) return usage_error(first.error().message);
    Result<Runs> done = run_many(options, first.value(), count.value());
    if (!done.ok()) {
      message(done.error().message);
      return kInternal;
    }
    runs = done.take();
  }
  if (!evidence.ok()) {
    message(evidence.error().message);
    return kInternal;
  }
  const Runs* counted = runs ? &*runs : nullptr;
  if (options.json) {
    print(reports::to_text(json_of(evidence.value(), counted)));
  } else {
    print(table_of(evidence.value(), counted));
    if (!runs) print("Damage seen: what a claim does not exclude; a stored run shows it for each of the row's combinations.\n");
  }
  if (!runs) return kValid;
  for (const Violation& violation : runs->violations) {
    message(fmt::format("violated: {} seed {:#x}: {}; onceproof replay {}", violation.combination, violation.seed,
                        violation.evidence, violation.plan));
  }
  if (runs->interrupted) return kInterrupted;
  return runs->violations.empty() ? kValid : kViolated;
}

}  // namespace onceproof::scenarios::cli
