// SPDX-License-Identifier: Apache-2.0
#include "reports/ledger.h"

#include <fmt/format.h>

#include "reports/names.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

LedgerContext::LedgerContext(const History& history) : history_(history), transactions_(history) {}

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
      if (const TransactionRecord* transaction = transactions_.of(output)) {
        if (transaction->checkpoint != 0) line += fmt::format(" for checkpoint {}", transaction->checkpoint);
        if (transaction->decided_us >= 0) line += ", decided at " + instant_text(transaction->decided_us);
      }
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace onceproof::reports
