// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/claims_table.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "runtime/base/check.h"
#include "scenarios/plan/draw.h"

namespace onceproof::scenarios {

namespace {

// The small job with a combination's parts; its other settings are those of scenarios/claims.
graph::JobConfig config_of(const Combination& combination) {
  static const RunPlan plan = [] {
    Result<Scenario> job = claim_job("crash");
    CHECK(job.ok(), "the small jobs are the program's own");
    return draw_plan(job.value(), 1).take();
  }();
  return with_combination(plan, combination).job;
}

std::string conditions_of(const Derivation& derivation) {
  std::string text;
  for (const checkers::Condition& condition : derivation.conditions) {
    text += (text.empty() ? "" : ", ") + condition.kind;
    if (condition.limit_us > 0) text += fmt::format(" {} s", condition.limit_us / 1'000'000);
  }
  return text;
}

// Which of the four jobs (two shapes, two parallelisms) a row is about.
std::string job_text(const std::vector<size_t>& combinations) {
  std::set<std::pair<Shape, int32_t>> jobs;
  for (const size_t index : combinations) {
    const Combination& one = all_combinations()[index];
    jobs.insert({one.shape, one.parallelism});
  }
  if (jobs.size() == 4) return "any";
  std::string text;
  for (const Shape shape : {Shape::transform, Shape::windowed}) {
    const bool one = jobs.contains({shape, 1}), two = jobs.contains({shape, 2});
    if (!one && !two) continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : "; ", to_string(shape),
                        one && two ? "" : one ? " x1" : " x2");
  }
  return text;
}

bool same_row(const ClaimRow& a, const ClaimRow& b) {
  return a.offsets == b.offsets && a.checkpoints == b.checkpoints && a.sink == b.sink && a.timeout == b.timeout &&
         a.claim == b.claim && a.order == b.order && a.conditions == b.conditions;
}

}  // namespace

std::vector<ClaimRow> claim_rows() {
  std::vector<ClaimRow> rows;
  for (size_t i = 0; i < all_combinations().size(); ++i) {
    const Combination& one = all_combinations()[i];
    const Derivation derivation = derive(config_of(one));
    ClaimRow row;
    row.offsets = to_string(one.stack.offsets);
    row.checkpoints = one.stack.checkpoints ? to_string(one.stack.barriers) : "off";
    row.sink = to_string(one.stack.sink);
    if (one.stack.sink == graph::SinkMode::transactional) row.timeout = to_string(one.timeout);
    row.claim = checkers::to_string(derivation.guarantee);
    row.order = to_string(derivation.order);
    row.conditions = conditions_of(derivation);
    const auto known = std::find_if(rows.begin(), rows.end(), [&](const ClaimRow& other) { return same_row(other, row); });
    if (known == rows.end()) {
      row.combinations = {i};
      rows.push_back(std::move(row));
    } else {
      known->combinations.push_back(i);
    }
  }
  for (ClaimRow& row : rows) row.job = job_text(row.combinations);
  return rows;
}

Damages allowed_of(const Combination& combination) { return allowed_damages(config_of(combination)); }

std::string seen_text(const ClaimRow& row, const std::vector<Evidence>& evidence) {
  std::string text;
  for (const Damage damage : kAllDamages) {
    size_t allowed = 0, seen = 0;
    for (const size_t index : row.combinations) {
      const Combination& one = all_combinations()[index];
      allowed += allowed_of(one)[static_cast<size_t>(damage)] ? 1 : 0;
      seen += std::any_of(evidence.begin(), evidence.end(), [&](const Evidence& each) {
        return each.damage == damage && each.combination == one;
      });
    }
    if (allowed == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(to_string(damage));
    if (seen < allowed) text += fmt::format(" in {} of {}", seen, allowed);
  }
  return text.empty() ? "nothing" : text;
}

std::string claims_markdown(const std::vector<Evidence>& evidence) {
  std::string text =
      "| offsets | checkpoints | sink | job | claim | order | while | damage seen |\n|---|---|---|---|---|---|---|---|\n";
  for (const ClaimRow& row : claim_rows()) {
    const std::string sink = row.timeout.empty() ? row.sink : fmt::format("{}, {} timeout", row.sink, row.timeout);
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", row.offsets, row.checkpoints, sink, row.job,
                        row.claim, row.order, row.conditions, seen_text(row, evidence));
  }
  return text;
}

}  // namespace onceproof::scenarios
