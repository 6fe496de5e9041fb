// SPDX-License-Identifier: Apache-2.0
// Due: when the sources were done with a record, and with all that lets a result out. From what the sources asked the log
// for, so only where the history has it.
#pragma once

#include <map>
#include <vector>

#include "checkers/reference.h"
#include "checkers/timeline.h"

namespace onceproof::checkers {

bool asked_recorded(const History& history, const Reference& reference);

// When a source was done with this record; kMaxTimeUs: it never asked for more, as at its end.
TimeUs done_us(const History& history, Position position);

// For each expected result, when the sources were done with all that lets it out.
std::vector<TimeUs> results_due_us(const History& history, const Reference& reference);

// By window end. What was read before a restart lets nothing out behind it: sources forget how far event time had come.
using WindowsDue = std::map<TimeUs, TimeUs>;
WindowsDue windows_due_after(const History& history, const Reference& reference, const Restart& restart);

}  // namespace onceproof::checkers
