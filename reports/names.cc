// SPDX-License-Identifier: Apache-2.0
#include "reports/names.h"

#include <algorithm>

namespace onceproof::reports {

using namespace checkers;

const char* outcome_name(TransactionOutcome outcome) {
  switch (outcome) {
    case TransactionOutcome::open: return "open";
    case TransactionOutcome::committed: return "committed";
    case TransactionOutcome::aborted: return "aborted";
  }
  return "unknown";
}

const char* outcome_name(CheckpointOutcome outcome) {
  switch (outcome) {
    case CheckpointOutcome::pending: return "pending";
    case CheckpointOutcome::completed: return "completed";
    case CheckpointOutcome::aborted: return "aborted";
  }
  return "unknown";
}

const char* visibility_name(Visibility visibility) {
  switch (visibility) {
    case Visibility::committed: return "committed";
    case Visibility::aborted: return "aborted";
    case Visibility::open: return "open";
    case Visibility::non_transactional: return "non-transactional";
  }
  return "unknown";
}

std::string observed_text(const Verdict& verdict) {
  const Counts& counts = verdict.counts;
  const bool nothing = counts.expected + counts.phantom + counts.corrupted == 0 && verdict.findings.empty();
  return nothing ? "-" : to_string(verdict.observed);
}

std::vector<const RunReport*> weakest_first(const std::vector<RunReport>& runs) {
  std::vector<const RunReport*> order;
  for (const RunReport& run : runs) order.push_back(&run);
  std::stable_sort(order.begin(), order.end(), [](const RunReport* left, const RunReport* right) {
    return left->verdict.claimed < right->verdict.claimed;
  });
  return order;
}

}  // namespace onceproof::reports
