// SPDX-License-Identifier: Apache-2.0
#include "runtime/cluster/restart_strategy.h"

#include <algorithm>

namespace onceproof::cluster {

namespace {
Error exhausted(const char* what) { return {ErrorCode::invalid_argument, what}; }
}  // namespace

Result<DurationUs> RestartStrategy::on_failure(TimeUs now_us) {
  switch (config_.strategy) {
    case graph::RestartStrategyKind::none: return exhausted("no restart is allowed");
    case graph::RestartStrategyKind::fixed_delay:
      if (++failures_ > config_.attempts) return exhausted("restart attempts exhausted");
      return config_.delay_us;
    case graph::RestartStrategyKind::failure_rate: {
      const auto most = static_cast<size_t>(config_.max_failures_per_interval);
      if (recent_us_.size() > most) recent_us_.pop_front();
      recent_us_.push_back(now_us);
      if (recent_us_.size() > most && now_us - recent_us_.front() <= config_.failure_rate_interval_us) {
        return exhausted("too many failures in an interval");
      }
      return config_.delay_us;
    }
    case graph::RestartStrategyKind::exponential_delay: break;
  }
  return exponential(now_us);
}

// A failure that comes while an earlier one still waits belongs to it, and a long time without any forgets them all.
Result<DurationUs> RestartStrategy::exponential(TimeUs now_us) {
  const bool first = failures_ == 0;
  if (first || now_us > restart_us_) {
    if (!first && now_us - restart_us_ >= config_.reset_backoff_threshold_us) failures_ = 0;
    restart_us_ = now_us + backoff_us();
    ++failures_;
  }
  if (failures_ > config_.attempts_before_reset) return exhausted("restart attempts exhausted");
  return restart_us_ - now_us;
}

// The jitter comes before the bounds, so that a backoff at its maximum stays there or falls below it. Doubling ends
// where no jitter leads back below the maximum.
DurationUs RestartStrategy::backoff_us() {
  const DurationUs low_us = config_.initial_backoff_us;
  const DurationUs high_us = std::max(config_.max_backoff_us, low_us);
  DurationUs wait_us = low_us;
  for (int64_t i = 0; i < failures_ && wait_us <= 100 * high_us && config_.backoff_multiplier_percent > 100; ++i) {
    wait_us = wait_us * config_.backoff_multiplier_percent / 100;
  }
  const DurationUs jitter_us = wait_us * config_.jitter_percent / 100;
  if (jitter_us > 0) wait_us += jitter_.between(-jitter_us, jitter_us);
  return std::clamp(wait_us, low_us, high_us);
}

}  // namespace onceproof::cluster
