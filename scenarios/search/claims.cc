// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/claims.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "checkers/delivery.h"
#include "checkers/order.h"
#include "checkers/results.h"
#include "checkers/timeline.h"
#include "reports/json.h"
#include "scenarios/plan/draw.h"
#include "scenarios/plan/embedded.h"
#include "scenarios/plan/guarantee.h"
#include "scenarios/plan/json_reader.h"
#include "scenarios/plan/language.h"

namespace onceproof::scenarios {

namespace {

constexpr std::string_view kFolder = "scenarios/claims/";
constexpr std::string_view kEnding = ".json";
constexpr std::string_view kEvidence = "evidence";

std::string name_in_folder(const char* path) {
  const std::string_view whole = path;
  if (!whole.starts_with(kFolder) || !whole.ends_with(kEnding)) return {};
  return std::string(whole.substr(kFolder.size(), whole.size() - kFolder.size() - kEnding.size()));
}

const EmbeddedFile* find_file(std::string_view name) {
  for (int i = 0; i < kEmbeddedFileCount; ++i) {
    if (name_in_folder(kEmbeddedFiles[i].name) == name) return &kEmbeddedFiles[i];
  }
  return nullptr;
}

// Records that a durable checkpoint pre-committed and that nobody will ever read.
bool lost_for_good(const checkers::History& history) {
  const checkers::Timeline timeline = checkers::read_timeline(history);
  return std::any_of(history.transactions.begin(), history.transactions.end(), [&](const auto& transaction) {
    return transaction.outcome == checkers::TransactionOutcome::aborted && transaction.checkpoint != 0 &&
           timeline.durable_us(transaction.checkpoint).has_value();
  });
}

}  // namespace

const char* to_string(Damage damage) {
  switch (damage) {
    case Damage::loss: return "loss";
    case Damage::duplicates: return "duplicates";
    case Damage::disorder: return "disorder";
    case Damage::pieces: return "pieces";
  }
  return "?";
}

Damages allowed_damages(const graph::JobConfig& job) {
  const Derivation derivation = derive(job);
  const Guarantee claimed = derivation.guarantee;
  const bool nothing = claimed == Guarantee::none;
  return {nothing || claimed == Guarantee::at_most_once, nothing || claimed == Guarantee::at_least_once,
          derivation.order != Order::by_key, false};
}

Damages damages_of(checkers::RunReport& report, const checkers::Reference& reference) {
  checkers::History& history = report.history;
  const checkers::Delivery delivery = checkers::check_delivery(history, reference);
  const bool complete = history.job == checkers::JobStatus::finished && history.quiescent;
  std::vector<checkers::Finding> findings;
  // Disorder as anybody would see it, whatever order is claimed.
  const bool order_claimed = std::exchange(history.order_claimed, true);
  const bool within_producer = std::exchange(history.order_within_producer, false);
  checkers::check_order(history, reference, delivery, findings);
  history.order_claimed = order_claimed;
  history.order_within_producer = within_producer;
  const bool disorder = !findings.empty();
  const bool pieces = checkers::check_results(history, reference, delivery, complete, findings);
  return {(complete && delivery.counts.lost > 0) || lost_for_good(history), delivery.counts.duplicated > 0, disorder,
          complete && pieces};
}

std::vector<std::string> claim_jobs() {
  std::vector<std::string> names;
  for (int i = 0; i < kEmbeddedFileCount; ++i) {
    const std::string name = name_in_folder(kEmbeddedFiles[i].name);
    if (!name.empty() && name != kEvidence) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<Scenario> claim_job(const std::string& name) {
  const EmbeddedFile* file = find_file(name);
  if (file == nullptr) return Error{ErrorCode::not_found, "there is no small job \"" + name + "\""};
  return parse_scenario(file->text, file->name);
}

Result<ClaimRun> run_claim(const Combination& combination, const Scenario& job, uint64_t seed) {
  Result<RunPlan> drawn = draw_plan(job, seed);
  if (!drawn.ok()) return drawn.error();
  ClaimRun run{with_combination(drawn.take(), combination), {{}, simulator::Trace(), {}}, {}};
  if (const Status status = check_plan(run.plan); !status.ok()) return status.error();
  const Result<PreparedInput> input = prepare_input(run.plan);
  if (!input.ok()) return input.error();
  run.plan.input.content_hash = input.value().content_hash;
  run.result = run_plan(run.plan, input.value());
  run.damages = damages_of(run.result.report, *input.value().reference);
  return run;
}

// ---- the stored evidence ---------------------------------------------------------------------------------

Result<std::vector<Evidence>> stored_evidence() {
  std::vector<Evidence> evidence;
  const EmbeddedFile* file = find_file(kEvidence);
  if (file == nullptr) return evidence;
  JsonReader reader(file->name);
  const auto root = reader.parse(file->text);
  if (!root) return reader.error();
  for (const Combination& combination : all_combinations()) {
    const auto shown = root->member(name_of(combination).c_str());
    if (!shown) continue;
    for (const Damage damage : kAllDamages) {
      const auto run = shown->member(to_string(damage));
      if (!run) continue;
      Evidence& one = evidence.emplace_back(Evidence{combination, damage, "", 0});
      if (const auto job = run->required("job")) one.job = job->word();
      if (const auto seed = run->required("seed")) one.seed = seed->natural();
    }
  }
  if (!reader.ok()) return reader.error();
  return evidence;
}

Result<std::vector<Evidence>> find_evidence(uint64_t seeds) {
  std::vector<Evidence> evidence;
  std::vector<std::pair<std::string, Scenario>> jobs;
  for (const std::string& name : claim_jobs()) {
    Result<Scenario> job = claim_job(name);
    if (!job.ok()) return job.error();
    if (!job.value().faults.empty()) jobs.emplace_back(name, job.take());
  }
  for (const Combination& combination : all_combinations()) {
    Result<RunPlan> plain = draw_plan(jobs.front().second, 1);
    if (!plain.ok()) return plain.error();
    Damages sought = allowed_damages(with_combination(plain.take(), combination).job);
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      for (const auto& [name, job] : jobs) {
        if (std::none_of(sought.begin(), sought.end(), [](bool each) { return each; })) break;
        const Result<ClaimRun> run = run_claim(combination, job, seed);
        if (!run.ok()) return run.error();
        for (const Damage damage : kAllDamages) {
          const auto index = static_cast<size_t>(damage);
          if (!sought[index] || !run.value().damages[index]) continue;
          sought[index] = false;
          evidence.push_back({combination, damage, name, seed});
        }
      }
    }
  }
  return evidence;
}

std::string to_json(const std::vector<Evidence>& evidence) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const Evidence& one : evidence) {
    json[name_of(one.combination)][to_string(one.damage)] = {{"job", one.job}, {"seed", one.seed}};
  }
  return reports::to_text(json);
}

}  // namespace onceproof::scenarios
