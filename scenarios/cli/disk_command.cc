// SPDX-License-Identifier: Apache-2.0
// disk: crashes SQLite on simulated disks and compares what it kept with what its setting promises.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "checkers/verdict.h"
#include "reports/json.h"
#include "reports/table.h"
#include "runtime/real/program.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/disk/sqlite_crashes.h"
#include "scenarios/plan/nearest_word.h"

namespace onceproof::scenarios::cli {

namespace {

using checkers::Outcome;
using disk::CrashSetup;
using disk::Promise;
using disk::Tally;
using Json = nlohmann::ordered_json;

bool damaged(const Tally& tally) { return tally.lost + tally.corrupt > 0; }

Outcome outcome_of(const Tally& tally) {
  if (tally.violations > 0) return Outcome::violated;
  const bool control = tally.setup.synchronous == sqlite::Synchronous::off;
  return control && !damaged(tally) ? Outcome::inconclusive : Outcome::valid;
}

template <class Value>
Status parse_word(const std::string& word, const char* what, std::initializer_list<Value> values, Value& out) {
  std::vector<std::string> known;
  for (const Value value : values) {
    known.push_back(to_string(value));
    if (word != known.back()) continue;
    out = value;
    return {};
  }
  return {ErrorCode::invalid_argument, unknown_word(what, word, "", known)};
}

Result<std::vector<CrashSetup>> setups_of(const Options& options) {
  using sqlite::Journal;
  using sqlite::Synchronous;
  using disk::Overwrite;
  CrashSetup wanted;
  Status status;
  if (!options.journal.empty()) {
    status = parse_word(options.journal, "journal mode",
                        {Journal::delete_file, Journal::truncate, Journal::persist, Journal::wal}, wanted.journal);
  }
  if (status.ok() && !options.synchronous.empty()) {
    status = parse_word(options.synchronous, "setting",
                        {Synchronous::off, Synchronous::normal, Synchronous::full, Synchronous::extra},
                        wanted.synchronous);
  }
  if (status.ok()) {
    status = parse_word(options.overwrite, "kind of disk", {Overwrite::usual, Overwrite::powersafe, Overwrite::plain},
                        wanted.overwrite);
  }
  if (!status.ok()) return status.error();
  std::vector<CrashSetup> setups;
  for (CrashSetup setup : disk::all_setups()) {
    setup.overwrite = wanted.overwrite;
    if (!options.journal.empty() && setup.journal != wanted.journal) continue;
    if (!options.synchronous.empty() && setup.synchronous != wanted.synchronous) continue;
    const bool control = setup.synchronous == Synchronous::off;
    if (options.synchronous.empty() && !control && promise_of(setup) == Promise::nothing) continue;
    setups.push_back(setup);
  }
  return setups;
}

std::string reproduce(const Tally& tally) {
  return fmt::format("onceproof disk --journal {} --synchronous {} --overwrite {} --seed {:#x} --crashes 1",
                     to_string(tally.setup.journal), to_string(tally.setup.synchronous),
                     to_string(tally.setup.overwrite), tally.story_seed);
}

Json json_of(const Tally& t) {
  Json value = {{"journal", to_string(t.setup.journal)},
                {"synchronous", to_string(t.setup.synchronous)},
                {"overwrite", to_string(t.setup.overwrite)},
                {"promised", to_string(promise_of(t.setup))},
                {"verdict", checkers::to_string(outcome_of(t))},
                {"disks", t.disks},
                {"crashes", t.crashes},
                {"power_failures", t.power_failures},
                {"kills", t.kills},
                {"faulted", t.faulted},
                {"file_system_calls", t.calls},
                {"committed", t.committed},
                {"in_doubt", {{"looks", t.in_doubt}, {"happened", t.happened}}},
                {"lost", t.lost},
                {"lossy_crashes", t.lossy_crashes},
                {"corrupt", t.corrupt},
                {"violations", t.violations},
                {"trace_hash", to_string(t.digest)}};
  if (t.violations > 0) {
    value["story"] = t.story;
    value["reproduce"] = reproduce(t);
  }
  if (!t.damage.empty()) value["allowed_damage"] = t.damage;
  return value;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string text_of(const std::vector<Tally>& tallies) {
  using reports::Align;
  reports::Table table{{{"journal"}, {"synchronous"}, {"promised"}, {"crashes", Align::right},
                        {"committed", Align::right}, {"lost", Align::right}, {"corrupt", Align::right}, {"verdict"}},
                       {}};
  std::string notes;
  for (const Tally& t : tallies) {
    table.rows.push_back({to_string(t.setup.journal), to_string(t.setup.synchronous), to_string(promise_of(t.setup)),
                          fmt::format("{}", t.crashes), fmt::format("{}", t.committed), fmt::format("{}", t.lost),
                          fmt::format("{}", t.corrupt), reports::outcome_text(outcome_of(t))});
    const std::string name = fmt::format("{} {}", to_string(t.setup.journal), to_string(t.setup.synchronous));
    if (t.violations > 0) notes += wrapped(name + ": " + first_line(t.story)) + "reproduce: " + reproduce(t) + "\n";
    if (!t.damage.empty()) notes += wrapped(name + ", as it may: " + first_line(t.damage));
  }
  uint64_t lost = 0, corrupt = 0;
  for (const Tally& t : tallies) {
    if (t.setup.synchronous != sqlite::Synchronous::off) continue;
    lost += t.lost;
    corrupt += t.corrupt;
  }
  if (lost + corrupt > 0) {
    notes += wrapped(fmt::format("control: without syncs the same crashes lost {} acknowledged transactions and "
                                 "corrupted {} databases", lost, corrupt));
  }
  return reports::print_table(table, text_options()) + notes;
}

}  // namespace

int disk_command(const Options& options) {
  const Result<uint64_t> seed = parse_number(options.seed, decider(options, "--seed"), 0, UINT64_MAX);
  if (!seed.ok()) return usage_error(seed.error().message);
  const Result<uint64_t> crashes = parse_number(options.crashes, "--crashes", 1, 1'000'000'000);
  if (!crashes.ok()) return usage_error(crashes.error().message);
  const Result<std::vector<CrashSetup>> setups = setups_of(options);
  if (!setups.ok()) return usage_error(setups.error().message);
  if (!options.json) print(fmt::format("SQLite {} seed {:#x}\n", sqlite::sqlite_version(), seed.value()));
  const uint64_t each = (crashes.value() + setups.value().size() - 1) / setups.value().size();
  std::vector<Tally> tallies;
  real::catch_interrupts();
  for (const CrashSetup& setup : setups.value()) {
    Tally& tally = tallies.emplace_back();
    for (uint64_t disk_seed = seed.value(); tally.crashes < each; ++disk_seed) {
      if (real::interrupted()) return kInterrupted;
      disk::crash_one_disk(setup, disk_seed, disk::kCrashesOfADisk, tally);
    }
  }
  const auto any = [&](Outcome outcome) {
    return std::any_of(tallies.begin(), tallies.end(), [&](const Tally& t) { return outcome_of(t) == outcome; });
  };
  if (options.json) {
    Json runs = Json::array();
    for (const Tally& tally : tallies) runs.push_back(json_of(tally));
    print(reports::to_text(Json{{"schema", 1}, {"seed", seed.value()}, {"sqlite", sqlite::sqlite_version()},
                                {"disk", std::move(runs)}}));
  } else {
    print(text_of(tallies));
  }
  return any(Outcome::violated) ? kViolated : any(Outcome::inconclusive) ? kInconclusive : kValid;
}

}  // namespace onceproof::scenarios::cli
