// SPDX-License-Identifier: Apache-2.0
#include "runtime/env/probe.h"

namespace onceproof::env {

namespace {
constexpr PointInfo kPoints[] = {
#define X(identifier, name, actor, what, recorded) {name, actor, what, recorded},
    ONCEPROOF_PROTOCOL_POINTS(X)
#undef X
};
}  // namespace

const PointInfo& info(Point point) { return kPoints[static_cast<int>(point)]; }

std::optional<Point> point_named(std::string_view name) {
  for (int i = 0; i < kPointCount; ++i) {
    if (name == kPoints[i].name) return static_cast<Point>(i);
  }
  return std::nullopt;
}

}  // namespace onceproof::env
