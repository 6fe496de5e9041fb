// SPDX-License-Identifier: Apache-2.0
// Producers: to which deployment of the job each producer id and epoch of the sink's log belongs: the one under which it
// was given out or first wrote. That is what decides which replay wrote a record again.
#pragma once

#include <cstdint>
#include <vector>

#include "checkers/timeline.h"

namespace onceproof::checkers {

struct Producer {
  uint64_t id = 0;
  uint32_t epoch = 0;
  TimeUs first_us = -1;     // given out, or first written by; -1: no time is recorded
  uint32_t deployment = 0;  // restarts before it; meaningful when first_us is
  uint64_t attempt = 0;     // as a pre-commit named it; 0: none did
  int32_t process = -1;
};

class Producers {
 public:
  Producers(const History& history, const Timeline& timeline);
  // Null: it wrote nothing and nothing is recorded of it.
  const Producer* find(uint64_t id, uint32_t epoch) const;

 private:
  std::vector<Producer> producers_;  // by id and epoch
};

}  // namespace onceproof::checkers
