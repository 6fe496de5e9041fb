// SPDX-License-Identifier: Apache-2.0
// DetailLayout: which events a detail shows, on which row each stands, and where its times lie.
#pragma once

#include <string>
#include <vector>

#include "checkers/history.h"
#include "reports/marks.h"
#include "reports/timeline.h"
#include "reports/warp.h"

namespace onceproof::reports {

struct DetailRow {
  uint16_t process = 0;
  int32_t vertex = -1;  // -1: the process itself
  int32_t subtask = -1;
  std::string name;  // "source → split 0"; empty: the group's name says it
  double y = 0;
};
struct DetailGroup {  // the rows of one process
  uint16_t process = 0;
  std::string name;
  double top = 0, bottom = 0;
};
struct DetailEvent {
  const checkers::Event* event = nullptr;
  const Mark* mark = nullptr;
  size_t row = 0;
};
struct DetailLayout {
  Window window;
  std::vector<DetailGroup> groups;
  std::vector<DetailRow> rows;
  std::vector<DetailEvent> events;
  size_t not_drawn = 0;
  double width = 0, top = 0, bottom = 0;
  Warp warp;
};

DetailLayout layout_of(const checkers::History& history, const Timeline& timeline, const Window& window);

}  // namespace onceproof::reports
