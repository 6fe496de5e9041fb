// SPDX-License-Identifier: Apache-2.0
// The property over parts: whatever a guarantee is put together from, no drawn run violates its claim, and each claim is
// tight: what it does not exclude is shown by a stored run. `onceproof list claims --runs 20000` is the long version.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "runtime/real/files.h"
#include "scenarios/plan/catalogue.h"
#include "scenarios/search/claims_table.h"

namespace onceproof::scenarios {
namespace {

std::vector<Evidence> evidence() {
  Result<std::vector<Evidence>> stored = stored_evidence();
  EXPECT_TRUE(stored.ok()) << stored.error().message;
  return stored.take();
}

std::string stories(const checkers::Verdict& verdict) {
  std::string text = verdict.evidence;
  for (const checkers::Finding& finding : verdict.findings) text += "\n  " + finding.kind + ": " + finding.story;
  return text;
}

TEST(Claims, NoDrawnRunOfAnyCombinationViolatesItsClaim) {
  constexpr uint64_t kRounds = 3;
  const Scenario job = with_profile(claim_job("drawn").take(), "swarm").take();
  std::array<uint64_t, kAllDamages.size()> damaged{};
  for (uint64_t i = 0; i < kRounds * all_combinations().size(); ++i) {
    const Combination& combination = all_combinations()[i % all_combinations().size()];
    const Result<ClaimRun> run = run_claim(combination, job, 70'000 + i);
    ASSERT_TRUE(run.ok()) << run.error().message;
    const checkers::Verdict& verdict = run.value().result.report.verdict;
    EXPECT_NE(verdict.outcome, checkers::Outcome::violated)
        << name_of(combination) << " seed " << 70'000 + i << ": " << stories(verdict);
    for (size_t d = 0; d < damaged.size(); ++d) damaged[d] += run.value().damages[d] ? 1 : 0;
  }
  EXPECT_GT(damaged[static_cast<size_t>(Damage::loss)], 30u) << "faults that do nothing prove nothing";
  EXPECT_GT(damaged[static_cast<size_t>(Damage::duplicates)], 30u);
}

// Each claim is as strong as it can be: a stored run shows each damage that it does not exclude.
TEST(Claims, EveryDamageThatAClaimDoesNotExcludeHasItsRun) {
  const std::vector<Evidence> stored = evidence();
  for (const Combination& combination : all_combinations()) {
    for (const Damage damage : kAllDamages) {
      const auto shows = [&](const Evidence& one) { return one.combination == combination && one.damage == damage; };
      const bool shown = std::any_of(stored.begin(), stored.end(), shows);
      EXPECT_EQ(shown, allowed_of(combination)[static_cast<size_t>(damage)])
          << name_of(combination) << " " << to_string(damage);
    }
  }
}

// A sample here; --gtest_also_run_disabled_tests takes all of them.
void expect_shown(const std::vector<Evidence>& stored, size_t first, size_t every) {
  for (size_t i = first; i < stored.size(); i += every) {
    const Evidence& one = stored[i];
    const Result<Scenario> job = claim_job(one.job);
    ASSERT_TRUE(job.ok()) << job.error().message;
    const Result<ClaimRun> run = run_claim(one.combination, job.value(), one.seed);
    ASSERT_TRUE(run.ok()) << run.error().message;
    EXPECT_TRUE(run.value().damages[static_cast<size_t>(one.damage)])
        << name_of(one.combination) << " shows no " << to_string(one.damage) << " in " << one.job << " seed " << one.seed
        << "; onceproof list claims --search 100 looks for it anew";
    EXPECT_NE(run.value().result.report.verdict.outcome, checkers::Outcome::violated) << name_of(one.combination);
  }
}
TEST(Claims, TheStoredRunsShowWhatTheySay) { expect_shown(evidence(), 0, 1); }

TEST(Claims, ACombinationIsNamedOnceAndEveryOneIsInTheTable) {
  std::set<std::string> names;
  for (const Combination& combination : all_combinations()) names.insert(name_of(combination));
  EXPECT_EQ(names.size(), all_combinations().size());
  EXPECT_EQ(names.size(), 144u);
  std::multiset<size_t> covered;
  for (const ClaimRow& row : claim_rows()) covered.insert(row.combinations.begin(), row.combinations.end());
  EXPECT_EQ(covered.size(), all_combinations().size());
  EXPECT_EQ(std::set<size_t>(covered.begin(), covered.end()).size(), covered.size());
}

TEST(Claims, TheDocumentHoldsTheTable) {
  const std::string text = real::read_file(ONCEPROOF_SOURCE_DIR "/docs/claims.md").take();
  const std::string table = claims_markdown(evidence());
  EXPECT_NE(text.find(table), std::string::npos) << "docs/claims.md should hold\n" << table;
}

}  // namespace
}  // namespace onceproof::scenarios
