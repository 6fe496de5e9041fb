// SPDX-License-Identifier: Apache-2.0
// Ledger: explains a line of the ledger from the history: which results carry the contribution, in which
// transactions, and why it was lost or came twice. Says only what the history shows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "checkers/verdict.h"

namespace onceproof::reports {

class LedgerContext {
 public:
  explicit LedgerContext(const checkers::History& history);  // keeps a reference

  // One line for each result that carries the contribution: where, what, in which transaction.
  std::vector<std::string> outputs_of(const checkers::LedgerEntry& entry) const;
  std::string why(const checkers::LedgerEntry& entry) const;

 private:
  const checkers::TransactionRecord* transaction_of(const checkers::OutputRecord& output) const;
  std::string why_lost(const checkers::LedgerEntry& entry) const;
  std::string why_doubled(const checkers::LedgerEntry& entry) const;

  const checkers::History& history_;
  std::map<std::pair<uint64_t, uint32_t>, std::vector<const checkers::TransactionRecord*>> transactions_;
};

}  // namespace onceproof::reports
