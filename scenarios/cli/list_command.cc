// SPDX-License-Identifier: Apache-2.0
// list, version: what there is to name.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "reports/table.h"
#include "runtime/base/seeded_bugs.h"
#include "runtime/env/mail.h"
#include "runtime/env/probe.h"
#include "runtime/real/program.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/history/schema.h"
#include "scenarios/plan/catalogue.h"
#include "scenarios/plan/nearest_word.h"
#include "scenarios/plan/schema.h"

namespace onceproof::scenarios::cli {

namespace {

using Json = nlohmann::ordered_json;

// One topic of `list`: its columns (the first is the name) and its rows.
struct Listing {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

Listing scenarios() {
  Listing listing{{"scenario", "what"}, {}};
  for (const std::string& name : catalogue_names()) {
    const Result<Scenario> scenario = load_scenario(name);
    listing.rows.push_back({name, scenario.ok() ? scenario.value().description : scenario.error().message});
  }
  return listing;
}

Listing profiles() {
  Listing listing{{"profile", "what"}, {}};
  for (const std::string& name : profile_names()) {
    if (name == kStockProfile) {
      listing.rows.push_back({name, "The scenario as it stands: its own faults and its own swarm. The default."});
      continue;
    }
    const Result<Profile> profile = load_profile(name);
    listing.rows.push_back({name, profile.ok() ? profile.value().description : profile.error().message});
  }
  return listing;
}

Listing points() {
  Listing listing{{"point", "actor", "what"}, {}};
  for (int i = 0; i < env::kPointCount; ++i) {
    const env::PointInfo& point = env::info(static_cast<env::Point>(i));
    listing.rows.push_back({point.name, point.actor, point.what});
  }
  return listing;
}

Listing mails() {
  Listing listing{{"mail"}, {}};
  for (int i = 1; i < env::kMailKindCount; ++i) listing.rows.push_back({env::to_string(static_cast<env::MailKind>(i))});
  return listing;
}

Listing bugs() {
  Listing listing{{"bug", "what"}, {}};
  for (int i = 0; i < kSeededBugCount; ++i) listing.rows.push_back({seeded_bug_info(i).name, seeded_bug_info(i).what});
  return listing;
}

Listing history() {
  Listing listing{{"line", "field", "form", "absent", "meaning"}, {}};
  for (const HistoryField& field : history_fields()) {
    listing.rows.push_back({field.line, field.name, field.form, field.fallback, field.meaning});
  }
  return listing;
}

std::string table_of(const Listing& listing) {
  reports::Table table;
  for (const std::string& column : listing.columns) table.columns.push_back({column});
  for (const auto& row : listing.rows) {
    auto& cells = table.rows.emplace_back();
    for (const std::string& cell : row) cells.emplace_back(cell);
  }
  return reports::print_table(table, text_options());
}

Json json_of(const Listing& listing) {
  Json rows = Json::array();
  for (const auto& row : listing.rows) {
    Json one;
    for (size_t i = 0; i < row.size(); ++i) one[listing.columns[i]] = row[i];
    rows.push_back(std::move(one));
  }
  return rows;
}

}  // namespace

int list_command(const Options& options) {
  const std::vector<std::pair<std::string, Listing (*)()>> topics = {
      {"scenarios", scenarios}, {"profiles", profiles}, {"points", points}, {"mails", mails}, {"bugs", bugs},
      {"history", history}};
  const std::string wanted = options.target.empty() ? "scenarios" : options.target;
  if (options.coverage) {
    if (wanted != "points") return usage_error("--coverage belongs to `list points`");
    return coverage_command(options);
  }
  if (wanted == "claims") return claims_command(options);
  if (!options.runs.empty() || !options.search.empty()) return usage_error("--runs and --search belong to `list claims`");
  if (wanted == "schema") {  // a document of its own, the same with and without --json
    print(reports::to_text(scenario_schema()));
    return kValid;
  }
  if (wanted == "history-schema") {
    print(reports::to_text(history_schema()));
    return kValid;
  }
  for (const auto& [name, make] : topics) {
    if (wanted != name) continue;
    const Listing listing = make();
    print(options.json ? reports::to_text(Json{{"schema", 1}, {name, json_of(listing)}}) : table_of(listing));
    return kValid;
  }
  std::vector<std::string> known = {"schema", "history-schema", "claims"};
  for (const auto& [name, make] : topics) known.push_back(name);
  return usage_error(unknown_word("list", wanted, "", known));
}

int version_command(const Options& options) {
  if (options.json) {
    print(reports::to_text(Json{{"schema", 1}, {"version", real::program_version()}, {"build", real::build_info()}}));
  } else {
    print(fmt::format("onceproof {} ({})\n", real::program_version(), real::build_info()));
  }
  return kValid;
}

}  // namespace onceproof::scenarios::cli
