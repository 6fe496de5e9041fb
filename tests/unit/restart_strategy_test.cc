// SPDX-License-Identifier: Apache-2.0
// Restart strategies: when a job may restart and how long it waits, by Flink's rules.
#include "runtime/cluster/restart_strategy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace onceproof::cluster {
namespace {

using graph::RestartConfig;
using graph::RestartStrategyKind;

RestartStrategy strategy_of(const RestartConfig& config) { return RestartStrategy(config, RandomStream(7)); }

RestartConfig exponential() {
  RestartConfig config;
  config.strategy = RestartStrategyKind::exponential_delay;
  config.initial_backoff_us = seconds(1);
  config.max_backoff_us = seconds(10);
  config.backoff_multiplier_percent = 200;
  config.reset_backoff_threshold_us = seconds(100);
  config.jitter_percent = 0;
  return config;
}

// The next failure comes right after each restart.
std::vector<DurationUs> waits_of(const RestartConfig& config, int failures) {
  RestartStrategy strategy = strategy_of(config);
  std::vector<DurationUs> waits;
  TimeUs now_us = seconds(5);
  for (int i = 0; i < failures; ++i) {
    waits.push_back(strategy.on_failure(now_us).value());
    now_us += waits.back() + 1;
  }
  return waits;
}

TEST(RestartStrategy, NoneAllowsNone) {
  RestartConfig config;
  config.strategy = RestartStrategyKind::none;
  EXPECT_FALSE(strategy_of(config).on_failure(0).ok());
}

TEST(RestartStrategy, AFixedDelayHasItsAttemptsAndNeverForgets) {
  RestartConfig config;
  config.attempts = 2;
  config.delay_us = seconds(3);
  RestartStrategy strategy = strategy_of(config);
  EXPECT_EQ(strategy.on_failure(0).value(), seconds(3));
  EXPECT_EQ(strategy.on_failure(seconds(1000)).value(), seconds(3));
  const auto third = strategy.on_failure(seconds(5000));
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().message, "restart attempts exhausted");
}

TEST(RestartStrategy, AFailureRateCountsWithinItsInterval) {
  RestartConfig config;
  config.strategy = RestartStrategyKind::failure_rate;
  config.max_failures_per_interval = 2;
  config.failure_rate_interval_us = seconds(10);
  config.delay_us = seconds(1);
  RestartStrategy spread = strategy_of(config);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(spread.on_failure(i * seconds(6)).value(), seconds(1)) << i;
  RestartStrategy dense = strategy_of(config);
  EXPECT_TRUE(dense.on_failure(seconds(0)).ok());
  EXPECT_TRUE(dense.on_failure(seconds(9)).ok());
  EXPECT_FALSE(dense.on_failure(seconds(10)).ok()) << "three in an interval, its end included";
  RestartStrategy edge = strategy_of(config);
  EXPECT_TRUE(edge.on_failure(seconds(0)).ok());
  EXPECT_TRUE(edge.on_failure(seconds(9)).ok());
  EXPECT_TRUE(edge.on_failure(seconds(10) + 1).ok()) << "the first one is out of the interval";
}

TEST(RestartStrategy, AnExponentialDelayGrowsToItsMaximum) {
  EXPECT_EQ(waits_of(exponential(), 6),
            (std::vector<DurationUs>{seconds(1), seconds(2), seconds(4), seconds(8), seconds(10), seconds(10)}));
  RestartConfig even = exponential();
  even.backoff_multiplier_percent = 100;
  EXPECT_EQ(waits_of(even, 3), (std::vector<DurationUs>{seconds(1), seconds(1), seconds(1)}));
}

TEST(RestartStrategy, AFailureDuringAWaitBelongsToTheOneBefore) {
  RestartConfig config = exponential();
  config.attempts_before_reset = 2;
  RestartStrategy strategy = strategy_of(config);
  EXPECT_EQ(strategy.on_failure(seconds(5)).value(), seconds(1));
  EXPECT_EQ(strategy.on_failure(seconds(5) + 400'000).value(), 600'000) << "the same restart";
  EXPECT_EQ(strategy.on_failure(seconds(6)).value(), 0);
  EXPECT_EQ(strategy.on_failure(seconds(7)).value(), seconds(2)) << "the second attempt, not the fourth";
  EXPECT_FALSE(strategy.on_failure(seconds(20)).ok());
}

TEST(RestartStrategy, ALongTimeWithoutAFailureForgetsThemAll) {
  RestartConfig config = exponential();
  config.attempts_before_reset = 3;
  RestartStrategy strategy = strategy_of(config);
  EXPECT_EQ(strategy.on_failure(seconds(5)).value(), seconds(1));
  EXPECT_EQ(strategy.on_failure(seconds(10)).value(), seconds(2));  // restarts at 12 s
  EXPECT_EQ(strategy.on_failure(seconds(111)).value(), seconds(4)) << "99 s are not 100";
  EXPECT_EQ(strategy.on_failure(seconds(215)).value(), seconds(1)) << "100 s after the restart at 115 s";
}

TEST(RestartStrategy, JitterIsDrawnAndStaysWithinTheBounds) {
  RestartConfig config = exponential();
  config.jitter_percent = 50;
  const std::vector<DurationUs> waits = waits_of(config, 200);
  EXPECT_EQ(waits, waits_of(config, 200)) << "the same stream, the same waits";
  EXPECT_GE(*std::min_element(waits.begin(), waits.end()), seconds(1));
  EXPECT_LE(*std::max_element(waits.begin(), waits.end()), seconds(10));
  EXPECT_NE(waits[1], seconds(2));
  config.backoff_multiplier_percent = 10'000;
  config.max_backoff_us = seconds(86'400);
  for (const DurationUs wait_us : waits_of(config, 100)) EXPECT_LE(wait_us, seconds(86'400)) << "nothing overflows";
}

}  // namespace
}  // namespace onceproof::cluster
