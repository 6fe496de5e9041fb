// SPDX-License-Identifier: Apache-2.0
#include "simulator/trace.h"

#include <fmt/core.h>
#include <algorithm>

#include "runtime/base/check.h"

namespace onceproof::simulator {

Trace::Trace(uint32_t stride, std::optional<std::pair<uint64_t, uint64_t>> detail)
    : next_rung_(stride), stride_(stride) {
  CHECK(stride > 0, "a ladder needs a distance between its rungs");
  if (detail) {
    detail_begin_ = detail->first;
    detail_end_ = detail->second;
  }
}

void Trace::record(const TraceEvent& event) { detail_.push_back({events_, event, hash()}); }

std::string describe(const TraceEvent& event, const std::vector<std::string>& process_names) {
  const std::string name =
      event.process < process_names.size() ? process_names[event.process] : fmt::format("process {}", event.process);
  std::string words = fmt::format("at {}.{:06} s {} handles {} at endpoint {}", event.at_us / 1'000'000,
                                  event.at_us % 1'000'000, name, env::to_string(event.kind), event.endpoint);
  if (event.a != 0 || event.b != 0) words += fmt::format(" (a={}, b={})", event.a, event.b);
  if (event.payload_hash != 0) words += fmt::format(", payload {:016x}", event.payload_hash);
  return words + fmt::format(", {} draws so far", event.draws);
}

namespace {

const DetailedEvent* detailed(const Trace& trace, uint64_t index) {
  const auto& detail = trace.detail();
  if (detail.empty() || index < detail.front().index) return nullptr;
  const uint64_t at = index - detail.front().index;
  return at < detail.size() ? &detail[at] : nullptr;
}

// Fills in the event when both traces recorded the window; leaves it open otherwise.
void name_event(TraceDifference& difference, const Trace& left, const Trace& right,
                const std::vector<std::string>& names) {
  for (uint64_t i = difference.begin; i < difference.end; ++i) {
    const DetailedEvent* l = detailed(left, i);
    const DetailedEvent* r = detailed(right, i);
    const bool both_known = (l != nullptr || i >= left.events()) && (r != nullptr || i >= right.events());
    if (!both_known || (l == nullptr && r == nullptr)) return;
    if (l == nullptr || r == nullptr) {
      difference.event = i;
      difference.words =
          fmt::format("event {}: the {} run has ended, the other: {}", i, l == nullptr ? "first" : "second",
                      describe(l == nullptr ? r->event : l->event, names));
      return;
    }
    if (l->before != r->before && i > difference.begin) {
      difference.event = i - 1;
      difference.words = fmt::format("event {} is the same in both runs, but its handler did something else: {}", i - 1,
                                     describe(detailed(left, i - 1)->event, names));
      return;
    }
    if (!(l->event == r->event)) {
      difference.event = i;
      difference.words = fmt::format("event {} differs: first run: {}; second run: {}", i, describe(l->event, names),
                                     describe(r->event, names));
      return;
    }
  }
}

}  // namespace

std::optional<TraceDifference> first_difference(const Trace& left, const Trace& right,
                                                const std::vector<std::string>& process_names) {
  CHECK(left.stride() == right.stride(), "ladders of different strides cannot be compared");
  if (left.events() == right.events() && left.hash() == right.hash()) return std::nullopt;
  const size_t rungs = std::min(left.ladder().size(), right.ladder().size());
  size_t rung = 0;
  while (rung < rungs && left.ladder()[rung] == right.ladder()[rung]) ++rung;
  TraceDifference difference;
  // What a handler does after its event was folded shows in the next rung: one event of overlap.
  difference.begin = rung * left.stride() - (rung > 0 ? 1 : 0);
  difference.end = std::min((rung + 1) * uint64_t{left.stride()}, std::max(left.events(), right.events()));
  difference.words = fmt::format("the runs differ first among events {} to {}", difference.begin, difference.end - 1);
  name_event(difference, left, right, process_names);
  if (!difference.event && difference.end > difference.begin && difference.end == left.events() &&
      left.events() == right.events() && detailed(left, difference.begin) && detailed(right, difference.end - 1)) {
    difference.event = difference.end - 1;
    difference.words = fmt::format("the handler of the last event did something else: {}",
                                   describe(detailed(left, difference.end - 1)->event, process_names));
  }
  return difference;
}

}  // namespace onceproof::simulator
