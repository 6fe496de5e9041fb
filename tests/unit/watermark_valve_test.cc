// SPDX-License-Identifier: Apache-2.0
// The valve against the plain minimum over all channels, for many random advances.
#include "runtime/dataflow/watermark_valve.h"

#include <gtest/gtest.h>

#include "runtime/base/random.h"

namespace onceproof::dataflow {
namespace {

TEST(WatermarkValve, IsTheMinimumOverItsChannelsAndNeverGoesBack) {
  RandomStream random(3);
  for (uint32_t channels = 1; channels <= 5; ++channels) {
    WatermarkValve valve(channels);
    std::vector<TimeUs> model(channels, kMinTimeUs);
    TimeUs current_us = kMinTimeUs;
    for (int i = 0; i < 500; ++i) {
      const auto channel = static_cast<uint32_t>(random.below(channels));
      const auto watermark_us = static_cast<TimeUs>(random.below(100) + static_cast<uint64_t>(i) / 4);
      model[channel] = std::max(model[channel], watermark_us);
      const TimeUs lowest = *std::min_element(model.begin(), model.end());
      const auto advanced = valve.advance(channel, watermark_us);
      ASSERT_EQ(advanced.has_value(), lowest > current_us);
      ASSERT_EQ(advanced.value_or(current_us), lowest);
      current_us = lowest;
    }
  }
}

TEST(WatermarkValve, TheBeginningOfTimeIsNoAdvance) {
  WatermarkValve valve(2);
  EXPECT_FALSE(valve.advance(0, kMinTimeUs).has_value());
  EXPECT_FALSE(valve.advance(0, 5).has_value());
  EXPECT_EQ(valve.advance(1, kMaxTimeUs), 5);
  EXPECT_EQ(valve.advance(0, kMaxTimeUs), kMaxTimeUs);
}

}  // namespace
}  // namespace onceproof::dataflow
