// SPDX-License-Identifier: Apache-2.0
#include "checkers/transactions.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "checkers/delivery.h"
#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

std::string name_of(const TransactionRecord& transaction) {
  return fmt::format("transaction {} (epoch {})", quoted(transaction.transactional_id), transaction.epoch);
}

// `transaction` is one of the history's.
Subject about(const History& history, const TransactionRecord& transaction) {
  return {Subject::Of::transaction, static_cast<uint32_t>(&transaction - history.transactions.data())};
}

void check_commit(const History& history, const TransactionRecord& transaction, const Timeline& timeline, Findings& findings) {
  if (transaction.checkpoint == 0) {
    findings.add("commit-without-pre-commit", transaction.decided_us, [&] {
      return fmt::format("{} was committed at {} although no checkpoint had pre-committed it", name_of(transaction),
                         time_text(transaction.decided_us));
    }, about(history, transaction));
    return;
  }
  const bool told = history.store_recorded || !history.checkpoints.empty();  // which checkpoints there were
  if (!told || transaction.decided_us < 0) return;
  const auto durable = timeline.committable_us(transaction.checkpoint);
  if (durable && transaction.decided_us >= *durable) return;
  findings.add("early-commit", transaction.decided_us, [&] {
    const std::string when =
        durable ? fmt::format("which completed only at {}", time_text(*durable)) : "which never completed";
    return fmt::format("{} of checkpoint {}, {}, was committed at {}", name_of(transaction), transaction.checkpoint,
                       when, time_text(transaction.decided_us));
  }, about(history, transaction));
}

void check_lost_commit(const History& history, const TransactionRecord& transaction, const Timeline& timeline,
                       bool settled, Findings& findings) {
  const auto durable = timeline.durable_us(transaction.checkpoint);
  if (transaction.checkpoint == 0 || !durable) return;
  const bool aborted = transaction.outcome == TransactionOutcome::aborted;
  if (!aborted && !settled) return;
  findings.add("lost-commit", transaction.decided_us, [&] {
    const std::string what = !aborted                ? "was never committed"
                             : transaction.timed_out ? fmt::format("timed out at {}", time_text(transaction.decided_us))
                                                     : "was aborted at " + time_text(transaction.decided_us);
    return fmt::format("{} was pre-committed by checkpoint {}, which completed at {}, but {}", name_of(transaction),
                       transaction.checkpoint, time_text(*durable), what);
  }, about(history, transaction));
}

// `in_doubt`: one of its records is undecided in the log, whatever is said of the log as a whole.
void check_hanging(const History& history, const TransactionRecord& transaction, bool settled, bool in_doubt,
                   Findings& findings) {
  const bool quiescent = history.quiescent && !in_doubt;
  if (!settled || transaction.begun_us < 0) return;
  const bool undecided = transaction.outcome == TransactionOutcome::open && !quiescent;
  const bool unmarked = transaction.outcome != TransactionOutcome::open && transaction.completed_us < 0 && !quiescent;
  if (!undecided && !unmarked) return;
  findings.add("hanging", transaction.begun_us, [&] {
    return fmt::format("{}, begun at {}, {} and holds the last stable offset", name_of(transaction),
                       time_text(transaction.begun_us),
                       undecided ? "is still open at the end" : "was decided but its markers were not all written");
  }, about(history, transaction));
}

void check_double_commits(const History& history, std::vector<const TransactionRecord*> committed, Findings& findings) {
  const auto key = [](const TransactionRecord* t) { return std::tie(t->checkpoint, t->transactional_id); };
  std::stable_sort(committed.begin(), committed.end(), [&](auto* a, auto* b) { return key(a) < key(b); });
  for (size_t i = 1; i < committed.size(); ++i) {
    if (key(committed[i - 1]) != key(committed[i])) continue;
    findings.add("double-commit", committed[i]->decided_us, [&] {
      return fmt::format(
          "transactional id {} was committed twice for checkpoint {}: at {} (epoch {}) and at {} "
          "(epoch {})",
          quoted(committed[i]->transactional_id), committed[i]->checkpoint, time_text(committed[i - 1]->decided_us),
          committed[i - 1]->epoch, time_text(committed[i]->decided_us), committed[i]->epoch);
    }, about(history, *committed[i]));
  }
}

void check_record(const History& history, const OutputRecord& output, const TransactionIndex::Found& found, bool settled,
                  Findings& findings) {
  if (output.visibility == Visibility::non_transactional) {
    findings.add("outside-transaction", output.at_us, [&] {
      return fmt::format("{} was written outside any transaction by a transactional sink", output_text(output));
    });
  } else if (!found.known && output.visibility != Visibility::open) {
    findings.add("unknown-transaction", output.at_us, [&] {
      return fmt::format("{} is {}, but the coordinator never had a transaction of producer {} with epoch {} that holds it",
                         output_text(output),
                         output.visibility == Visibility::committed ? "readable as committed" : "marked as aborted",
                         output.producer_id, output.epoch);
    });
  }
  if (!found.transaction || output.visibility == Visibility::non_transactional) return;
  // Visibility that disagrees with the outcome: a torn or resurrected transaction.
  const TransactionRecord& transaction = history.transactions[*found.transaction];
  const bool committed = transaction.outcome == TransactionOutcome::committed;
  const bool hidden = committed && output.visibility != Visibility::committed &&
                      (settled || output.visibility == Visibility::aborted);
  const bool leaked = !committed && output.visibility == Visibility::committed;
  if (!hidden && !leaked) return;
  findings.add("torn", transaction.decided_us, [&] {
    return fmt::format("{} was {}, yet its record {} is {}", name_of(transaction),
                       committed ? "committed" : "not committed", output_text(output),
                       hidden ? "not readable" : "readable as committed");
  }, about(history, transaction));
}

// Which transactions the history tells of more than once: records cannot say which one they mean.
std::vector<uint8_t> twins(const History& history) {
  const auto identity = [&](size_t i) {
    const TransactionRecord& transaction = history.transactions[i];
    return std::tie(transaction.producer_id, transaction.epoch, transaction.number);
  };
  std::vector<size_t> order(history.transactions.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return identity(a) < identity(b); });
  std::vector<uint8_t> twin(order.size(), 0);
  for (size_t i = 1; i < order.size(); ++i) {
    if (identity(order[i - 1]) == identity(order[i])) twin[order[i - 1]] = twin[order[i]] = 1;
  }
  return twin;
}

// What the log has of a transaction. One that a late copy of a request opened once more, and that nobody wrote into, comes
// to nothing whatever its outcome.
struct Written {
  bool any = false;
  bool in_doubt = false;  // a record of it is undecided
};

// Every record against its transaction. Returns what each transaction has in the log.
std::vector<Written> check_atomicity(const History& history, const TransactionIndex& transactions, bool settled,
                                     Findings& findings) {
  std::vector<Written> written(history.transactions.size());
  for (const OutputRecord& output : history.outputs) {
    const TransactionIndex::Found found = transactions.find(output);
    check_record(history, output, found, settled, findings);
    if (!found.transaction) continue;
    written[*found.transaction].any = true;
    written[*found.transaction].in_doubt |= output.visibility == Visibility::open;
  }
  return written;
}

}  // namespace

void check_transactions(const History& history, const Timeline& timeline, bool settled,
                        std::vector<Finding>& out, const std::vector<uint8_t>& excused) {
  if (!history.transactional_sink) return;
  Findings findings("transactions", out);
  const bool no_loss = history.claimed == Guarantee::exactly_once || history.claimed == Guarantee::at_least_once;
  const std::vector<Written> written = check_atomicity(history, timeline.transactions, settled, findings);
  const std::vector<uint8_t> twin = twins(history);
  std::vector<const TransactionRecord*> committed;
  for (size_t i = 0; i < history.transactions.size(); ++i) {
    const TransactionRecord& transaction = history.transactions[i];
    const bool idle = transaction.number != 0 && !written[i].any && !twin[i];
    if (transaction.outcome != TransactionOutcome::committed) {
      const bool forgiven = !excused.empty() && excused[i] != 0;
      if (no_loss && !forgiven) check_lost_commit(history, transaction, timeline, settled, findings);
    } else if (!idle) {
      check_commit(history, transaction, timeline, findings);
      if (transaction.checkpoint != 0) committed.push_back(&transaction);
    }
    check_hanging(history, transaction, settled, written[i].in_doubt, findings);
  }
  check_double_commits(history, std::move(committed), findings);
}

}  // namespace onceproof::checkers
