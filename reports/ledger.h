// SPDX-License-Identifier: Apache-2.0
// Ledger: which results carry a line's contribution, in which transactions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkers/transaction_index.h"
#include "checkers/verdict.h"

namespace onceproof::reports {

class LedgerContext {
 public:
  explicit LedgerContext(const checkers::History& history);  // keeps a reference

  // One line for each result that carries the contribution: where, what, in which transaction.
  std::vector<std::string> outputs_of(const checkers::LedgerEntry& entry) const;

 private:
  const checkers::History& history_;
  const checkers::TransactionIndex transactions_;
};

}  // namespace onceproof::reports
