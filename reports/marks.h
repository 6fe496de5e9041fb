// SPDX-License-Identifier: Apache-2.0
// Marks: which protocol points the diagrams draw, with shape, words and weight. One table for the figures
// and the legend; points that are not in it are counted in the history but not drawn.
#pragma once

#include <string_view>
#include <vector>

#include "checkers/history.h"
#include "reports/svg.h"

namespace onceproof::reports {

struct Mark {
  const char* point;  // as printed by runtime/env/probe.h, or one of the world's own events
  Glyph glyph;
  const char* label;    // beside the glyph when there is room
  int weight;           // 3: labelled before others; 2: labelled; 1: glyph only; 0: dropped first when too dense
  bool alarming;        // drawn in the colour of trouble instead of its checkpoint's
  const char* meaning;  // for the legend
};

const std::vector<Mark>& marks();
const Mark* mark_of(const checkers::Event& event);  // nullptr: not drawn

inline bool is(const checkers::Event& event, std::string_view point) { return event.point == point; }

}  // namespace onceproof::reports
