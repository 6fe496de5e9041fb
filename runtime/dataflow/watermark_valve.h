// SPDX-License-Identifier: Apache-2.0
// The watermark of a task with several channels: the minimum over them, never going back (Flink's
// StatusWatermarkValve without idleness). Not part of any snapshot: after a restore it starts at the minimum.
// The channels are looked through only when the last one that held the minimum has left it.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "runtime/base/time.h"

namespace onceproof::dataflow {

class WatermarkValve {
 public:
  explicit WatermarkValve(uint32_t channels) : channels_(channels, kMinTimeUs), at_minimum_(channels) {}

  // The new watermark of the task, if this one advanced it.
  std::optional<TimeUs> advance(uint32_t channel, TimeUs watermark_us) {
    TimeUs& own_us = channels_[channel];
    if (watermark_us <= own_us) return std::nullopt;
    const bool held_the_minimum = own_us == current_;
    own_us = watermark_us;
    if (!held_the_minimum || --at_minimum_ > 0) return std::nullopt;
    current_ = *std::min_element(channels_.begin(), channels_.end());
    at_minimum_ = std::count(channels_.begin(), channels_.end(), current_);
    return current_;
  }

 private:
  std::vector<TimeUs> channels_;
  TimeUs current_ = kMinTimeUs;  // the least of channels_
  int64_t at_minimum_;           // how many channels are there
};

}  // namespace onceproof::dataflow
