// SPDX-License-Identifier: Apache-2.0
#include "reports/ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/names.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

LedgerContext::LedgerContext(const History& history) : history_(history) {
  for (const TransactionRecord& transaction : history.transactions) {
    transactions_[{transaction.producer_id, transaction.epoch}].push_back(&transaction);
  }
}

// One identity may have run several transactions one after the other; which of them wrote a record is then
// not known from the record, and nothing is said.
const TransactionRecord* LedgerContext::transaction_of(const OutputRecord& output) const {
  if (output.visibility == Visibility::non_transactional) return nullptr;
  const auto found = transactions_.find({output.producer_id, output.epoch});
  return found == transactions_.end() || found->second.size() != 1 ? nullptr : found->second.front();
}

std::vector<std::string> LedgerContext::outputs_of(const LedgerEntry& entry) const {
  std::vector<std::string> lines;
  for (const uint32_t index : entry.outputs) {
    if (index >= history_.outputs.size()) continue;
    const OutputRecord& output = history_.outputs[index];
    std::string line = fmt::format("{}/{}: ", output.partition, output.offset);
    line += output.key.empty() ? printable(output.value, 40)
                               : printable(output.key, 30) + " = " + printable(output.value, 20);
    if (output.visibility != Visibility::non_transactional) {
      line += fmt::format(", {} transaction of producer {}/{}", visibility_name(output.visibility), output.producer_id,
                          output.epoch);
      if (const TransactionRecord* transaction = transaction_of(output)) {
        if (transaction->checkpoint != 0) line += fmt::format(" for checkpoint {}", transaction->checkpoint);
        if (transaction->decided_us >= 0) line += ", decided at " + instant_text(transaction->decided_us);
      }
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string LedgerContext::why(const LedgerEntry& entry) const {
  if (entry.delivered == 0) return why_lost(entry);
  return entry.delivered > 1 ? why_doubled(entry) : "Delivered once.";
}

std::string LedgerContext::why_lost(const LedgerEntry& entry) const {
  for (const uint32_t index : entry.outputs) {
    if (index >= history_.outputs.size()) continue;
    const OutputRecord& output = history_.outputs[index];
    const TransactionRecord* transaction = transaction_of(output);
    if (output.visibility == Visibility::open) return "Its transaction was still open when the run ended.";
    if (output.visibility != Visibility::aborted) continue;
    if (transaction != nullptr && transaction->timed_out) return "Its only transaction timed out and was aborted.";
    return "It was written only in a transaction that was aborted.";
  }
  if (history_.claimed == Guarantee::at_most_once) {
    return history_.restarts > 0 ? "No result contains it. Offsets are committed before records are processed, so a "
                                   "restart does not read it again."
                                 : "No result contains it. Nothing that is in flight or unacknowledged is sent again.";
  }
  if (history_.job == JobStatus::running) return "No result contains it; the job was still running when the run ended.";
  return "No result contains it, although the source can be read again.";
}

std::string LedgerContext::why_doubled(const LedgerEntry& entry) const {
  size_t bare = 0, committed = 0;
  bool same = true;  // the same key and event time: one window, written again
  const OutputRecord* first = nullptr;
  for (const uint32_t index : entry.outputs) {
    if (index >= history_.outputs.size()) continue;
    const OutputRecord& output = history_.outputs[index];
    bare += output.visibility == Visibility::non_transactional;
    committed += output.visibility == Visibility::committed;
    if (first == nullptr) first = &output;
    same = same && output.key == first->key && output.timestamp_us == first->timestamp_us;
  }
  if (bare > 1) {
    const char* what = same ? "The same result was written again" : "Different results contain it";
    return history_.restarts > 0
               ? fmt::format(
                     "{}: after a restart the source is read again from the last checkpoint, and what the sink "
                     "had already written stays.",
                     what)
               : fmt::format("{}, although no task was restarted.", what);
  }
  if (committed > 1) {
    return fmt::format("{} transactions that were all committed contain it: the commit is not bound to one checkpoint.",
                       committed);
  }
  return "One result counts it more than once: state or replay has counted it again.";
}

}  // namespace onceproof::reports
