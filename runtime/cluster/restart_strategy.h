// SPDX-License-Identifier: Apache-2.0
// Restart strategy: whether a failed job may restart and how long it waits first (Flink: restart-strategy.*, the
// RestartBackoffTimeStrategy classes). Asked once for each failover; for the job manager, and lost with it.
// Integers only: a multiplier and a jitter are percents.
#pragma once

#include <deque>

#include "runtime/base/random.h"
#include "runtime/base/result.h"
#include "runtime/graph/job_config.h"

namespace onceproof::cluster {

class RestartStrategy {
 public:
  RestartStrategy(const graph::RestartConfig& config, RandomStream jitter) : config_(config), jitter_(jitter) {}

  // A failover begins at `now_us`: the wait before its restart, or why there is none. Times never go back.
  Result<DurationUs> on_failure(TimeUs now_us);

 private:
  Result<DurationUs> exponential(TimeUs now_us);
  DurationUs backoff_us();

  const graph::RestartConfig config_;
  RandomStream jitter_;
  int64_t failures_ = 0;                // fixed delay: all; exponential delay: since the backoff was reset
  std::deque<TimeUs> recent_us_;        // failure rate: the last failures, one more than an interval may have
  TimeUs restart_us_ = 0;               // exponential delay: when the last failure's wait is over
};

}  // namespace onceproof::cluster
