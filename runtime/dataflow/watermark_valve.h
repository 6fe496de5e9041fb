// SPDX-License-Identifier: Apache-2.0
// The watermark of a task with several channels: the minimum over them, never going back (Flink's
// StatusWatermarkValve without idleness). Not part of any snapshot: after a restore it starts at the minimum.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "runtime/base/time.h"

namespace onceproof::dataflow {

class WatermarkValve {
 public:
  explicit WatermarkValve(uint32_t channels) : channels_(channels, kMinTimeUs) {}

  // The new watermark of the task, if this one advanced it.
  std::optional<TimeUs> advance(uint32_t channel, TimeUs watermark_us) {
    if (watermark_us <= channels_[channel]) return std::nullopt;
    channels_[channel] = watermark_us;
    const TimeUs lowest = *std::min_element(channels_.begin(), channels_.end());
    if (lowest <= current_) return std::nullopt;
    current_ = lowest;
    return lowest;
  }

 private:
  std::vector<TimeUs> channels_;
  TimeUs current_ = kMinTimeUs;
};

}  // namespace onceproof::dataflow
