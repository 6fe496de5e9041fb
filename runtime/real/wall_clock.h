// SPDX-License-Identifier: Apache-2.0
// The real time, for progress lines, benchmarks and names of run folders. Never for a protocol decision:
// those ask env::Clock.
#pragma once

#include <string>

#include "runtime/base/time.h"

namespace onceproof::real {

double monotonic_seconds();             // since some fixed instant; differences only
TimeUs epoch_us();                      // since 1970-01-01T00:00:00Z
std::string local_timestamp();          // "2026-11-21T04-12-47": sorts by time, safe in file names
void sleep_us(DurationUs duration_us);  // may return early when a signal comes

}  // namespace onceproof::real
