// SPDX-License-Identifier: Apache-2.0
#include "checkers/judge.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "checkers/calm.h"
#include "checkers/causes.h"
#include "checkers/conditions.h"
#include "checkers/control.h"
#include "checkers/cut.h"
#include "checkers/damage.h"
#include "checkers/delivery.h"
#include "checkers/evidence.h"
#include "checkers/liveness.h"
#include "checkers/order.h"
#include "checkers/placement.h"
#include "checkers/progress.h"
#include "checkers/protocol.h"
#include "checkers/reads.h"
#include "checkers/restores.h"
#include "checkers/results.h"
#include "checkers/stories.h"
#include "checkers/text.h"
#include "checkers/timeline.h"
#include "checkers/transactions.h"
#include "runtime/base/check.h"

namespace onceproof::checkers {

namespace {

bool in_log_order(const std::vector<OutputRecord>& outputs) {
  return std::is_sorted(outputs.begin(), outputs.end(), [](const OutputRecord& a, const OutputRecord& b) {
    return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
  });
}

void add_reason(std::string& why, const std::string& reason) {
  if (reason.empty()) return;
  why += why.empty() ? reason : "; " + reason;
}

// Why this cannot be the account of one run: it tells of what happened behind its own end.
std::string behind_the_end(const History& history) {
  if (history.ended_us <= 0) return {};  // not recorded
  TimeUs last_us = -1;
  const auto note = [&](TimeUs at_us) { last_us = std::max(last_us, at_us); };
  for (const OutputRecord& output : history.outputs) note(std::max(output.at_us, output.decided_us));
  for (const OutputRecord& read : history.observed) note(read.at_us);
  for (const TransactionRecord& transaction : history.transactions) {
    note(std::max({transaction.begun_us, transaction.decided_us, transaction.completed_us}));
  }
  for (const StoredCheckpoint& stored : history.stored) note(std::max(stored.durable_us, stored.gone_us));
  for (const Event& event : history.events) note(event.at_us);
  if (last_us <= history.ended_us) return {};
  return fmt::format("the history contradicts itself: it ended at {}, but tells of what happened at {}",
                     time_text(history.ended_us), time_text(last_us));
}

}  // namespace

Guarantee observed_guarantee(const Counts& counts) {
  if (counts.phantom + counts.corrupted > 0) return Guarantee::none;
  if (counts.lost == 0) return counts.duplicated == 0 ? Guarantee::exactly_once : Guarantee::at_least_once;
  return counts.duplicated == 0 ? Guarantee::at_most_once : Guarantee::none;
}

namespace {

// What the counts allow, less what the readers met: a record passed over was lost to them, one that came again doubled,
// and one that was never to be seen is worse than either.
Guarantee observe(const Counts& counts, bool pieces, const std::vector<Finding>& findings) {
  Counts met = counts;
  for (const Finding& finding : findings) {
    if (finding.checker != "reads") continue;
    uint64_t& kind = finding.kind == "skipped-read"    ? met.lost
                     : finding.kind == "repeated-read" ? met.duplicated
                                                       : met.corrupted;
    ++kind;
  }
  return pieces ? Guarantee::none : observed_guarantee(met);
}

}  // namespace

bool satisfies(Guarantee observed, Guarantee claimed) {
  return claimed == Guarantee::none || observed == claimed || observed == Guarantee::exactly_once;
}

Verdict judge(const History& history, const Reference& reference) {
  CHECK(in_log_order(history.outputs), "the sink's records come in partition, then offset order");
  Verdict verdict;
  if (!reference.problem().empty()) {
    verdict.claimed = history.claimed;
    verdict.why = "there is nothing to judge by: " + reference.problem();
    verdict.evidence = "undecided: " + verdict.why;
    return verdict;
  }
  const Timeline timeline = read_timeline(history);
  Delivery delivery = check_delivery(history, reference);
  const Conditions conditions = check_conditions(history, reference, timeline, delivery);
  std::vector<Finding>& findings = verdict.findings;
  const Liveness liveness = check_liveness(history, timeline, findings);
  check_transactions(history, timeline, liveness.settled, findings, conditions.transactions);
  check_protocol(history, timeline, findings);
  check_restores(history, timeline, findings);
  check_cut(history, reference, delivery, timeline, findings);
  const std::string unread = check_reads(history, timeline, findings);
  tell_delivery(history, reference, delivery, liveness.settled, findings);
  check_order(history, reference, delivery, findings);
  check_placement(history, reference, delivery, findings);
  check_progress(history, reference, delivery, timeline, Calm(history), findings);
  check_causes(history, reference, delivery, timeline, liveness.settled, findings);
  const bool pieces = check_results(history, reference, delivery, liveness.settled, findings);
  verdict.claimed = history.claimed;
  verdict.counts = delivery.counts;
  verdict.observed = observe(delivery.counts, pieces, findings);
  verdict.counts_words = reference.splits();
  const Damage damage = find_damage(history, reference, timeline, delivery);
  verdict.stories = make_stories(history, reference, timeline, damage, findings, liveness.settled);
  verdict.ledger = make_ledger(history, reference, delivery, damage, verdict.stories, verdict.ledger_total);

  verdict.trial = trial_of(history, timeline);
  verdict.breaches = conditions.breaches;

  std::string why;
  add_reason(why, history.stopped);
  add_reason(why, behind_the_end(history));
  add_reason(why, liveness.why);
  add_reason(why, unread);
  for (const Breach& breach : verdict.breaches) add_reason(why, breach.damaged ? breach.story : std::string());
  if (reference.contributions() == 0) add_reason(why, "the input holds nothing that could be lost");
  if (!findings.empty()) {
    verdict.outcome = Outcome::violated;
  } else if (!why.empty()) {
    verdict.outcome = Outcome::inconclusive;
    verdict.why = why;
  } else {
    verdict.outcome = Outcome::valid;
    CHECK(satisfies(verdict.observed, verdict.claimed), "a broken claim has a finding");
  }
  verdict.evidence = make_evidence(history, reference, timeline, delivery, verdict);
  for (const Breach& breach : verdict.breaches) {
    if (!breach.damaged) verdict.evidence += "; " + breach.story;
  }
  return verdict;
}

RunReport counted(History history) {
  RunReport report;
  for (const FaultRecord& fault : history.faults) {
    ++report.faults.armed;
    report.faults.fired += fault.fired ? 1 : 0;
    report.faults.effective += fault.effective ? 1 : 0;
  }
  for (const CheckpointRecord& checkpoint : history.checkpoints) {
    report.checkpoints_completed += checkpoint.outcome == CheckpointOutcome::completed ? 1 : 0;
    report.checkpoints_aborted += checkpoint.outcome == CheckpointOutcome::aborted ? 1 : 0;
  }
  report.history = std::move(history);
  return report;
}

RunReport judged(History history, const Reference& reference) {
  RunReport report = counted(std::move(history));
  report.verdict = judge(report.history, reference);
  return report;
}

}  // namespace onceproof::checkers
