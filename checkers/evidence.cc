// SPDX-License-Identifier: Apache-2.0
#include "checkers/evidence.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

std::string restarts_text(const History& history) {
  return history.restarts > 0 ? fmt::format(", with {}", count_text(history.restarts, "restart")) : std::string();
}

// "2 faults (crash, partition)"
std::string fired_text(const History& history) {
  std::map<std::string, uint32_t> kinds;
  uint32_t fired = 0;
  for (const FaultRecord& fault : history.faults) {
    if (!fault.fired) continue;
    ++fired;
    ++kinds[fault.kind];
  }
  if (fired == 0) return {};
  std::string list;
  for (const auto& [kind, count] : kinds) {
    if (!list.empty()) list += ", ";
    list += count == 1 ? kind : fmt::format("{} {}", count, kind);
  }
  return fmt::format("{} ({})", count_text(fired, "fault"), list);
}

// ---- lost ----------------------------------------------------------------------------------------------

// Where the losses show: in results that came out too small, or in results that never came.
std::string shape_of_losses(const Reference& reference, const Delivery& delivery) {
  if (!reference.windowed()) return {};
  std::vector<uint8_t> came(reference.results().size(), 0);
  for (uint32_t index = 0; index < reference.contributions(); ++index) {
    if (delivery.times[index] > 0) came[reference.result_of(index)] = 1;
  }
  uint64_t in_small = 0;
  for (uint32_t index = 0; index < reference.contributions(); ++index) {
    in_small += delivery.times[index] == 0 && came[reference.result_of(index)] ? 1 : 0;
  }
  if (in_small == delivery.counts.lost) return " from windows that came out too small";
  if (in_small == 0) return " with results that never came out";
  return fmt::format(", {} from windows that came out too small and {} with results that never came out", in_small,
                     delivery.counts.lost - in_small);
}

// ---- stories -------------------------------------------------------------------------------------------

constexpr size_t kTold = 3;  // stories; the others are counted

std::string clause_of(const Story& story, const Verdict& verdict, const std::string& shape) {
  std::string text;
  const auto join = [&text](const std::string& clause) { text += text.empty() ? clause : "; " + clause; };
  if (!story.findings.empty()) {
    const Finding& finding = verdict.findings[story.findings.front()];
    join(fmt::format("{}: {}", finding.kind, finding.story));
  }
  if (!story.first.empty()) join(fmt::format("{}{} (first: {}): {}", story.what, shape, story.first, story.why));
  return text;
}

std::string stories_text(const Reference& reference, const Delivery& delivery, const Verdict& verdict) {
  const auto loses = [](const Story& story) { return story.lost > 0; };
  const auto losing = std::count_if(verdict.stories.begin(), verdict.stories.end(), loses);
  std::string text;
  const size_t told = std::min(verdict.stories.size(), kTold);
  for (size_t i = 0; i < told; ++i) {
    const Story& story = verdict.stories[i];
    const std::string shape = losing == 1 && story.lost > 0 ? shape_of_losses(reference, delivery) : std::string();
    text += (i == 0 ? "" : "; ") + clause_of(story, verdict, shape);
  }
  if (told == verdict.stories.size()) return text;
  uint64_t lost = 0, doubled = 0;
  for (size_t i = told; i < verdict.stories.size(); ++i) {
    lost += verdict.stories[i].lost;
    doubled += verdict.stories[i].duplicated;
  }
  text += fmt::format("; and {}", count_text(verdict.stories.size() - told, "other cause"));
  if (lost > 0) text += fmt::format(", lost {}", count_text(lost, noun_of(reference)));
  if (doubled > 0) text += fmt::format(", doubled {}", count_text(doubled, noun_of(reference)));
  return text;
}

// ---- neither -------------------------------------------------------------------------------------------

// A transaction that was pre-committed, whose process then died, and that was committed all the same.
std::string committed_on_recovery(const History& history, const Timeline& timeline) {
  for (const TransactionRecord& transaction : history.transactions) {
    if (transaction.outcome != TransactionOutcome::committed || transaction.checkpoint == 0) continue;
    for (const PreCommit& pre : timeline.pre_commits) {
      if (pre.checkpoint != transaction.checkpoint || pre.producer_id != transaction.producer_id) continue;
      for (const Outage& crash : timeline.outages) {
        const bool between = crash.from_us >= pre.at_us && crash.from_us <= transaction.decided_us;
        if (crash.kind != Outage::Kind::down || crash.process != pre.process || !between) continue;
        return fmt::format(
            "neither: the transaction of checkpoint {}, pre-committed before the crash of {} at {}, was "
            "committed on recovery at {}",
            transaction.checkpoint, process_name(history, crash.process), time_text(crash.from_us),
            time_text(transaction.decided_us));
      }
    }
  }
  return {};
}

// A transaction with records that was open when a restart's cause struck and was aborted; everything came anyway.
std::string aborted_and_replayed(const History& history, const Timeline& timeline) {
  for (const OutputRecord& output : history.outputs) {
    if (output.visibility != Visibility::aborted) continue;
    const TransactionRecord* transaction = timeline.transactions.of(output);
    if (transaction == nullptr || transaction->outcome != TransactionOutcome::aborted) continue;
    const auto cause = std::find_if(timeline.restarts.begin(), timeline.restarts.end(), [&](const Restart& restart) {
      return restart.cause.at_us >= transaction->begun_us && restart.cause.at_us <= transaction->decided_us;
    });
    if (cause == timeline.restarts.end()) continue;
    return fmt::format(
        "neither: the transaction that was open at {} was aborted, and replay from {} delivered its "
        "records once",
        cause_text(history, cause->cause),
        cause->checkpoint == 0 ? std::string("the beginning") : fmt::format("checkpoint {}", cause->checkpoint));
  }
  return {};
}

std::string clean_text(const History& history, const Reference& reference, const Timeline& timeline) {
  if (history.transactional_sink) {
    std::string text = committed_on_recovery(history, timeline);
    if (text.empty()) text = aborted_and_replayed(history, timeline);
    if (!text.empty()) return text + restarts_text(history);
  }
  const std::string fired = fired_text(history);
  if (fired.empty()) return fmt::format("no {} was lost or doubled; no fault fired", noun_of(reference));
  return fmt::format("no {} was lost or doubled although {} fired{}", noun_of(reference), fired,
                     restarts_text(history));
}

}  // namespace

std::string make_evidence(const History& history, const Reference& reference, const Timeline& timeline,
                          const Delivery& delivery, const Verdict& verdict) {
  const std::string text = stories_text(reference, delivery, verdict);
  if (verdict.outcome == Outcome::inconclusive) {
    return text.empty() ? "undecided: " + verdict.why : fmt::format("undecided ({}); so far {}", verdict.why, text);
  }
  return text.empty() ? clean_text(history, reference, timeline) : text;
}

}  // namespace onceproof::checkers
