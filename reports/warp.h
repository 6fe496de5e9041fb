// SPDX-License-Identifier: Apache-2.0
// Warp: a stretched time axis. Between two neighbouring events there is room that grows with the logarithm
// of the time between them, so order is exact, nearness is visible and distance is not to scale. Integer
// logarithms: the same picture from every compiler.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/time.h"

namespace onceproof::reports {

class Warp {
 public:
  // `instants` sorted, at least two; the first maps to `left`, the last to `right`.
  Warp(std::vector<TimeUs> instants, double left, double right) : instants_(std::move(instants)) {
    instants_.erase(std::unique(instants_.begin(), instants_.end()), instants_.end());
    CHECK(instants_.size() >= 2, "an axis needs two ends");
    places_.push_back(0);
    for (size_t i = 1; i < instants_.size(); ++i) {
      places_.push_back(places_.back() + room_of(instants_[i] - instants_[i - 1]));
    }
    const double scale = (right - left) / places_.back();
    for (double& place : places_) place = left + place * scale;
  }

  double x(TimeUs at_us) const {
    if (at_us <= instants_.front()) return places_.front();
    if (at_us >= instants_.back()) return places_.back();
    const size_t i =
        static_cast<size_t>(std::upper_bound(instants_.begin(), instants_.end(), at_us) - instants_.begin());
    const double part =
        static_cast<double>(at_us - instants_[i - 1]) / static_cast<double>(instants_[i] - instants_[i - 1]);
    return places_[i - 1] + part * (places_[i] - places_[i - 1]);
  }

  const std::vector<TimeUs>& instants() const { return instants_; }

  // Pixels, before scaling: about 4 for 50 µs, 11 for 1 ms, 30 for 1 s.
  static double room_of(DurationUs gap_us) {
    const uint64_t units = static_cast<uint64_t>(std::max<DurationUs>(gap_us, 1)) / 50 + 2;
    const int whole = std::bit_width(units) - 1;
    const double part = static_cast<double>(units - (1ull << whole)) / static_cast<double>(1ull << whole);
    return 2.0 * (static_cast<double>(whole) + part) + 1.0;
  }

 private:
  std::vector<TimeUs> instants_;
  std::vector<double> places_;
};

}  // namespace onceproof::reports
