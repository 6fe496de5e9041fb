// SPDX-License-Identifier: Apache-2.0
// Time: microseconds as 64-bit integers, everywhere. TimeUs is a point (virtual in the simulator, since
// the epoch in the real world; event time uses the same unit), DurationUs a distance. Names carry the unit.
#pragma once

#include <cstdint>
#include <limits>

namespace onceproof {

using TimeUs = int64_t;
using DurationUs = int64_t;

inline constexpr TimeUs kMinTimeUs = std::numeric_limits<int64_t>::min();
inline constexpr TimeUs kMaxTimeUs = std::numeric_limits<int64_t>::max();

constexpr DurationUs milliseconds(int64_t ms) { return ms * 1'000; }
constexpr DurationUs seconds(int64_t s) { return s * 1'000'000; }

}  // namespace onceproof
