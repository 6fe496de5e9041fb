// SPDX-License-Identifier: Apache-2.0
#include "checkers/transaction_index.h"

#include <algorithm>

namespace onceproof::checkers {

TransactionIndex::TransactionIndex(const History& history) : history_(&history) {
  by_writer_.reserve(history.transactions.size());
  for (size_t i = 0; i < history.transactions.size(); ++i) {
    by_writer_.push_back({{history.transactions[i].producer_id, history.transactions[i].epoch}, i});
  }
  std::stable_sort(by_writer_.begin(), by_writer_.end(),
                   [](const Entry& a, const Entry& b) { return a.writer < b.writer; });
}

TransactionIndex::Found TransactionIndex::find(uint64_t producer_id, uint32_t epoch, uint64_t number) const {
  const Key wanted{producer_id, epoch};
  const auto low = std::lower_bound(by_writer_.begin(), by_writer_.end(), wanted,
                                    [](const Entry& entry, const Key& key) { return entry.writer < key; });
  const auto end = std::find_if(low, by_writer_.end(), [&](const Entry& entry) { return entry.writer != wanted; });
  if (number != 0) {
    const auto number_of = [&](const Entry& entry) { return history_->transactions[entry.transaction].number; };
    const auto named = std::find_if(low, end, [&](const Entry& entry) { return number_of(entry) == number; });
    if (named != end) return {named->transaction, true};
    if (std::none_of(low, end, [&](const Entry& entry) { return number_of(entry) == 0; })) return {};
  }
  if (end - low == 1) return {low->transaction, true};
  return {std::nullopt, end != low};  // several: any of them
}

const TransactionRecord* TransactionIndex::of(const OutputRecord& output) const {
  if (output.visibility == Visibility::non_transactional) return nullptr;
  const Found found = find(output);
  return found.transaction ? &history_->transactions[*found.transaction] : nullptr;
}

}  // namespace onceproof::checkers
