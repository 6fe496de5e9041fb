// SPDX-License-Identifier: Apache-2.0
// list points --coverage: runs the stock suites (every scenario of the catalogue under every profile and stack) and says
// what was hit, struck and effective; what was never, with the reason. The first effect of each thing is looked for; after
// that it is only counted as fired.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "reports/table.h"
#include "runtime/real/program.h"
#include "runtime/real/terminal.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/plan/catalogue.h"
#include "scenarios/search/coverage.h"

namespace onceproof::scenarios::cli {

namespace {

using Json = nlohmann::ordered_json;

// One scenario under one profile. False: interrupted.
Result<bool> run_suite(const std::string& scenario, const std::string& profile, uint64_t first, uint64_t seeds,
                       Coverage& coverage) {
  Request request;
  request.scenario = scenario;
  request.profile = profile;
  Result<Session> session = Session::open(request);
  if (!session.ok()) return session.error();
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const auto plans = session.value().plans(seed);
    if (!plans.ok()) return plans.error();
    for (const RunPlan& plan : plans.value()) {
      const Status added = coverage.add(session.value(), plan);
      if (!added.ok()) return added.error();
    }
    if (real::is_terminal(real::kStandardError)) {
      std::fputs(fmt::format("\r\033[K{} {} seed {}/{}  {} runs", scenario, profile, seed - first + 1, seeds,
                             coverage.runs()).c_str(), stderr);
      std::fflush(stderr);
    }
    if (real::interrupted()) return false;
  }
  return true;
}

std::string remark(const std::string& name, const CoverageCount& count) {
  if (count.effective > 0) return "";
  const char* reason = Coverage::reason(name);
  return reason != nullptr ? reason : count.fired > 0 ? "NEVER EFFECTIVE" : "NEVER STRUCK";
}

std::string table_of(const std::map<std::string, CoverageCount>& counts, bool points) {
  reports::Table table;
  table.columns.push_back({points ? "point" : "fault"});
  if (points) table.columns.push_back({"hits", reports::Align::right});
  table.columns.push_back({"struck", reports::Align::right});
  table.columns.push_back({"effective"});
  table.columns.push_back({"never, because"});
  for (const auto& [name, count] : counts) {
    auto& row = table.rows.emplace_back();
    row.emplace_back(name);
    if (points) row.emplace_back(fmt::format("{}", count.hits));
    row.emplace_back(fmt::format("{}", count.fired));
    row.emplace_back(count.effective > 0 ? "yes" : "no");
    row.emplace_back(remark(name, count));
  }
  return reports::print_table(table, text_options());
}

Json json_of(const std::map<std::string, CoverageCount>& counts) {
  Json rows = Json::array();
  for (const auto& [name, count] : counts) {
    rows.push_back({{"name", name},
                    {"hits", count.hits},
                    {"fired", count.fired},
                    {"effective", count.effective},
                    {"reason", remark(name, count)}});
  }
  return rows;
}

}  // namespace

int coverage_command(const Options& options) {
  const auto seeds = parse_number(options.coverage_seeds, "--seeds", 1, 1'000'000);
  if (!seeds.ok()) return usage_error(seeds.error().message);
  real::catch_interrupts();
  Coverage coverage;
  uint64_t first = 1;  // a seed draws the same from a profile for every scenario, so each suite has its own
  for (const std::string& scenario : catalogue_names()) {
    for (const std::string& profile : profile_names()) {
      const Result<bool> done = run_suite(scenario, profile, first, seeds.value(), coverage);
      first += seeds.value();
      if (!done.ok()) {
        message(done.error().message);
        return kInternal;
      }
      if (!done.value()) return kInterrupted;
    }
  }
  if (real::is_terminal(real::kStandardError)) std::fputs("\r\033[K", stderr);
  const std::vector<std::string> unexplained = coverage.unexplained();
  if (options.json) {
    print(reports::to_text(Json{{"schema", 1},
                                {"runs", coverage.runs()},
                                {"points", json_of(coverage.points())},
                                {"faults", json_of(coverage.faults())},
                                {"unexplained", unexplained}}));
  } else {
    print(table_of(coverage.points(), true) + table_of(coverage.faults(), false));
    print(fmt::format("{} runs; {} things were never struck to any effect, without a reason\n", coverage.runs(),
                      unexplained.size()));
  }
  return unexplained.empty() ? kValid : kViolated;
}

}  // namespace onceproof::scenarios::cli
