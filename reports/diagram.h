// SPDX-License-Identifier: Apache-2.0
// Diagram: the space-time figures as inline SVG. The overview has a linear time axis over the whole run; a
// detail stretches time so that exchanges of milliseconds and waits of seconds show in one picture.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checkers/history.h"
#include "reports/svg.h"
#include "reports/timeline.h"

namespace onceproof::reports {

inline constexpr double kGutter = 168;  // for the names of lanes
inline constexpr double kFigureWidth = 1084;
inline constexpr size_t kMaxDetailEvents = 420;  // of one detail; the others are counted in a note

// "e3": the colour of a checkpoint, one of eight in turn; "e-none" for 0.
std::string epoch_class(uint64_t checkpoint);

std::string overview_svg(std::string_view id, const checkers::History& history, const Timeline& timeline);

struct Detail {
  std::string svg;
  size_t not_drawn = 0;                        // events left out because there are too many
  std::vector<const checkers::Event*> events;  // those drawn, in time order
};
Detail detail_svg(std::string_view id, const checkers::History& history, const Timeline& timeline,
                  const Window& window);

}  // namespace onceproof::reports
