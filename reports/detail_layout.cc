// SPDX-License-Identifier: Apache-2.0
#include "reports/detail_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "reports/diagram.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

namespace {

constexpr double kRow = 27;
constexpr double kGroupGap = 5;
constexpr double kTop = 6;
constexpr double kRight = 30;
constexpr double kWidest = 1900;  // wider figures scroll
constexpr double kPixelsOfRoom = 1.0;

using RowKey = std::tuple<uint16_t, int32_t, int32_t>;

bool is_data(const History& history, uint16_t lane) { return lane >= history.processes.size(); }

// Only task managers have rows for tasks: a coordinator speaks about tasks but is not one. A topic has one for each
// partition.
RowKey row_key(const History& history, const Event& event) {
  const bool worker =
      is_data(history, event.process) || history.processes[event.process].starts_with("taskmanager");
  return worker && event.vertex >= 0 ? RowKey{event.process, event.vertex, event.subtask}
                                     : RowKey{event.process, -1, -1};
}

std::string task_name(const History& history, uint16_t lane, int32_t vertex, int32_t subtask) {
  if (is_data(history, lane)) return fmt::format("partition {}", subtask);
  const bool known = static_cast<size_t>(vertex) < history.vertices.size();
  const std::string name =
      known ? history.vertices[static_cast<size_t>(vertex)].name : fmt::format("vertex {}", vertex);
  return fmt::format("{} {}", printable(name, 23), subtask);
}

std::vector<DetailEvent> events_of(const Timeline& timeline, const Window& window, size_t& not_drawn) {
  std::vector<DetailEvent> events;
  for (const Event* event : timeline.events) {
    if (event->at_us < window.from_us || event->at_us > window.to_us) continue;
    if (event->process >= timeline.lanes.size()) continue;
    if (const Mark* mark = mark_of(*event)) events.push_back({event, mark, 0});
  }
  for (int weight = 0; weight < 3 && events.size() > kMaxDetailEvents; ++weight) {
    const size_t before = events.size();
    std::erase_if(events, [&](const DetailEvent& item) { return item.mark->weight == weight; });
    not_drawn += before - events.size();
  }
  if (events.size() > kMaxDetailEvents) {
    not_drawn += events.size() - kMaxDetailEvents;
    events.resize(kMaxDetailEvents);
  }
  return events;
}

bool touches(const std::vector<Span>& spans, const Window& window) {
  return std::any_of(spans.begin(), spans.end(),
                     [&](const Span& span) { return span.from_us <= window.to_us && span.to_us >= window.from_us; });
}

// Every process has a row of its own, above those of its tasks: crashes and cuts are marked there. A process
// without events in the window still gets it when something happened to it.
std::set<RowKey> keys_of(const History& history, const Timeline& timeline, const Window& window,
                         const std::vector<DetailEvent>& events) {
  std::set<RowKey> keys;
  for (const DetailEvent& item : events) {
    const RowKey key = row_key(history, *item.event);
    keys.insert(key);
    if (!is_data(history, std::get<0>(key))) keys.insert({std::get<0>(key), -1, -1});
  }
  for (size_t i = 0; i < history.processes.size(); ++i) {
    const Lane& lane = timeline.lanes[i];
    if (touches(lane.down, window) || touches(lane.cut, window) || touches(lane.paused, window)) {
      keys.insert({static_cast<uint16_t>(i), -1, -1});
    }
  }
  return keys;
}

void place_rows(const History& history, const Timeline& timeline, const std::set<RowKey>& keys, DetailLayout& layout) {
  double y = kTop;
  for (const RowKey& key : keys) {
    const auto [process, vertex, subtask] = key;
    if (layout.groups.empty() || layout.groups.back().process != process) {
      if (!layout.groups.empty()) y += kGroupGap;
      layout.groups.push_back({process, timeline.lanes[process].name, y, y});
    }
    layout.rows.push_back({process, vertex, subtask, vertex < 0 ? "" : task_name(history, process, vertex, subtask), y + 17});
    y += kRow;
    layout.groups.back().bottom = y;
  }
  layout.top = kTop;
  layout.bottom = y;
}

std::vector<TimeUs> instants_of(const Timeline& timeline, const Window& window,
                                const std::vector<DetailEvent>& events) {
  std::vector<TimeUs> instants = {window.from_us, std::max(window.to_us, window.from_us + 1)};
  for (const DetailEvent& item : events) instants.push_back(item.event->at_us);
  const auto add = [&](TimeUs at_us) {
    if (at_us > window.from_us && at_us < window.to_us) instants.push_back(at_us);
  };
  for (const Lane& lane : timeline.lanes) {
    for (const auto* spans : {&lane.down, &lane.cut, &lane.paused}) {
      for (const Span& span : *spans) add(span.from_us), add(span.to_us);
    }
  }
  std::sort(instants.begin(), instants.end());
  instants.erase(std::unique(instants.begin(), instants.end()), instants.end());
  return instants;
}

double width_for(const std::vector<TimeUs>& instants) {
  double room = 0;
  for (size_t i = 1; i < instants.size(); ++i) room += Warp::room_of(instants[i] - instants[i - 1]) * kPixelsOfRoom;
  return std::clamp(room + kGutter + kRight, kFigureWidth, kWidest);
}

}  // namespace

DetailLayout layout_of(const History& history, const Timeline& timeline, const Window& window) {
  size_t not_drawn = 0;
  std::vector<DetailEvent> events = events_of(timeline, window, not_drawn);
  const std::vector<TimeUs> instants = instants_of(timeline, window, events);
  const double width = width_for(instants);
  DetailLayout layout{
      window, {}, {}, std::move(events), not_drawn, width, 0, 0, Warp(instants, kGutter + 6, width - kRight)};
  const std::set<RowKey> keys = keys_of(history, timeline, window, layout.events);
  place_rows(history, timeline, keys, layout);
  for (DetailEvent& item : layout.events) {
    item.row = static_cast<size_t>(std::distance(keys.begin(), keys.find(row_key(history, *item.event))));
  }
  return layout;
}

}  // namespace onceproof::reports
