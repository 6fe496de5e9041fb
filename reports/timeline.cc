// SPDX-License-Identifier: Apache-2.0
#include "reports/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "reports/data.h"
#include "reports/marks.h"
#include "reports/names.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

namespace {

constexpr DurationUs kMarginUs = milliseconds(20);

// Spans that nothing closes last until the end of the run. Only the target's lane is marked as cut off: its peer may
// still reach everyone else.
void find_spans(Timeline& timeline) {
  for (const Outage& outage : timeline.facts.outages) {
    if (outage.process >= timeline.lanes.size()) continue;
    Lane& lane = timeline.lanes[outage.process];
    const TimeUs until_us = outage.until_us < 0 ? timeline.end_us : outage.until_us;
    switch (outage.kind) {
      case Outage::Kind::down: lane.down.push_back({outage.from_us, until_us, ""}); break;
      case Outage::Kind::paused: lane.paused.push_back({outage.from_us, until_us, ""}); break;
      case Outage::Kind::cut: {
        const bool named = !outage.peer.empty() && outage.peer != "*";
        lane.cut.push_back({outage.from_us, until_us, "from " + (named ? outage.peer : "everyone else")});
      }
    }
  }
}

TimeUs next_completion_after(const History& history, TimeUs at_us, TimeUs otherwise_us) {
  TimeUs next_us = otherwise_us;
  for (const CheckpointRecord& checkpoint : history.checkpoints) {
    if (checkpoint.outcome == CheckpointOutcome::completed && checkpoint.ended_us > at_us) {
      next_us = std::min(next_us, checkpoint.ended_us);
    }
  }
  return next_us;
}

void find_recoveries(const History& history, Timeline& timeline) {
  for (const Restart& restart : timeline.facts.restarts) {
    Recovery recovery;
    recovery.restart_us = restart.torn_down_us < 0 ? restart.at_us : restart.torn_down_us;
    recovery.failed_us = restart.cause.at_us < 0 ? recovery.restart_us : restart.cause.at_us;
    recovery.running_us = restart.running_us < 0 ? restart.at_us : restart.running_us;
    recovery.checkpoint = restart.checkpoint;
    recovery.rewinds = restart.checkpoint != 0 || history.claimed == Guarantee::at_least_once ||
                       history.claimed == Guarantee::exactly_once;
    const CheckpointLife* from = timeline.facts.checkpoint(restart.checkpoint);
    recovery.rewound_to_us = from == nullptr ? 0 : std::max<TimeUs>(from->triggered_us, 0);
    recovery.settled_us = next_completion_after(history, recovery.running_us, timeline.end_us);
    timeline.recoveries.push_back(recovery);
  }
}

// The commit that a checkpoint leads to: the last commit or notification of it within two seconds of its end.
TimeUs settled_after(const History& history, const Timeline& timeline, const CheckpointRecord& checkpoint) {
  TimeUs settled_us = checkpoint.ended_us;
  for (const Event& event : history.events) {
    if (event.at_us < checkpoint.ended_us || event.at_us > checkpoint.ended_us + seconds(2)) continue;
    const bool ends = is(event, "sink.commit") || is(event, "checkpoint.notify") || is(event, "txn.complete");
    if (ends && checkpoint_of(event, timeline) == checkpoint.id) settled_us = std::max(settled_us, event.at_us);
  }
  return settled_us;
}

const CheckpointRecord* triggered_before(const History& history, TimeUs at_us, DurationUs at_most_us) {
  const CheckpointRecord* last = nullptr;
  for (const CheckpointRecord& checkpoint : history.checkpoints) {
    if (checkpoint.triggered_us >= 0 && checkpoint.triggered_us <= at_us &&
        checkpoint.triggered_us >= at_us - at_most_us) {
      if (last == nullptr || checkpoint.triggered_us > last->triggered_us) last = &checkpoint;
    }
  }
  return last;
}

const Recovery* recovery_after(const Timeline& timeline, TimeUs from_us, TimeUs to_us) {
  for (const Recovery& recovery : timeline.recoveries) {
    if (recovery.restart_us >= from_us && recovery.restart_us <= to_us) return &recovery;
  }
  return nullptr;
}

// The recovery is a part of the story: at most this long after the fault.
constexpr DurationUs kRecoveryWithinUs = seconds(30);

// The way of the record that the first story follows.
std::optional<Window> story_window(const Verdict& verdict) {
  if (verdict.stories.empty()) return std::nullopt;
  const Story& story = verdict.stories.front();
  Window window{kMaxTimeUs, -1, {}, {}, false};
  for (const StoryStep& step : story.steps) {
    if (step.at_us < 0) continue;
    window.from_us = std::min(window.from_us, step.at_us);
    window.to_us = std::max(window.to_us, step.at_us);
  }
  if (window.to_us < 0) return std::nullopt;
  window.main = true;
  window.title = fmt::format("How {} {}", story.first, story.lost > 0 ? "was lost" : "came again");
  window.why = story.why + ".";
  if (window.why[0] >= 'a' && window.why[0] <= 'z') window.why[0] = static_cast<char>(window.why[0] - 'a' + 'A');
  return window;
}

std::optional<Window> crash_window(const History& history, const Timeline& timeline) {
  for (const Event& event : history.events) {
    if (!is(event, "process.crash")) continue;
    const CheckpointRecord* before = triggered_before(history, event.at_us, seconds(6));
    const Recovery* recovery = recovery_after(timeline, event.at_us, event.at_us + kRecoveryWithinUs);
    Window window;
    window.from_us = before != nullptr ? before->triggered_us : event.at_us - milliseconds(100);
    window.to_us = recovery != nullptr ? recovery->running_us : event.at_us + milliseconds(500);
    window.title = fmt::format("{} crashes at {}", process_name(history, event.process), instant_text(event.at_us));
    window.why = before == nullptr
                     ? "The first crash and the recovery from it."
                     : fmt::format("From the trigger of checkpoint {} through the crash to the recovery.", before->id);
    return window;
  }
  return std::nullopt;
}

std::optional<Window> partition_window(const History& history, const Timeline& timeline) {
  for (const Event& event : history.events) {
    if (!is(event, "network.partition")) continue;
    TimeUs healed_us = event.at_us + seconds(1);
    for (const Lane& lane : timeline.lanes) {
      for (const Span& span : lane.cut) {
        if (span.from_us == event.at_us) healed_us = std::max(healed_us, span.to_us);
      }
    }
    const Recovery* recovery = recovery_after(timeline, event.at_us, healed_us + seconds(10));
    const CheckpointRecord* before = triggered_before(history, event.at_us, seconds(1));
    Window window;
    window.from_us = before != nullptr ? before->triggered_us : event.at_us - kMarginUs;
    window.to_us = std::max(healed_us, recovery != nullptr ? recovery->running_us : healed_us);
    window.title = fmt::format("{} is cut off at {}", process_name(history, event.process), instant_text(event.at_us));
    window.why = recovery != nullptr ? "From the cut to the healing and the recovery."
                                     : "From the cut to the healing; nothing had to be restarted.";
    return window;
  }
  return std::nullopt;
}

DurationUs duration_of(const CheckpointRecord& checkpoint) { return checkpoint.ended_us - checkpoint.triggered_us; }

DurationUs median_duration(const History& history) {
  std::vector<DurationUs> durations;
  for (const CheckpointRecord& checkpoint : history.checkpoints) {
    if (checkpoint.outcome == CheckpointOutcome::completed) durations.push_back(duration_of(checkpoint));
  }
  if (durations.empty()) return 0;
  std::sort(durations.begin(), durations.end());
  return durations[durations.size() / 2];
}

Window checkpoint_window(const History& history, const Timeline& timeline, const CheckpointRecord& checkpoint) {
  Window window;
  window.from_us = checkpoint.triggered_us;
  window.to_us = settled_after(history, timeline, checkpoint);
  return window;
}

std::optional<Window> slow_window(const History& history, const Timeline& timeline) {
  const CheckpointRecord* slowest = nullptr;
  for (const CheckpointRecord& checkpoint : history.checkpoints) {
    if (checkpoint.outcome != CheckpointOutcome::completed) continue;
    if (slowest == nullptr || duration_of(checkpoint) > duration_of(*slowest)) slowest = &checkpoint;
  }
  if (slowest == nullptr) return std::nullopt;
  const DurationUs usual_us = median_duration(history);
  if (duration_of(*slowest) < 3 * usual_us || duration_of(*slowest) < milliseconds(100)) return std::nullopt;
  Window window = checkpoint_window(history, timeline, *slowest);
  window.title = fmt::format("Checkpoint {} is slow", slowest->id);
  window.why = fmt::format("It takes {}, where the median is {}.", duration_text(duration_of(*slowest)),
                           duration_text(usual_us));
  return window;
}

bool overlaps(const Window& left, const Window& right) {
  return left.from_us <= right.to_us && right.from_us <= left.to_us;
}

// For comparison: how a checkpoint goes when nothing is in its way. The first is not typical: little state.
std::optional<Window> ordinary_window(const History& history, const Timeline& timeline) {
  const DurationUs usual_us = median_duration(history);
  std::optional<Window> found;
  for (const CheckpointRecord& checkpoint : history.checkpoints) {
    if (checkpoint.outcome != CheckpointOutcome::completed || duration_of(checkpoint) > 2 * usual_us) continue;
    Window window = checkpoint_window(history, timeline, checkpoint);
    bool taken = false;
    for (const Window& other : timeline.windows) taken = taken || overlaps(window, other);
    if (taken) continue;
    const bool first = !found.has_value();
    window.title = fmt::format("Checkpoint {} is an ordinary one", checkpoint.id);
    window.why = history.transactional_sink ? "For comparison: trigger, barriers, snapshots, acknowledgements, store, "
                                              "notification, commit."
                                            : "For comparison: trigger, barriers, snapshots, acknowledgements, store.";
    found = window;
    if (!first) break;
  }
  return found;
}

}  // namespace

uint64_t checkpoint_of(const Event& event, const Timeline& timeline) {
  if (event.checkpoint != 0) return event.checkpoint;
  const std::string_view point = event.point;
  if (!point.starts_with("txn.") && !point.starts_with("sink.")) return 0;
  const auto found = timeline.facts.transactions.find(event.value, event.epoch).transaction;
  return found ? timeline.history->transactions[*found].checkpoint : 0;
}

namespace {

// Every event that a figure may show, in time order; the protocol's first where both are of one instant.
void merge_events(const History& history, Timeline& timeline) {
  for (const Event& event : history.events) timeline.events.push_back(&event);
  for (const Event& event : timeline.data) timeline.events.push_back(&event);
  std::stable_sort(timeline.events.begin(), timeline.events.end(),
                   [](const Event* a, const Event* b) { return a->at_us < b->at_us; });
}

}  // namespace

Timeline timeline_of(const History& history, const Verdict* verdict) {
  Timeline timeline;
  timeline.end_us = history.ended_us;
  if (!history.events.empty()) timeline.end_us = std::max(timeline.end_us, history.events.back().at_us);
  timeline.end_us = std::max<TimeUs>(timeline.end_us, 1);
  for (const std::string& name : history.processes) timeline.lanes.push_back({name, {}, {}, {}});
  timeline.history = &history;
  timeline.facts = read_timeline(history);
  timeline.data = data_events(history, timeline.facts, verdict);
  for (const char* name : {"input topic", "output topic", "record followed"}) timeline.lanes.push_back({name, {}, {}, {}});
  merge_events(history, timeline);
  find_spans(timeline);
  find_recoveries(history, timeline);
  if (verdict != nullptr) {
    if (std::optional<Window> window = story_window(*verdict)) timeline.windows.push_back(std::move(*window));
  }
  for (const auto& find : {crash_window, partition_window, slow_window}) {
    std::optional<Window> window = find(history, timeline);
    if (!window) continue;
    // What another figure shows whole needs none of its own.
    const bool shown = std::any_of(timeline.windows.begin(), timeline.windows.end(), [&](const Window& other) {
      return other.from_us <= window->from_us && window->to_us <= other.to_us + milliseconds(500);
    });
    if (!shown) timeline.windows.push_back(std::move(*window));
  }
  if (std::optional<Window> window = ordinary_window(history, timeline)) timeline.windows.push_back(std::move(*window));
  for (Window& window : timeline.windows) {
    const DurationUs margin_us = std::min(kMarginUs, std::max<DurationUs>(1, (window.to_us - window.from_us) / 40));
    window.from_us = std::max<TimeUs>(0, window.from_us - margin_us);
    window.to_us = std::min(timeline.end_us, window.to_us + margin_us);
  }
  std::stable_sort(timeline.windows.begin(), timeline.windows.end(),
                   [](const Window& left, const Window& right) { return left.from_us < right.from_us; });
  const bool told = std::any_of(timeline.windows.begin(), timeline.windows.end(), [](const Window& w) { return w.main; });
  if (!told && !timeline.windows.empty()) timeline.windows.front().main = true;
  return timeline;
}

}  // namespace onceproof::reports
