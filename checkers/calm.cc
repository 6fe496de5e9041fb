// SPDX-License-Identifier: Apache-2.0
#include "checkers/calm.h"

#include <algorithm>
#include <string_view>

namespace onceproof::checkers {

std::vector<Span> disturbances(const History& history) {
  std::vector<Span> spans = history.slow;
  for (const FaultRecord& fault : history.faults) {
    if (fault.fired) spans.push_back({fault.fired_us, std::max(fault.fired_us, fault.healed_us)});
  }
  return spans;
}

Calm::Calm(const History& history, DurationUs recovery_us) {
  std::vector<Span> spans = disturbances(history);
  for (const Event& event : history.events) {
    const std::string_view point = event.point;
    const bool restarts = point == "job.restart" || point == "leader.elect" || point == "restore.begin" ||
                          point == "process.restart";
    if (restarts && event.at_us > 0) spans.push_back({event.at_us, event.at_us});
  }
  // What waits doubles its wait while a fault lasts, so what follows may take as long as the fault itself.
  for (Span& span : spans) span.until_us += recovery_us + (span.until_us - span.from_us);
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.from_us < b.from_us; });
  DurationUs total = 0;
  for (const Span& span : spans) {
    if (!excused_.empty() && span.from_us <= excused_.back().until_us) {
      DurationUs longer = std::max<DurationUs>(span.until_us - excused_.back().until_us, 0);
      excused_.back().until_us += longer;
      total += longer;
      continue;
    }
    excused_.push_back(span);
    excused_before_.push_back(total);
    total += span.until_us - span.from_us;
  }
}

DurationUs Calm::excused_until(TimeUs at_us) const {
  const auto behind = std::upper_bound(excused_.begin(), excused_.end(), at_us,
                                       [](TimeUs at, const Span& span) { return at < span.from_us; });
  if (behind == excused_.begin()) return 0;
  const auto index = static_cast<size_t>(behind - excused_.begin()) - 1;
  const Span& span = excused_[index];
  return excused_before_[index] + std::min(at_us, span.until_us) - span.from_us;
}

DurationUs Calm::between(TimeUs from_us, TimeUs until_us) const {
  if (until_us <= from_us) return 0;
  return until_us - from_us - (excused_until(until_us) - excused_until(from_us));
}

}  // namespace onceproof::checkers
