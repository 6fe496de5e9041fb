// SPDX-License-Identifier: Apache-2.0
// Damage: every lost contribution and every second delivery, with its cause, gathered by cause. The producer id and epoch
// of a second delivery decide which replay wrote it; the transaction, the discarded state, the offset that was committed
// ahead decide a loss. O(contributions); built by the judge when there is damage, rendered by stories and reports.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "checkers/cause.h"
#include "checkers/delivery.h"
#include "checkers/timeline.h"

namespace onceproof::checkers {

struct DamageCount {
  uint64_t lost = 0;
  uint64_t duplicated = 0;  // extra deliveries
};

// All damage of one kind that one restart, one fault or nothing at all brought.
struct DamageGroup {
  Cause cause;  // of the first
  uint32_t first = 0;                            // the first contribution, by position
  uint32_t output = Reference::kNone;            // index into History::outputs: its first result, or the one nobody may see
  uint32_t again = Reference::kNone;             // the second delivery
  DamageCount count;
  std::map<TimeUs, DamageCount> windows;         // by window end; one entry, 0, without windows
  std::set<uint32_t> transactions;               // whose records they are, of losses and of both deliveries
};

struct Damage {
  static constexpr uint32_t kNone = UINT32_MAX;
  std::vector<DamageGroup> groups;   // by first contribution
  std::vector<uint32_t> group_of;    // for each contribution; empty when nothing is lost or doubled
  uint32_t group(uint32_t contribution) const { return group_of.empty() ? kNone : group_of[contribution]; }
};

Damage find_damage(const History& history, const Reference& reference, const Timeline& timeline,
                   const Delivery& delivery);

}  // namespace onceproof::checkers
