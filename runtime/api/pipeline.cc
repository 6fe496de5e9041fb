// SPDX-License-Identifier: Apache-2.0
#include "runtime/api/pipeline.h"

#include <algorithm>

#include "runtime/base/lineage.h"

namespace onceproof::api {

std::vector<OrdinalBits> ordinals_of(const Pipeline& pipeline) {
  const auto splits = [&](size_t node) {
    const auto* map = std::get_if<MapStep>(&pipeline.steps[node]);
    return map != nullptr && map->splits;
  };
  std::vector<uint32_t> depth(pipeline.steps.size(), 0);  // steps that split, on the longest way to here and here
  uint32_t deepest = 0;
  for (const int32_t index : graph::topological_order(pipeline.graph)) {
    const auto node = static_cast<size_t>(index);
    for (const graph::Input& input : pipeline.graph.nodes[node].inputs)
      depth[node] = std::max(depth[node], depth[static_cast<size_t>(input.from)]);
    depth[node] += splits(node) ? 1 : 0;
    deepest = std::max(deepest, depth[node]);
  }
  std::vector<OrdinalBits> ordinals(pipeline.steps.size());
  for (size_t node = 0; node < ordinals.size(); ++node) {
    if (!splits(node)) continue;
    const uint32_t bits = static_cast<uint32_t>(kOrdinalBits) / deepest;
    ordinals[node] = {bits * (deepest - depth[node]), bits};
  }
  return ordinals;
}

const WindowStep* last_window(const Pipeline& pipeline) {
  const WindowStep* last = nullptr;
  for (const int32_t node : graph::topological_order(pipeline.graph)) {
    const auto* window = std::get_if<WindowStep>(&pipeline.steps[static_cast<size_t>(node)]);
    if (window != nullptr) last = window;
  }
  return last;
}

bool keeps_what_is_out(const Pipeline& pipeline) {
  int windows = 0;
  for (const Step& step : pipeline.steps) {
    const auto* window = std::get_if<WindowStep>(&step);
    if (window == nullptr) continue;
    const bool plain = window->windows.kind == WindowKind::tumbling && window->allowed_lateness_us == 0;
    if (!plain || ++windows > 1) return true;
  }
  return false;
}

}  // namespace onceproof::api
