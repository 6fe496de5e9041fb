// SPDX-License-Identifier: Apache-2.0
// Data: what happened to the records, as events for the diagrams beside those of the protocol: what the sources are done
// with, what the log gets and shows, what the reader sees, and the way of the one record that a story follows. From the
// log's and the reader's own contents; three lanes are added to those of the processes for it.
#pragma once

#include <vector>

#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::reports {

inline constexpr size_t kDataLanes = 3;  // behind the processes: the input topic, the output topic, the record followed

// In time order. `verdict` may be null: no record is followed then.
std::vector<checkers::Event> data_events(const checkers::History& history, const checkers::Timeline& facts,
                                         const checkers::Verdict* verdict);

}  // namespace onceproof::reports
