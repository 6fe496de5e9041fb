// SPDX-License-Identifier: Apache-2.0
// A detail: one stretch of the run with stretched time, a row for each task, and the messages between them
// as lines: trigger, barrier, acknowledgement, notification, commit.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "reports/detail_layout.h"
#include "reports/diagram.h"
#include "reports/marks.h"
#include "reports/names.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

namespace {

using TaskKey = std::tuple<int32_t, int32_t>;  // vertex, subtask

// Finer than duration_text(): neighbours on the axis differ by tenths of a millisecond.
std::string offset_text(DurationUs offset_us) {
  if (offset_us == 0) return "0";
  if (offset_us < 1'000) return fmt::format("+{} µs", offset_us);
  if (offset_us < seconds(1)) return fmt::format("+{}.{} ms", offset_us / 1'000, offset_us / 100 % 10);
  return fmt::format("+{}.{:04} s", offset_us / seconds(1), offset_us / 100 % 10'000);
}

constexpr DurationUs kGapUs = milliseconds(200);  // from here on the axis says how long nothing happens

bool has_gap(const DetailLayout& layout) {
  const std::vector<TimeUs>& instants = layout.warp.instants();
  return std::adjacent_find(instants.begin(), instants.end(),
                            [](TimeUs left, TimeUs right) { return right - left >= kGapUs; }) != instants.end();
}

class DetailFigure {
 public:
  DetailFigure(std::string_view id, const Timeline& timeline, const DetailLayout& layout)
      : timeline_(timeline),
        layout_(layout),
        svg_(id, layout.width, layout.bottom + (has_gap(layout) ? 42 : 22), layout.window.title,
             fmt::format("{} {} events on {} rows, from {} to {}; the list of events below says the same.",
                         layout.window.why, layout.events.size(), layout.rows.size(),
                         instant_text(layout.window.from_us), instant_text(layout.window.to_us))) {}

  std::string draw() {
    draw_rows();
    draw_spans();
    draw_axis();
    draw_bars();
    draw_messages();
    draw_marks();
    return svg_.finish();
  }

 private:
  double x(TimeUs at_us) const { return layout_.warp.x(at_us); }
  // Weaker claims take their barriers as they come: nothing waits, and no box may say so.
  bool aligns() const { return timeline_.history->claimed == Guarantee::exactly_once; }

  void draw_rows() {
    for (const DetailGroup& group : layout_.groups) {
      svg_.rect(kGutter, group.top, layout_.width - kGutter, group.bottom - group.top, "group");
      svg_.text(0, group.top + 15, printable(group.name, 24), "lane-name");
    }
    for (const DetailRow& row : layout_.rows) {
      if (!row.name.empty()) svg_.text(kGutter - 8, row.y + 4, row.name, "task-name", "end");
      svg_.line(kGutter, row.y, layout_.width, row.y, "lane thin");
    }
  }

  void draw_span(const DetailGroup& group, const Span& span, std::string_view css, std::string_view words) {
    if (span.to_us < layout_.window.from_us || span.from_us > layout_.window.to_us) return;
    const double from = x(span.from_us);
    const double width = std::max(2.0, x(span.to_us) - from);
    svg_.rect(from, group.top, width, group.bottom - group.top, css,
              fmt::format("{} from {} to {}{}{}", words, instant_text(span.from_us), instant_text(span.to_us),
                          span.text.empty() ? "" : ": ", span.text));
    const double chip = Svg::text_width(words, 11) + 8;
    if (width < chip + 4 || (css != "down-span" && group.bottom - group.top < 50)) return;
    const double y = css == "down-span" ? (group.top + group.bottom) / 2 : group.bottom - 9;
    svg_.rect(from + width / 2 - chip / 2, y - 7, chip, 14, "chip");
    svg_.text(from + width / 2, y + 4, words, "label", "middle");
  }

  void draw_spans() {
    for (const DetailGroup& group : layout_.groups) {
      const Lane& lane = timeline_.lanes[group.process];
      for (const Span& span : lane.cut) draw_span(group, span, "cut-span", "cut off");
      for (const Span& span : lane.paused) draw_span(group, span, "pause-span", "paused");
      for (const Span& span : lane.down) draw_span(group, span, "down-span", "down");
    }
  }

  // Ticks where events are, as far as their words do not touch; a long gap is marked below them.
  void draw_axis() {
    const std::vector<TimeUs>& instants = layout_.warp.instants();
    double free_from = 0;
    for (size_t i = 0; i < instants.size(); ++i) {
      const double at = x(instants[i]);
      const std::string label = offset_text(instants[i] - layout_.window.from_us);
      const double half = Svg::text_width(label, 11) / 2;
      if (at - half < free_from || at + half > layout_.width + 4) continue;
      svg_.line(at, layout_.top, at, layout_.bottom, "grid");
      svg_.text(at, layout_.bottom + 14, label, "axis", "middle");
      free_from = at + half + 10;
    }
    double gap_free_from = 0;
    for (size_t i = 1; i < instants.size(); ++i) {
      const DurationUs gap_us = instants[i] - instants[i - 1];
      if (gap_us < kGapUs) continue;
      const double from = x(instants[i - 1]), to = x(instants[i]);
      svg_.rect(from, layout_.bottom + 20, to - from, 3, "gap", duration_text(gap_us) + " in which nothing is drawn");
      const std::string label = "⋯ " + duration_text(gap_us);
      const double half = Svg::text_width(label, 11) / 2;
      if ((from + to) / 2 - half < gap_free_from) continue;
      svg_.text((from + to) / 2, layout_.bottom + 36, label, "axis", "middle");
      gap_free_from = (from + to) / 2 + half + 8;
    }
  }

  // Alignment (first barrier in, last not yet) and effects with a before and an after are bars on their row.
  void draw_bars() {
    std::map<std::tuple<size_t, std::string_view, uint64_t>, const Event*> open;
    for (const DetailEvent& item : layout_.events) {
      const Event& event = *item.event;
      const uint64_t checkpoint = checkpoint_of(event, timeline_);
      const double y = layout_.rows[item.row].y;
      if (is(event, "barrier.arrive")) {
        if (!aligns()) continue;
        open.try_emplace({item.row, event.point, checkpoint}, &event);
      } else if (is(event, "barrier.align")) {
        const auto first = open.find({item.row, "barrier.arrive", checkpoint});
        if (first == open.end()) continue;
        const double from = x(first->second->at_us);
        svg_.rect(from, y - 7, x(event.at_us) - from, 14, "align " + epoch_class(checkpoint),
                  fmt::format("alignment for checkpoint {} takes {}", checkpoint,
                              duration_text(event.at_us - first->second->at_us)));
      } else if (event.before) {
        open[{item.row, event.point, checkpoint}] = &event;
      } else {
        const auto before = open.find({item.row, event.point, checkpoint});
        if (before == open.end() || !before->second->before) continue;
        const double from = x(before->second->at_us);
        svg_.rect(from, y - 2, x(event.at_us) - from, 4, "effect " + epoch_class(checkpoint));
        open.erase(before);
      }
    }
  }

  void message(const DetailEvent& from, const DetailEvent& to, std::string_view css) {
    const uint64_t checkpoint = std::max(checkpoint_of(*from.event, timeline_), checkpoint_of(*to.event, timeline_));
    svg_.line(x(from.event->at_us), layout_.rows[from.row].y, x(to.event->at_us), layout_.rows[to.row].y,
              fmt::format("{} {}", css, epoch_class(checkpoint)));
  }

  // The latest event at each sending place, by what the receiver can know of it.
  struct Senders {
    std::map<uint64_t, DetailEvent> triggered, completed;                     // by checkpoint
    std::map<std::pair<uint64_t, TaskKey>, DetailEvent> barriers, snapshots;  // by checkpoint and task
    std::map<std::pair<uint64_t, uint32_t>, DetailEvent> commits;             // by producer id and epoch
  };

  void draw_messages() {
    Senders senders;
    for (const DetailEvent& item : layout_.events) {
      const Event& event = *item.event;
      const TaskKey task{event.vertex, event.subtask};
      if (is(event, "checkpoint.trigger")) senders.triggered[event.checkpoint] = item;
      if (is(event, "checkpoint.complete")) senders.completed[event.checkpoint] = item;
      if (is(event, "barrier.inject")) {
        if (const auto from = senders.triggered.find(event.checkpoint); from != senders.triggered.end()) {
          message(from->second, item, "message control");
        }
      }
      if (is(event, "barrier.arrive")) draw_barrier(senders, item);
      if (is(event, "barrier.inject") || is(event, "barrier.forward")) {
        senders.barriers[{event.checkpoint, task}] = item;
      }
      const bool snapshot = is(event, "snapshot.sync") || (is(event, "snapshot.async") && !event.before);
      if (snapshot || is(event, "sink.pre-commit")) senders.snapshots[{event.checkpoint, task}] = item;
      if (is(event, "checkpoint.ack")) {
        const auto from = senders.snapshots.find({event.checkpoint, task});
        if (from != senders.snapshots.end()) message(from->second, item, "message control");
      }
      if (is(event, "checkpoint.notify")) {
        const auto from = senders.completed.find(event.checkpoint);
        if (from != senders.completed.end()) message(from->second, item, "message control");
      }
      if (is(event, "sink.commit") && event.before) senders.commits[{event.value, event.epoch}] = item;
      if (is(event, "txn.prepare")) {
        const auto from = senders.commits.find({event.value, event.epoch});
        if (from == senders.commits.end()) continue;
        message(from->second, item, "message log");
        senders.commits.erase(from);  // the hit after the effect is no second request
      }
    }
  }

  // value = channel = the upstream subtask; vertices form a chain.
  void draw_barrier(const Senders& senders, const DetailEvent& item) {
    const Event& event = *item.event;
    const TaskKey upstream{event.vertex - 1, static_cast<int32_t>(event.value)};
    const auto from = senders.barriers.find({event.checkpoint, upstream});
    if (from != senders.barriers.end()) message(from->second, item, "message barrier");
  }

  std::string title_of(const Event& event, uint64_t checkpoint) const {
    std::string title = fmt::format("{} {}{}", instant_text(event.at_us), event.point, event.before ? " (before)" : "");
    if (checkpoint != 0) title += fmt::format(", checkpoint {}", checkpoint);
    const bool task = event.vertex >= 0 && event.process < timeline_.history->processes.size();
    if (task) title += fmt::format(", task {}/{}", event.vertex, event.subtask);
    if (event.epoch != 0) title += fmt::format(", epoch {}", event.epoch);
    if (!event.text.empty()) title += ": " + printable(event.text, 80);
    return title;
  }

  std::string label_of(const Mark& mark, const Event& event) const {
    if (is(event, "barrier.align")) return aligns() ? "aligned" : "all in";
    if (is(event, "record.step")) return std::to_string(event.value);
    if (is(event, "log.append-new")) return fmt::format("+{}", event.value);
    const bool counts = is(event, "log.append-again") || is(event, "reader.read") || is(event, "source.read") ||
                        is(event, "source.offset-commit") || is(event, "log.shown") || is(event, "log.discarded");
    if (counts) return fmt::format("{} {}", mark.label, event.value);
    const bool numbered =
        is(event, "checkpoint.trigger") || is(event, "checkpoint.complete") || is(event, "checkpoint.abort");
    return numbered ? fmt::format("{} {}", mark.label, event.checkpoint) : mark.label;
  }

  // Glyphs first come, first drawn; labels by weight, where no other label or later glyph of the row is in the way.
  void draw_marks() {
    std::map<std::tuple<size_t, std::string_view, int64_t>, bool> drawn;
    for (const DetailEvent& item : layout_.events) {
      const double at = x(item.event->at_us);
      const uint64_t checkpoint = checkpoint_of(*item.event, timeline_);
      // The same mark on the same two pixels of a row says nothing new.
      const bool repeated =
          !drawn.try_emplace({item.row, item.event->point, static_cast<int64_t>(at / 2)}, true).second;
      if (repeated || (item.event->before && item.mark->weight < 3)) continue;
      svg_.glyph(item.mark->glyph, at, layout_.rows[item.row].y,
                 item.mark->alarming ? "bad" : epoch_class(checkpoint) + (item.event->before ? " before" : ""),
                 title_of(*item.event, checkpoint));
    }
    std::map<size_t, std::vector<std::pair<double, double>>> taken;
    for (int weight = 3; weight >= 2; --weight) {
      for (const DetailEvent& item : layout_.events) {
        if (item.mark->weight == weight && !item.event->before) draw_label(item, taken[item.row]);
      }
    }
  }

  void draw_label(const DetailEvent& item, std::vector<std::pair<double, double>>& taken) {
    const std::string label = label_of(*item.mark, *item.event);
    const double width = Svg::text_width(label, 10.5);
    double from = x(item.event->at_us) - width / 2;
    from = std::clamp(from, kGutter + 2, layout_.width - width);
    for (const auto& [left, right] : taken) {
      if (from < right + 4 && left - 4 < from + width) return;
    }
    taken.emplace_back(from, from + width);
    svg_.text(from, layout_.rows[item.row].y - 8, label, item.mark->alarming ? "label bad" : "label");
  }

  const Timeline& timeline_;
  const DetailLayout& layout_;
  Svg svg_;
};

}  // namespace

Detail detail_svg(std::string_view id, const History& history, const Timeline& timeline, const Window& window) {
  const DetailLayout layout = layout_of(history, timeline, window);
  Detail detail;
  detail.svg = DetailFigure(id, timeline, layout).draw();
  detail.not_drawn = layout.not_drawn;
  for (const DetailEvent& item : layout.events) detail.events.push_back(item.event);
  return detail;
}

}  // namespace onceproof::reports
