// SPDX-License-Identifier: Apache-2.0
// Backlog: how much of this input can stand before a barrier at most when sources catch up, and how long the
// configuration takes to carry it away. A channel of n buffers carries n buffers a round trip of its link, and a client
// of the log so many batches; both are sums of the configuration's numbers. For bounds alone (bounds.h).
#pragma once

#include "checkers/reference.h"
#include "scenarios/plan/plan.h"

namespace onceproof::scenarios {

// What the input is to channels and sinks.
struct Workload {
  int64_t records = 0;
  int64_t bytes = 0;          // of the input
  int64_t elements = 0;       // what the records become in front of an exchange: words
  int64_t element_bytes = 0;  // of all of them, as they go through a channel
  int64_t longest_bytes = 0;  // and of the longest record's
  int64_t results = 0;        // that one step of event time lets out at most
  int64_t result_bytes = 0;   // and what they hold for the log, all together
};
// A pure function of the input and of what shaped it: runs that share the input share this.
Workload workload_of(const RunPlan& plan, const checkers::Reference& reference);

struct Backlog {
  DurationUs channels_us = 0;  // until a barrier that stands behind a full pool and one helping of a source is through
  DurationUs sinks_us = 0;     // until the log has acknowledged what one step of event time, or one helping, lets out
  DurationUs fetched_us = 0;   // until a source is done with one fetch, and goes on to the next
  DurationUs round_trip_us = 0;          // of a channel
  int64_t bytes_a_round_trip = 0;
};
// Whether records go from tasks to other tasks.
bool exchanges(const RunPlan& plan);

Backlog backlog_of(const RunPlan& plan, const Workload& workload);

}  // namespace onceproof::scenarios
