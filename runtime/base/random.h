// SPDX-License-Identifier: Apache-2.0
// RandomStream: a named, counted pseudo-random stream. fork(name) depends on the parent's seed and the name
// alone, never on how much was drawn, so a new consumer does not shift the others. Integers only: the same
// numbers on every compiler. The generator is splitmix64 (Steele, Lea, Flood 2014) in counter form.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace onceproof {

class RandomStream {
 public:
  explicit RandomStream(uint64_t seed) : seed_(seed) {}

  RandomStream fork(std::string_view name) const { return RandomStream(mix(seed_ ^ name_hash(name))); }
  RandomStream fork(std::string_view name, uint64_t index) const {
    return RandomStream(mix(mix(seed_ ^ name_hash(name)) + index));
  }

  uint64_t next() { return mix(seed_ + ++position_ * 0x9e3779b97f4a7c15ull); }

  // Uniform in [0, bound); bound > 0. Lemire's multiply-shift; the bias is below bound / 2^64.
  uint64_t below(uint64_t bound) {
    CHECK(bound > 0, "below(0) has no value");
    return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }
  // Uniform in [low, high], both included.
  int64_t between(int64_t low, int64_t high) {
    CHECK(low <= high, "an empty range has no value");
    return low + static_cast<int64_t>(below(static_cast<uint64_t>(high - low) + 1));
  }
  bool one_in(uint64_t n) { return below(n) == 0; }
  bool percent(uint64_t p) { return below(100) < p; }

  // How many numbers were drawn: part of the trace hash, so a stray draw is found where it happens.
  uint64_t position() const { return position_; }

 private:
  static constexpr uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  uint64_t seed_;
  uint64_t position_ = 0;
};

}  // namespace onceproof
