// SPDX-License-Identifier: Apache-2.0
// TransactionIndex: whose transaction a record of the log is, asked by checkers and reports alike: the one that its marker
// names, or the only one that its producer had under its epoch. Where several may be meant none is named.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "checkers/history.h"

namespace onceproof::checkers {

class TransactionIndex {
 public:
  TransactionIndex() = default;
  explicit TransactionIndex(const History& history);  // which must outlive it

  struct Found {
    std::optional<size_t> transaction;  // index into the history's
    bool known = false;                 // false: its producer never had a transaction, or none of that number
  };
  Found find(const OutputRecord& output) const { return find(output.producer_id, output.epoch, output.transaction); }
  // `number` 0: not told. An event names its transaction by producer and epoch.
  Found find(uint64_t producer_id, uint32_t epoch, uint64_t number = 0) const;
  // Null: unknown, or written outside transactions.
  const TransactionRecord* of(const OutputRecord& output) const;

 private:
  using Key = std::pair<uint64_t, uint32_t>;
  struct Entry {
    Key writer;
    size_t transaction;
  };
  const History* history_ = nullptr;
  std::vector<Entry> by_writer_;
};

}  // namespace onceproof::checkers
