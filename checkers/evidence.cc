// SPDX-License-Identifier: Apache-2.0
#include "checkers/evidence.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

const TransactionRecord* transaction_of(const History& history, const OutputRecord& output) {
  const TransactionRecord* found = nullptr;
  for (const TransactionRecord& transaction : history.transactions) {
    if (transaction.producer_id != output.producer_id || transaction.epoch != output.epoch) continue;
    if (found != nullptr) return nullptr;  // several in one epoch: the log's content does not say which
    found = &transaction;
  }
  return found;
}

const LedgerEntry* first_entry(const Verdict& verdict, bool lost) {
  for (const LedgerEntry& entry : verdict.ledger) {
    if ((entry.delivered == 0) == lost) return &entry;
  }
  return nullptr;
}

// "the crash of taskmanager-1 at 17.3 s and the partition of taskmanager-0 at 30 s", at most two by name.
std::string causes_text(const Timeline& timeline) {
  std::vector<std::string> causes;
  for (const Restart& restart : timeline.restarts) {
    if (!restart.cause.empty() && std::find(causes.begin(), causes.end(), restart.cause) == causes.end()) {
      causes.push_back(restart.cause);
    }
  }
  if (causes.empty()) return {};
  if (causes.size() == 1) return causes[0];
  if (causes.size() == 2) return causes[0] + " and " + causes[1];
  return fmt::format("{}, {} and {} more", causes[0], causes[1], count_text(causes.size() - 2, "failure"));
}

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

// A result that contains the contribution but that no read_committed reader may see.
const OutputRecord* hidden_output(const History& history, Position position) {
  for (const OutputRecord& output : history.outputs) {
    if (visible(output)) continue;
    if (std::binary_search(output.lineage.begin(), output.lineage.end(), position)) return &output;
  }
  return nullptr;
}

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

std::string lost_cause(const History& history, const Timeline& timeline, Position first) {
  if (const OutputRecord* output = hidden_output(history, first)) {
    const TransactionRecord* transaction = transaction_of(history, *output);
    const char* state = output->visibility == Visibility::aborted ? "aborted" : "never committed";
    if (transaction == nullptr) return fmt::format("its result was written in a transaction that was {}", state);
    if (transaction->checkpoint == 0) {
      return fmt::format("its result was written in transaction {}, which was {}",
                         quoted(transaction->transactional_id), state);
    }
    return fmt::format("its result was pre-committed by checkpoint {} but its transaction was {}",
                       transaction->checkpoint, state);
  }
  if (timeline.restarts.empty()) return "no result that was ever written contains it";
  const std::string causes = causes_text(timeline);
  const bool restored = std::any_of(timeline.restarts.begin(), timeline.restarts.end(),
                                    [](const Restart& restart) { return restart.checkpoint != 0; });
  const std::string after = causes.empty() ? "the restart" : causes;
  return restored ? fmt::format("after {} no result that was ever written contains it", after)
                  : fmt::format(
                        "after {} the job went on without restoring a checkpoint, and what was in flight and "
                        "in window state did not come again",
                        after);
}

std::string lost_clause(const History& history, const Reference& reference, const Timeline& timeline,
                        const Delivery& delivery, const Verdict& verdict) {
  std::string text = fmt::format("lost {}{}", count_text(delivery.counts.lost, noun_of(reference)),
                                 shape_of_losses(reference, delivery));
  const LedgerEntry* entry = first_entry(verdict, true);
  if (entry == nullptr) return text;
  return text + fmt::format(" (first: {}): {}", contribution_text(reference, reference.index_of(entry->position)),
                            lost_cause(history, timeline, entry->position));
}

// ---- duplicated ----------------------------------------------------------------------------------------

std::string origin_text(const Restart& restart) {
  return restart.checkpoint == 0 ? std::string("the beginning") : fmt::format("checkpoint {}", restart.checkpoint);
}

std::string restore_text(const Restart& restart) {
  const std::string from = origin_text(restart);
  if (restart.cause.empty()) return fmt::format("replay from {} at {}", from, time_text(restart.at_us));
  return fmt::format("replay from {} after {}", from, restart.cause);
}

std::string replays_text(const Timeline& timeline) {
  if (timeline.restarts.size() == 1) return restore_text(timeline.restarts[0]);
  std::string text = restore_text(timeline.restarts[0]) + " or " + restore_text(timeline.restarts[1]);
  if (timeline.restarts.size() > 2) text += fmt::format(" or one of {} more", timeline.restarts.size() - 2);
  return text;
}

std::string duplicate_cause(const History& history, const Reference& reference, const Timeline& timeline,
                            const LedgerEntry& entry) {
  if (entry.outputs.size() < 2) return "it was delivered more than once";
  const uint32_t result = reference.result_of(reference.index_of(entry.position));
  const std::string what = reference.windowed()
                               ? fmt::format("window {}", window_text(reference, reference.results()[result]))
                               : std::string("it");
  if (entry.outputs[0] == entry.outputs[1]) {
    const std::string restarts =
        timeline.restarts.empty() ? std::string() : fmt::format(" after {}", replays_text(timeline));
    return fmt::format("one result counts it twice{}", restarts);
  }
  const OutputRecord& first = history.outputs[entry.outputs[0]];
  const OutputRecord& again = history.outputs[entry.outputs[1]];
  if (first.producer_id == again.producer_id && first.epoch == again.epoch) {
    return fmt::format("producer {} wrote {} twice within epoch {}", first.producer_id, what, first.epoch);
  }
  if (timeline.restarts.empty()) {
    return fmt::format("producers {} and {} both delivered {}", first.producer_id, again.producer_id, what);
  }
  return fmt::format("{} emitted {} again", replays_text(timeline), what);
}

std::string duplicate_clause(const History& history, const Reference& reference, const Timeline& timeline,
                             const Delivery& delivery, const Verdict& verdict) {
  std::string text = fmt::format("doubled {}", count_text(delivery.counts.duplicated, noun_of(reference)));
  const LedgerEntry* entry = first_entry(verdict, false);
  if (entry == nullptr) return text;
  return text + fmt::format(" (first: {}): {}", contribution_text(reference, reference.index_of(entry->position)),
                            duplicate_cause(history, reference, timeline, *entry));
}

// ---- neither -------------------------------------------------------------------------------------------

// A transaction that was pre-committed, whose process then died, and that was committed all the same.
std::string committed_on_recovery(const History& history, const Timeline& timeline) {
  for (const TransactionRecord& transaction : history.transactions) {
    if (transaction.outcome != TransactionOutcome::committed || transaction.checkpoint == 0) continue;
    for (const PreCommit& pre : timeline.pre_commits) {
      if (pre.checkpoint != transaction.checkpoint || pre.producer_id != transaction.producer_id) continue;
      for (const Crash& crash : timeline.crashes) {
        if (crash.process != pre.process || crash.at_us < pre.at_us || crash.at_us > transaction.decided_us) continue;
        return fmt::format(
            "neither: the transaction of checkpoint {}, pre-committed before the crash of {} at {}, was "
            "committed on recovery at {}",
            transaction.checkpoint, process_name(history, crash.process), time_text(crash.at_us),
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
    const TransactionRecord* transaction = transaction_of(history, output);
    if (transaction == nullptr || transaction->outcome != TransactionOutcome::aborted) continue;
    const auto cause = std::find_if(timeline.restarts.begin(), timeline.restarts.end(), [&](const Restart& restart) {
      return restart.cause_us >= transaction->begun_us && restart.cause_us <= transaction->decided_us;
    });
    if (cause == timeline.restarts.end()) continue;
    return fmt::format(
        "neither: the transaction that was open at {} was aborted, and replay from {} delivered its "
        "records once",
        cause->cause, origin_text(*cause));
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
  const Counts& counts = delivery.counts;
  // What the counts cannot tell comes first: a stuck job, a torn transaction, a corrupted result.
  const Finding* odd = nullptr;
  for (const Finding& finding : verdict.findings) {
    const bool counted = finding.checker == "reference" || finding.kind == "lost" || finding.kind == "duplicated";
    if (!counted && odd == nullptr) odd = &finding;
  }
  std::string text;
  const auto join = [&text](const std::string& clause) { text += text.empty() ? clause : "; " + clause; };
  if (odd != nullptr) join(fmt::format("{}: {}", odd->kind, odd->story));
  if (counts.lost > 0) join(lost_clause(history, reference, timeline, delivery, verdict));
  if (counts.duplicated > 0) join(duplicate_clause(history, reference, timeline, delivery, verdict));
  if (text.empty() && !verdict.findings.empty()) join(verdict.findings.front().story);
  if (verdict.outcome == Outcome::inconclusive) {
    return text.empty() ? "undecided: " + verdict.why : fmt::format("undecided ({}); so far {}", verdict.why, text);
  }
  return text.empty() ? clean_text(history, reference, timeline) : text;
}

}  // namespace onceproof::checkers
