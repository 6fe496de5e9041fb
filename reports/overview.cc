// SPDX-License-Identifier: Apache-2.0
// The overview: one lane for each process over the whole run, with the faults and the checkpoints above.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/diagram.h"
#include "reports/marks.h"
#include "reports/names.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

std::string epoch_class(uint64_t checkpoint) { return checkpoint == 0 ? "e-none" : fmt::format("e{}", checkpoint % 8); }

namespace {

constexpr double kRow = 30;
constexpr double kTop = 10;
constexpr double kAxis = 44;
constexpr double kRight = 16;
constexpr double kClosest = 5;  // marks of one lane that are nearer than this are drawn as one

class Overview {
 public:
  Overview(std::string_view id, const History& history, const Timeline& timeline)
      : history_(history),
        timeline_(timeline),
        rows_(timeline.lanes.size() + (has_recovery() ? 3 : 2)),
        svg_(id, kFigureWidth, kTop + static_cast<double>(rows_) * kRow + kAxis, "Overview of the run", description()) {
  }

  std::string draw() {
    draw_grid();
    draw_windows();
    draw_faults();
    draw_checkpoints();
    if (has_recovery()) draw_recoveries();
    for (size_t i = 0; i < timeline_.lanes.size(); ++i) draw_lane(i);
    draw_marks();
    return svg_.finish();
  }

 private:
  bool has_recovery() const { return !timeline_.recoveries.empty(); }
  double x(TimeUs at_us) const {
    const double part =
        static_cast<double>(std::clamp<TimeUs>(at_us, 0, timeline_.end_us)) / static_cast<double>(timeline_.end_us);
    return kGutter + part * (kFigureWidth - kGutter - kRight);
  }
  double row(size_t index) const { return kTop + (static_cast<double>(index) + 0.5) * kRow; }
  double lane_row(size_t lane) const { return row(lane + (has_recovery() ? 3 : 2)); }
  // Two things that start at the same pixel of a row are drawn as one: a run may have thousands.
  bool crowded(double y, double at, std::string_view what) {
    const auto [entry, first] = last_.try_emplace({static_cast<int>(y), what}, at);
    if (!first && at - entry->second < 1) return true;
    entry->second = at;
    return false;
  }
  double bottom() const { return kTop + static_cast<double>(rows_) * kRow; }

  std::string description() const {
    size_t fired = 0;
    for (const FaultRecord& fault : history_.faults) fired += fault.fired;
    return fmt::format(
        "{} processes over {} of virtual time: {} checkpoints, {} faults, {} recoveries. The tables below say the "
        "same.",
        history_.processes.size(), duration_text(timeline_.end_us), history_.checkpoints.size(), fired,
        timeline_.recoveries.size());
  }

  void draw_grid() {
    DurationUs step_us = milliseconds(1);
    for (int i = 0; timeline_.end_us / step_us > 12; ++i) step_us = i % 3 == 1 ? step_us * 5 / 2 : step_us * 2;
    for (TimeUs at_us = 0; at_us <= timeline_.end_us; at_us += step_us) {
      svg_.line(x(at_us), kTop, x(at_us), bottom(), "grid");
      svg_.text(x(at_us), bottom() + 16,
                step_us >= seconds(1) ? fmt::format("{} s", at_us / seconds(1)) : fmt::format("{} ms", at_us / 1'000),
                "axis", "middle");
    }
  }

  void draw_windows() {
    double free_from = 0;
    for (size_t i = 0; i < timeline_.windows.size(); ++i) {
      const Window& window = timeline_.windows[i];
      const double from = x(window.from_us);
      const double width = std::max(3.0, x(window.to_us) - from);
      svg_.rect(from, kTop, width, bottom() - kTop, "window");
      svg_.rect(from, bottom() + 24, width, 3, "bracket", window.title);
      const double middle = std::max(from + width / 2, free_from);
      svg_.text(middle, bottom() + 39, std::string(1, static_cast<char>('A' + i)), "letter", "middle");
      free_from = middle + 14;
    }
  }

  void draw_faults() {
    svg_.text(0, row(0) + 4, "faults", "lane-name");
    double free_from = 0;
    for (size_t i = 0; i < history_.faults.size(); ++i) {
      const FaultRecord& fault = history_.faults[i];
      if (!fault.fired) continue;
      const std::string title = fmt::format("{} {}", instant_text(fault.fired_us), fault.description);
      const double from = x(fault.fired_us);
      if (crowded(row(0), from, "fault")) continue;
      if (fault.healed_us > fault.fired_us)
        svg_.rect(from, row(0) + 5, x(fault.healed_us) - from, 3, "fault-span", title);
      svg_.glyph(Glyph::saltire, from, row(0) - 2, "bad small", title);
      const std::string label = fmt::format("{} {}", i + 1, fault.kind);
      const double width = Svg::text_width(label, 11);
      const bool fits = from + 10 >= free_from && from + 10 + width < kFigureWidth;
      if (fits) svg_.text(from + 10, row(0) + 1, label, "label bad");
      if (fits) free_from = from + 16 + width;
    }
  }

  void draw_checkpoints() {
    svg_.text(0, row(1) + 4, "checkpoints", "lane-name");
    double free_from = 0;
    for (const CheckpointRecord& checkpoint : history_.checkpoints) {
      if (checkpoint.triggered_us < 0) continue;
      const TimeUs end_us = checkpoint.ended_us < 0 ? timeline_.end_us : checkpoint.ended_us;
      const double from = x(checkpoint.triggered_us);
      if (crowded(row(1), from, outcome_name(checkpoint.outcome))) continue;
      const double width = std::max(3.0, x(end_us) - from);
      const bool done = checkpoint.outcome == CheckpointOutcome::completed;
      const std::string title = fmt::format("checkpoint {} triggered at {}, {} after {}{}{}", checkpoint.id,
                                            instant_text(checkpoint.triggered_us), outcome_name(checkpoint.outcome),
                                            duration_text(end_us - checkpoint.triggered_us),
                                            checkpoint.reason.empty() ? "" : ": ", checkpoint.reason);
      svg_.rect(from, row(1) + 2, width, 8, (done ? "bar " : "bar-open ") + epoch_class(checkpoint.id), title);
      std::string label = std::to_string(checkpoint.id);
      if (checkpoint.outcome == CheckpointOutcome::aborted) label += " ✗";
      if (checkpoint.outcome == CheckpointOutcome::pending) label += " …";
      if (from < free_from) continue;
      svg_.text(from, row(1) - 3, label, done ? "label" : "label bad");
      free_from = from + Svg::text_width(label, 11) + 6;
    }
  }

  void draw_recoveries() {
    svg_.text(0, row(2) + 4, "rewind, replay", "lane-name");
    for (const Recovery& recovery : timeline_.recoveries) {
      const double restart = x(recovery.restart_us);
      if (crowded(row(2), restart, "recovery")) continue;
      if (recovery.rewinds) {
        const std::string from = recovery.checkpoint != 0 ? fmt::format("checkpoint {}", recovery.checkpoint)
                                                          : std::string("the start of the input");
        const double rewound = x(recovery.rewound_to_us);
        svg_.rect(rewound, row(2) - 8, x(recovery.failed_us) - rewound, 7, "undone",
                  fmt::format("rewind: what was done since {} is done again", from));
        const double running = x(recovery.running_us);
        svg_.rect(running, row(2) + 2, x(recovery.settled_us) - running, 7,
                  "replay " + epoch_class(recovery.checkpoint),
                  fmt::format("replay from {}, over at the latest when the next checkpoint completes at {}", from,
                              instant_text(recovery.settled_us)));
      }
      svg_.glyph(Glyph::up, restart, row(2) + 5, "bad",
                 fmt::format("restart at {}, running again at {}", instant_text(recovery.restart_us),
                             instant_text(recovery.running_us)));
    }
  }

  void draw_lane(size_t index) {
    const Lane& lane = timeline_.lanes[index];
    const double y = lane_row(index);
    svg_.text(0, y + 4, printable(lane.name, 22), "lane-name");
    double from = x(0);
    for (const Span& down : lane.down) {
      svg_.line(from, y, x(down.from_us), y, "lane");
      from = x(down.to_us);
    }
    svg_.line(from, y, x(timeline_.end_us), y, "lane");
    draw_spans(lane.cut, y, "cut-span", "cut off");
    draw_spans(lane.paused, y, "pause-span", "paused");
    draw_spans(lane.down, y, "down-span", "down");
  }

  void draw_spans(const std::vector<Span>& spans, double y, std::string_view css, std::string_view words) {
    for (const Span& span : spans) {
      if (crowded(y, x(span.from_us), words)) continue;
      const double width = std::max(2.0, x(span.to_us) - x(span.from_us));
      svg_.rect(x(span.from_us), y - 9, width, 18, css,
                fmt::format("{} from {} to {}{}{}", words, instant_text(span.from_us), instant_text(span.to_us),
                            span.text.empty() ? "" : ": ", span.text));
      if (width > Svg::text_width(words, 11) + 8) {
        const double middle = x(span.from_us) + width / 2;
        const double chip = Svg::text_width(words, 11) + 6;
        svg_.rect(middle - chip / 2, y - 7, chip, 14, "chip");
        svg_.text(middle, y + 4, words, "label", "middle");
      }
    }
  }

  void draw_marks() {
    std::map<std::pair<uint16_t, std::string_view>, double> last;  // place of each lane and point
    for (const Event* each : timeline_.events) {
      const Event& event = *each;
      const bool data = is(event, "log.append-new") || is(event, "log.append-again") || is(event, "log.shown") ||
                        is(event, "log.discarded") || is(event, "reader.read") || is(event, "source.read") ||
                        is(event, "record.step");
      const bool shown = data || (is(event, "sink.commit") && !event.before) || is(event, "process.crash") ||
                         is(event, "process.restart") || is(event, "txn.timeout") || is(event, "log.fenced") ||
                         is(event, "sink.abort") || is(event, "checkpoint.complete") || is(event, "checkpoint.abort") ||
                         is(event, "task-manager.lost");
      if (!shown || event.process >= timeline_.lanes.size()) continue;
      const double at = x(event.at_us);
      const auto [entry, first] = last.try_emplace({event.process, event.point}, at);
      if (!first && at - entry->second < kClosest) continue;
      entry->second = at;
      const Mark& mark = *mark_of(event);
      const uint64_t checkpoint = checkpoint_of(event, timeline_);
      svg_.glyph(mark.glyph, at, lane_row(event.process), mark.alarming ? "bad" : epoch_class(checkpoint),
                 fmt::format("{} {}{}{}{}", instant_text(event.at_us), event.point,
                             checkpoint != 0 ? fmt::format(", checkpoint {}", checkpoint) : "",
                             event.text.empty() ? "" : ": ", event.text));
    }
  }

  const History& history_;
  const Timeline& timeline_;
  size_t rows_;
  Svg svg_;
  std::map<std::pair<int, std::string_view>, double> last_;
};

}  // namespace

std::string overview_svg(std::string_view id, const History& history, const Timeline& timeline) {
  return Overview(id, history, timeline).draw();
}

}  // namespace onceproof::reports
