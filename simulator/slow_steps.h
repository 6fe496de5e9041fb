// SPDX-License-Identifier: Apache-2.0
// SlowSteps: when the world itself was slow: a mail that waited for its busy actor, a handler, a storage call or a
// message that took longer than `threshold_us`. For judges, who excuse what such a world could not do in time.
#pragma once

#include <algorithm>
#include <vector>

#include "runtime/base/time.h"

namespace onceproof::simulator {

struct SlowSpan {
  TimeUs from_us = 0, until_us = 0;
};

class SlowSteps {
 public:
  explicit SlowSteps(DurationUs threshold_us) : threshold_us_(threshold_us) {}

  void note(TimeUs from_us, TimeUs until_us) {
    if (until_us - from_us > threshold_us_) [[unlikely]] add(from_us, until_us);
  }
  const std::vector<SlowSpan>& spans() const { return spans_; }

 private:
  // Steps are told about in the order of their beginnings or ends, nearly; those that overlap the last one become one.
  void add(TimeUs from_us, TimeUs until_us) {
    if (spans_.empty() || from_us > spans_.back().until_us || until_us < spans_.back().from_us) {
      return spans_.push_back({from_us, until_us});
    }
    spans_.back().from_us = std::min(spans_.back().from_us, from_us);
    spans_.back().until_us = std::max(spans_.back().until_us, until_us);
  }

  DurationUs threshold_us_;
  std::vector<SlowSpan> spans_;
};

}  // namespace onceproof::simulator
