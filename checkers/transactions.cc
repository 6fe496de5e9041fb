// SPDX-License-Identifier: Apache-2.0
#include "checkers/transactions.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "checkers/delivery.h"
#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

std::string name_of(const TransactionRecord& transaction) {
  return fmt::format("transaction {} (epoch {})", quoted(transaction.transactional_id), transaction.epoch);
}

void check_commit(const TransactionRecord& transaction, const Timeline& timeline, Findings& findings) {
  if (transaction.checkpoint == 0) {
    findings.add("commit-without-pre-commit", transaction.decided_us, [&] {
      return fmt::format("{} was committed at {} although no checkpoint had pre-committed it", name_of(transaction),
                         time_text(transaction.decided_us));
    });
    return;
  }
  const auto durable = timeline.committable_us(transaction.checkpoint);
  if (durable && transaction.decided_us >= *durable) return;
  findings.add("early-commit", transaction.decided_us, [&] {
    const std::string when =
        durable ? fmt::format("which completed only at {}", time_text(*durable)) : "which never completed";
    return fmt::format("{} of checkpoint {}, {}, was committed at {}", name_of(transaction), transaction.checkpoint,
                       when, time_text(transaction.decided_us));
  });
}

void check_lost_commit(const TransactionRecord& transaction, const Timeline& timeline, bool settled,
                       Findings& findings) {
  const auto durable = timeline.durable_us.find(transaction.checkpoint);
  if (transaction.checkpoint == 0 || durable == timeline.durable_us.end()) return;
  const bool aborted = transaction.outcome == TransactionOutcome::aborted;
  if (!aborted && !settled) return;
  findings.add("lost-commit", transaction.decided_us, [&] {
    const std::string what = !aborted                ? "was never committed"
                             : transaction.timed_out ? fmt::format("timed out at {}", time_text(transaction.decided_us))
                                                     : "was aborted at " + time_text(transaction.decided_us);
    return fmt::format("{} was pre-committed by checkpoint {}, which completed at {}, but {}", name_of(transaction),
                       transaction.checkpoint, time_text(durable->second), what);
  });
}

void check_hanging(const TransactionRecord& transaction, bool settled, bool quiescent, Findings& findings) {
  if (!settled || transaction.begun_us < 0) return;
  const bool undecided = transaction.outcome == TransactionOutcome::open && !quiescent;
  const bool unmarked = transaction.outcome != TransactionOutcome::open && transaction.completed_us < 0 && !quiescent;
  if (!undecided && !unmarked) return;
  findings.add("hanging", transaction.begun_us, [&] {
    return fmt::format("{}, begun at {}, {} and holds the last stable offset", name_of(transaction),
                       time_text(transaction.begun_us),
                       undecided ? "is still open at the end" : "was decided but its markers were not all written");
  });
}

void check_double_commits(const History& history, Findings& findings) {
  std::vector<const TransactionRecord*> committed;
  for (const TransactionRecord& transaction : history.transactions) {
    if (transaction.outcome == TransactionOutcome::committed && transaction.checkpoint != 0) {
      committed.push_back(&transaction);
    }
  }
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
    });
  }
}

// Records whose visibility disagrees with the outcome of their transaction: a torn or resurrected transaction.
void check_atomicity(const History& history, bool settled, Findings& findings) {
  using Writer = std::pair<uint64_t, uint32_t>;
  std::vector<std::pair<Writer, const TransactionRecord*>> by_writer;
  for (const TransactionRecord& transaction : history.transactions) {
    by_writer.push_back({{transaction.producer_id, transaction.epoch}, &transaction});
  }
  std::stable_sort(by_writer.begin(), by_writer.end(), [](auto& a, auto& b) { return a.first < b.first; });
  for (const OutputRecord& output : history.outputs) {
    if (output.visibility == Visibility::non_transactional) {
      findings.add("outside-transaction", -1, [&] {
        return fmt::format("{} was written outside any transaction by a transactional sink", output_text(output));
      });
      continue;
    }
    const Writer writer{output.producer_id, output.epoch};
    const auto low = std::lower_bound(by_writer.begin(), by_writer.end(), writer,
                                      [](const auto& entry, const Writer& w) { return entry.first < w; });
    // Several transactions of one epoch: the record may belong to any of them.
    if (low == by_writer.end() || low->first != writer) continue;
    if (low + 1 != by_writer.end() && (low + 1)->first == writer) continue;
    const TransactionRecord& transaction = *low->second;
    const bool committed = transaction.outcome == TransactionOutcome::committed;
    const bool hidden = committed && output.visibility != Visibility::committed &&
                        (settled || output.visibility == Visibility::aborted);
    const bool leaked = !committed && output.visibility == Visibility::committed;
    if (!hidden && !leaked) continue;
    findings.add("torn", transaction.decided_us, [&] {
      return fmt::format("{} was {}, yet its record {} is {}", name_of(transaction),
                         committed ? "committed" : "not committed", output_text(output),
                         hidden ? "not readable" : "readable as committed");
    });
  }
}

// The index of the record that was read, or the number of outputs. `guess` saves the search when reads come in order.
size_t find_output(const History& history, const OutputRecord& read, size_t guess) {
  const std::vector<OutputRecord>& outputs = history.outputs;
  const auto is_it = [&](const OutputRecord& o) { return o.partition == read.partition && o.offset == read.offset; };
  if (guess < outputs.size() && is_it(outputs[guess])) return guess;
  const auto found =
      std::lower_bound(outputs.begin(), outputs.end(), read, [](const OutputRecord& a, const OutputRecord& b) {
        return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
      });
  if (found == outputs.end() || !is_it(*found)) return outputs.size();
  return static_cast<size_t>(found - outputs.begin());
}

bool same_content(const OutputRecord& a, const OutputRecord& b) {
  return a.timestamp_us == b.timestamp_us && a.key == b.key && a.value == b.value && a.lineage == b.lineage;
}

void check_one_read(const OutputRecord& read, const OutputRecord* stored, Findings& findings) {
  if (stored == nullptr) {
    findings.add("vanished", -1, [&] { return output_text(read) + " was read and then vanished from the log"; });
  } else if (!same_content(read, *stored)) {
    findings.add("changed", -1, [&] {
      return fmt::format("{} was read, but the log now holds {}", output_text(read), output_text(*stored));
    });
  } else if (!visible(*stored)) {
    findings.add("aborted-read", -1, [&] {
      return fmt::format("{} was seen by the read_committed reader although its transaction {}", output_text(read),
                         stored->visibility == Visibility::aborted ? "was aborted" : "is still open");
    });
  }
}

}  // namespace

void check_transactions(const History& history, const Timeline& timeline, bool settled, std::vector<Finding>& out) {
  if (!history.transactional_sink) return;
  Findings findings("transactions", out);
  const bool no_loss = history.claimed == Guarantee::exactly_once || history.claimed == Guarantee::at_least_once;
  for (const TransactionRecord& transaction : history.transactions) {
    if (transaction.outcome == TransactionOutcome::committed) {
      check_commit(transaction, timeline, findings);
    } else {
      if (no_loss) check_lost_commit(transaction, timeline, settled, findings);
    }
    check_hanging(transaction, settled, history.quiescent, findings);
  }
  check_double_commits(history, findings);
  check_atomicity(history, settled, findings);
}

std::string check_reads(const History& history, std::vector<Finding>& out) {
  Findings findings("transactions", out);
  std::vector<uint8_t> read(history.outputs.size(), 0);
  std::vector<int64_t> frontier;  // for each sink partition: the highest offset read
  std::vector<size_t> next;       // for each sink partition: where the next read is likely to be found
  for (const OutputRecord& record : history.observed) {
    const auto partition = static_cast<size_t>(record.partition);
    if (partition >= frontier.size()) {
      frontier.resize(partition + 1, -1);
      next.resize(partition + 1, 0);
    }
    frontier[partition] = std::max(frontier[partition], record.offset);
    const size_t index = find_output(history, record, next[partition]);
    if (index < read.size()) {
      read[index] = 1;
      next[partition] = index + 1;
    }
    check_one_read(record, index < read.size() ? &history.outputs[index] : nullptr, findings);
  }
  uint64_t unread = 0;
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (read[i] || !visible(output)) continue;
    const auto partition = static_cast<size_t>(output.partition);
    if (partition < frontier.size() && output.offset < frontier[partition]) {
      findings.add("skipped-read", -1, [&] {
        return fmt::format("{} was committed, but the read_committed reader went past it without seeing it",
                           output_text(output));
      });
    } else {
      ++unread;
    }
  }
  if (!history.transactional_sink || unread == 0) return {};
  return fmt::format(
      "the read_committed reader had not read {} at the end, so aborted and torn reads could not be "
      "excluded",
      count_text(unread, "visible record"));
}

}  // namespace onceproof::checkers
