// SPDX-License-Identifier: Apache-2.0
#include "checkers/conditions.h"

#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

using std::string_view;

const Condition* find(const History& history, string_view kind) {
  const auto found = std::find_if(history.conditions.begin(), history.conditions.end(),
                                  [&](const Condition& condition) { return condition.kind == kind; });
  return found == history.conditions.end() ? nullptr : &*found;
}

struct Failure {
  TimeUs from_us = 0, until_us = 0;  // in force
  std::string name;                  // "the crash of taskmanager-0 at 17.3 s"
};
// One recovery, as the world saw it: from a failure until everything is as if nothing had been. Failures that come before
// the last one is mended make one recovery together.
struct Recovery {
  Span span;
  std::vector<Failure> failures;  // in the order of their beginnings
};

std::string cause_of(const History& history, const FaultRecord& fault) {
  for (const Event& event : history.events) {
    if (event.at_us != fault.fired_us) continue;
    const string_view point = event.point;
    const char* what = point == "process.crash"       ? "crash"
                       : point == "process.pause"     ? "pause"
                       : point == "network.partition" ? "partition"
                                                      : nullptr;
    if (what == nullptr || event.process >= history.processes.size()) continue;
    return fmt::format("the {} of {} at {}", what, history.processes[event.process], time_text(event.at_us));
  }
  return fmt::format("the {} fault at {}", fault.kind, time_text(fault.fired_us));
}

// Nobody commits for a job that has been given up.
TimeUs given_up_us(const History& history, const Timeline& timeline) {
  return history.job == JobStatus::failed ? timeline.job_status_us : -1;
}

std::vector<Recovery> recoveries(const History& history, const Timeline& timeline) {
  std::vector<Failure> all;
  const auto add = [&](TimeUs from_us, TimeUs until_us, std::string name) {
    all.push_back({from_us, until_us, std::move(name)});
  };
  for (const FaultRecord& fault : history.faults) {
    if (fault.fired) add(fault.fired_us, std::max(fault.fired_us, fault.healed_us), cause_of(history, fault));
  }
  for (const Span& slow : history.slow) {
    add(slow.from_us, slow.until_us, fmt::format("the slow step at {}", time_text(slow.from_us)));
  }
  const TimeUs over_us = given_up_us(history, timeline);
  if (over_us >= 0) add(over_us, history.ended_us, fmt::format("the end of the job at {}", time_text(over_us)));
  std::stable_sort(all.begin(), all.end(), [](const Failure& a, const Failure& b) { return a.from_us < b.from_us; });
  std::vector<Recovery> merged;
  for (Failure& one : all) {
    // What waits doubles its wait while a fault lasts, so that mending takes as long again.
    const TimeUs mended_us = one.until_us + history.bounds.recovery_us + (one.until_us - one.from_us);
    if (merged.empty() || one.from_us > merged.back().span.until_us) merged.push_back({{one.from_us, mended_us}, {}});
    merged.back().span.until_us = std::max(merged.back().span.until_us, mended_us);
    merged.back().failures.push_back(std::move(one));
  }
  return merged;
}

class RecoveryTimes {
 public:
  RecoveryTimes(const History& history, const Timeline& timeline, const Condition& recovery, const Condition& epoch)
      : history_(history), timeline_(timeline), recovery_(recovery), epoch_(epoch),
        recoveries_(recoveries(history, timeline)) {}

  // Which recovery alone explains that the log gave this transaction up; null: none does.
  const Recovery* excuse(const TransactionRecord& transaction) const {
    if (transaction.outcome != TransactionOutcome::aborted || !transaction.timed_out) return nullptr;
    if (transaction.checkpoint == 0 || !timeline_.durable_us(transaction.checkpoint)) return nullptr;
    const TimeUs begun_us = transaction.begun_us, gone_us = transaction.decided_us;
    if (begun_us < 0 || gone_us - begun_us < recovery_.limit_us + epoch_.limit_us) return nullptr;  // not yet due
    for (const Recovery& recovery : recoveries_) {
      if (recovery.span.from_us > gone_us || recovery.span.until_us < gone_us) continue;
      const bool in_time = recovery.span.from_us - begun_us <= epoch_.limit_us;  // else it was late before
      const bool too_long = gone_us - std::max(recovery.span.from_us, begun_us) >= recovery_.limit_us;
      return in_time && too_long && !was_over(transaction, recovery) ? &recovery : nullptr;
    }
    return nullptr;
  }

  // When somebody asked for the commit at last, or the log gave the transaction up.
  TimeUs over_us(const TransactionRecord& transaction) const {
    TimeUs until_us = transaction.decided_us;
    for (const Event& event : history_.events) {
      const bool asks = string_view(event.point) == "sink.commit" && event.before &&
                        event.value == transaction.producer_id && event.epoch == transaction.epoch;
      if (asks && event.at_us > until_us) {
        until_us = event.at_us;
        break;
      }
    }
    return until_us;
  }

  // The failure of a recovery that kept this transaction waiting: the first one in its own time that lasted too long.
  const Failure& blamed(const TransactionRecord& transaction, const Recovery& recovery) const {
    const TimeUs until_us = over_us(transaction);
    for (const Failure& failure : recovery.failures) {
      const bool in_its_time = failure.until_us >= transaction.begun_us && failure.from_us <= transaction.decided_us;
      if (in_its_time && until_us - failure.from_us > recovery_.limit_us) return failure;
    }
    return recovery.failures.front();
  }

  // How long a committed transaction waited, once its checkpoint was stored.
  DurationUs waited_us(const TransactionRecord& transaction) const {
    const auto durable_us = timeline_.durable_us(transaction.checkpoint);
    if (transaction.outcome != TransactionOutcome::committed || !durable_us) return 0;
    return transaction.decided_us - *durable_us;
  }

  const Recovery* under_way(TimeUs at_us) const {
    for (const Recovery& recovery : recoveries_) {
      if (recovery.span.from_us <= at_us && recovery.span.until_us >= at_us) return &recovery;
    }
    return nullptr;
  }

 private:
  // What a later checkpoint pre-committed was committed meanwhile: the job had recovered, and this one was forgotten.
  bool was_over(const TransactionRecord& lost, const Recovery& recovery) const {
    return std::any_of(history_.transactions.begin(), history_.transactions.end(), [&](const TransactionRecord& other) {
      return other.outcome == TransactionOutcome::committed && other.checkpoint > lost.checkpoint &&
             other.decided_us > recovery.span.from_us && other.decided_us < lost.decided_us;
    });
  }

  const History& history_;
  const Timeline& timeline_;
  const Condition& recovery_;
  const Condition& epoch_;
  const std::vector<Recovery> recoveries_;
};

// Marks what was lost with these transactions, which ascend; returns how much.
uint64_t excuse_records(const History& history, const Reference& reference, const Timeline& timeline,
                        const std::vector<size_t>& transactions, Delivery& delivery) {
  uint64_t lost = 0;
  if (delivery.excused.empty()) delivery.excused.assign(reference.contributions(), 0);
  for (size_t o = 0; o < history.outputs.size(); ++o) {
    const OutputRecord& output = history.outputs[o];
    if (output.visibility != Visibility::aborted) continue;
    const auto own = timeline.transactions.find(output).transaction;
    if (!own || !std::binary_search(transactions.begin(), transactions.end(), *own)) continue;
    for_each_contribution(history, reference, delivery, o, [&](uint32_t index) {
      if (delivery.times[index] > 0 || delivery.excused[index]) return;
      delivery.excused[index] = 1;
      ++lost;
    });
  }
  return lost;
}

std::string claim_text(const History& history, const Condition& condition) {
  return fmt::format("{} is claimed while {}", to_string(history.claimed), condition.text);
}

std::string gone_text(const History& history, const std::vector<size_t>& transactions) {
  const TransactionRecord& first = history.transactions[transactions.front()];
  std::string text = fmt::format("transaction {} (epoch {}) of checkpoint {}", quoted(first.transactional_id),
                                 first.epoch, first.checkpoint);
  if (transactions.size() > 1) text += fmt::format(" and {} more", transactions.size() - 1);
  return text + " timed out at " + time_text(first.decided_us);
}

void check_recoveries(const History& history, const Reference& reference, const Timeline& timeline, Delivery& delivery,
                      Conditions& out) {
  const Condition* condition = find(history, "recovery");
  const Condition* epoch = find(history, "epoch");
  if (condition == nullptr || epoch == nullptr) return;
  const RecoveryTimes times(history, timeline, *condition, *epoch);
  std::map<TimeUs, std::vector<size_t>> lost;  // by the failure that is to blame
  DurationUs longest_us = 0;
  const TransactionRecord* longest = nullptr;
  for (size_t i = 0; i < history.transactions.size(); ++i) {
    const TransactionRecord& transaction = history.transactions[i];
    if (const Recovery* recovery = times.excuse(transaction)) lost[times.blamed(transaction, *recovery).from_us].push_back(i);
    if (times.waited_us(transaction) > std::max(longest_us, condition->limit_us)) {
      longest_us = times.waited_us(transaction);
      longest = &transaction;
    }
  }
  for (const auto& [from_us, transactions] : lost) {
    const TransactionRecord& first = history.transactions[transactions.front()];
    const std::string& cause = times.blamed(first, *times.excuse(first)).name;
    DurationUs took_us = 0;
    out.transactions.resize(history.transactions.size(), 0);
    for (const size_t i : transactions) {
      out.transactions[i] = 1;
      took_us = std::max(took_us, times.over_us(history.transactions[i]) - from_us);
    }
    const uint64_t gone = excuse_records(history, reference, timeline, transactions, delivery);
    out.breaches.push_back({condition->kind, took_us, gone, true,
                            fmt::format("{}; the one after {} took {}: {}, {} lost", claim_text(history, *condition),
                                        cause, time_text(took_us), gone_text(history, transactions),
                                        count_text(gone, noun_of(reference)))});
  }
  if (longest == nullptr) return;
  const Recovery* recovery = times.under_way(longest->decided_us);
  const std::string who = recovery == nullptr ? "one" : "the one after " + times.blamed(*longest, *recovery).name;
  out.breaches.push_back(
      {condition->kind, longest_us, 0, false,
       fmt::format("{}; {} kept transaction {} of checkpoint {} waiting for {}, and it was committed all the same",
                   claim_text(history, *condition), who, quoted(longest->transactional_id), longest->checkpoint,
                   time_text(longest_us))});
}

void check_restarts(const History& history, const Timeline& timeline, Conditions& out) {
  const Condition* condition = find(history, "restarts");
  if (condition == nullptr || history.job != JobStatus::failed || history.restarts < condition->limit) return;
  out.breaches.push_back({condition->kind, 0, 0, true,
                          fmt::format("{}; one more was needed, and the job was given up at {}",
                                      claim_text(history, *condition), time_text(given_up_us(history, timeline)))});
}

}  // namespace

Conditions check_conditions(const History& history, const Reference& reference, const Timeline& timeline,
                            Delivery& delivery) {
  Conditions conditions;
  check_recoveries(history, reference, timeline, delivery, conditions);
  check_restarts(history, timeline, conditions);
  return conditions;
}

}  // namespace onceproof::checkers
