// SPDX-License-Identifier: Apache-2.0
#include "checkers/stories.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "checkers/cause_text.h"
#include "checkers/text.h"
#include "checkers/trail.h"

namespace onceproof::checkers {

namespace {

constexpr uint32_t kNone = Damage::kNone;
constexpr size_t kFollowed = 8;  // of the stories, the first ones follow a record

// A finding that tells damage, not what did it.
bool is_consequence(const Finding& finding) {
  return finding.subject.of == Subject::Of::contribution || finding.subject.of == Subject::Of::result;
}

class Teller {
 public:
  Teller(const History& history, const Reference& reference, const Timeline& timeline, const Damage& damage,
         const std::vector<Finding>& findings, bool complete)
      : history_(history),
        reference_(reference),
        timeline_(timeline),
        damage_(damage),
        findings_(findings),
        complete_(complete) {}

  std::vector<Story> tell() {
    for (uint32_t g = 0; g < damage_.groups.size(); ++g) drafts_.push_back({damage_story(damage_.groups[g]), g, 2});
    note_results();
    for (uint32_t f = 0; f < findings_.size(); ++f) place(f);
    return in_order();
  }

 private:
  struct Draft {
    Story story;
    uint32_t group = kNone;
    int rank = 0;  // among those that are forbidden
  };

  // ---- damage --------------------------------------------------------------------------------------------

  bool forbids(const DamageCount& count) const {
    const Guarantee claimed = history_.claimed;
    const bool exactly = claimed == Guarantee::exactly_once;
    const bool no_loss = complete_ && (exactly || claimed == Guarantee::at_least_once);
    const bool no_double = exactly || claimed == Guarantee::at_most_once;
    return (no_loss && count.lost > 0) || (no_double && count.duplicated > 0);
  }

  Story damage_story(const DamageGroup& group) const {
    Story story;
    story.cause = group.cause;
    story.lost = group.count.lost;
    story.duplicated = group.count.duplicated;
    story.forbidden = forbids(group.count);
    const bool lost = group.count.lost > 0;
    story.what = fmt::format("{} {}", lost ? "lost" : "doubled",
                             count_text(lost ? group.count.lost : group.count.duplicated, noun_of(reference_)));
    story.why = why_text(history_, reference_, timeline_, group);
    story.first = contribution_text(reference_, group.first);
    story.windows_total = group.windows.size();
    for (const auto& [end_us, count] : group.windows) story.windows.push_back({end_us, count.lost, count.duplicated});
    std::stable_sort(story.windows.begin(), story.windows.end(), [](const WindowDamage& a, const WindowDamage& b) {
      return a.lost + a.duplicated > b.lost + b.duplicated;
    });
    if (story.windows.size() > kMaxWindows) story.windows.resize(kMaxWindows);
    return story;
  }

  // ---- findings --------------------------------------------------------------------------------------------

  // Which group a result's damage belongs to, for the results that findings speak of.
  void note_results() {
    for (const Finding& finding : findings_) {
      if (finding.subject.of == Subject::Of::result) group_of_result_[finding.subject.index] = kNone;
    }
    if (group_of_result_.empty() || damage_.group_of.empty()) return;
    for (uint32_t index = 0; index < reference_.contributions(); ++index) {
      if (damage_.group_of[index] == kNone) continue;
      const auto found = group_of_result_.find(reference_.result_of(index));
      if (found != group_of_result_.end() && found->second == kNone) found->second = damage_.group_of[index];
    }
  }

  uint32_t group_of(const Finding& finding) const {
    const uint32_t index = finding.subject.index;
    switch (finding.subject.of) {
      case Subject::Of::nothing: break;
      case Subject::Of::contribution: return damage_.group(index);
      case Subject::Of::result: return group_of_result_.at(index);
      case Subject::Of::transaction:
        for (uint32_t g = 0; g < damage_.groups.size(); ++g) {
          if (damage_.groups[g].transactions.contains(index)) return g;
        }
        break;
      case Subject::Of::restart:
        for (uint32_t g = 0; g < damage_.groups.size(); ++g) {
          const uint32_t number = damage_.groups[g].cause.restart;
          if (number == 0) continue;
          const Restart& restart = timeline_.restarts[number - 1];
          if (restart.at_us == finding.at_us || restart.torn_down_us == finding.at_us) return g;
        }
        break;
    }
    return kNone;
  }

  void place(uint32_t number) {
    const Finding& finding = findings_[number];
    const std::pair<std::string, std::string> kind{finding.checker, finding.kind};
    const uint32_t group = group_of(finding);
    const auto known = draft_of_kind_.find(kind);
    const bool of_transaction = finding.subject.of == Subject::Of::transaction;
    const auto same = of_transaction ? draft_of_transaction_.find(finding.subject.index) : draft_of_transaction_.end();
    if (group == kNone && same != draft_of_transaction_.end()) {  // one transaction, one story
      drafts_[same->second].story.findings.push_back(number);
      draft_of_kind_.try_emplace(kind, same->second);
      return;
    }
    if (of_transaction) {
      const uint32_t draft = group != kNone                     ? group
                             : known != draft_of_kind_.end() ? known->second
                                                              : static_cast<uint32_t>(drafts_.size());
      draft_of_transaction_[finding.subject.index] = draft;
    }
    if (group != kNone) {
      Draft& draft = drafts_[group];  // drafts of damage come first, in the order of the groups
      const bool follows = is_consequence(finding);
      (follows ? draft.story.consequences : draft.story.findings).push_back(number);
      draft.story.forbidden = true;
      if (!follows) draft.rank = 0;
      draft_of_kind_[kind] = group;
    } else if (known != draft_of_kind_.end()) {  // more of the kind, or their summary
      const bool follows = known->second < damage_.groups.size() && is_consequence(findings_[number - 1]);
      Story& story = drafts_[known->second].story;
      (follows ? story.consequences : story.findings).push_back(number);
    } else {
      draft_of_kind_[kind] = static_cast<uint32_t>(drafts_.size());
      Draft draft{{}, kNone, rank_of(finding)};
      draft.story.forbidden = true;
      draft.story.what = finding.kind;
      draft.story.why = finding.story;
      draft.story.findings.push_back(number);
      drafts_.push_back(std::move(draft));
    }
  }

  // A run that came to no end explains what is missing; what only took long comes last.
  static int rank_of(const Finding& finding) {
    if (finding.checker == "liveness") return 1;
    return finding.checker == "progress" ? 3 : 0;
  }

  // ---- order -------------------------------------------------------------------------------------------------

  std::vector<Story> in_order() {
    std::stable_sort(drafts_.begin(), drafts_.end(), [](const Draft& a, const Draft& b) {
      const auto key = [](const Draft& draft) {
        const uint64_t size = draft.story.lost + draft.story.duplicated;
        return std::tuple(!draft.story.forbidden, draft.story.forbidden ? draft.rank : 0, UINT64_MAX - size);
      };
      return key(a) < key(b);
    });
    std::vector<Story> stories;
    for (Draft& draft : drafts_) {
      if (draft.group != kNone && stories.size() < kFollowed) {
        draft.story.steps = follow(history_, reference_, timeline_, damage_.groups[draft.group]);
      }
      stories.push_back(std::move(draft.story));
    }
    return stories;
  }

  const History& history_;
  const Reference& reference_;
  const Timeline& timeline_;
  const Damage& damage_;
  const std::vector<Finding>& findings_;
  const bool complete_;
  std::vector<Draft> drafts_;
  std::map<uint32_t, uint32_t> group_of_result_;
  std::map<std::pair<std::string, std::string>, uint32_t> draft_of_kind_;
  std::map<uint32_t, uint32_t> draft_of_transaction_;
};

}  // namespace

std::vector<Story> make_stories(const History& history, const Reference& reference, const Timeline& timeline,
                                const Damage& damage, const std::vector<Finding>& findings, bool complete) {
  if (damage.groups.empty() && findings.empty()) return {};
  return Teller(history, reference, timeline, damage, findings, complete).tell();
}

std::vector<LedgerEntry> make_ledger(const History& history, const Reference& reference, const Delivery& delivery,
                                     const Damage& damage, const std::vector<Story>& stories, uint64_t& total) {
  std::vector<LedgerEntry> ledger;
  total = 0;
  if (damage.groups.empty()) return ledger;
  std::vector<uint32_t> story_of(damage.groups.size(), kNone);
  for (uint32_t g = 0; g < damage.groups.size(); ++g) {
    for (uint32_t s = 0; s < stories.size(); ++s) {
      const Cause& told = stories[s].cause;
      const Cause& cause = damage.groups[g].cause;
      const bool same = told.kind == cause.kind && told.restart == cause.restart && told.fault == cause.fault;
      if (same && !stories[s].first.empty()) story_of[g] = s;
    }
  }
  const size_t share = std::max<size_t>(kMaxLedger / damage.groups.size(), 1);
  std::vector<size_t> taken(damage.groups.size(), 0);
  for (uint32_t index = 0; index < reference.contributions(); ++index) {
    const uint32_t group = damage.group_of[index];
    if (group == kNone) continue;
    ++total;
    if (taken[group]++ >= share || ledger.size() >= kMaxLedger) continue;
    ledger.push_back({reference.position(index), delivery.times[index], std::string(reference.word(index)), {},
                      story_of[group], index});
  }
  std::stable_sort(ledger.begin(), ledger.end(),
                   [](const LedgerEntry& a, const LedgerEntry& b) { return a.story < b.story; });
  std::vector<uint32_t> line(reference.contributions(), kNone);
  for (uint32_t i = 0; i < ledger.size(); ++i) line[ledger[i].contribution] = i;
  for (uint32_t i = 0; i < history.outputs.size(); ++i) {
    const bool seen = visible(history.outputs[i]);
    if (!seen && delivery.counts.lost == 0) continue;
    for_each_contribution(history, reference, delivery, i, [&](uint32_t index) {
      if (line[index] == kNone) return;
      LedgerEntry& entry = ledger[line[index]];
      if ((entry.delivered > 0) == seen) entry.outputs.push_back(i);
    });
  }
  return ledger;
}

}  // namespace onceproof::checkers
