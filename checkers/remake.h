// SPDX-License-Identifier: Apache-2.0
// Remake: what a window would have given out, had it been made of other elements than it should: pieces, doubles. So a
// result that is not the expected one is still held to its own lineage. Used by the reference alone.
#pragma once

#include "checkers/interpretation.h"
#include "runtime/api/pipeline.h"

namespace onceproof::checkers {

// What comes out of sink number `sink` when this window is made of exactly the elements that `lineage` names; a session
// then has their times. `known` is false where the elements do not follow from their positions: where one window stands
// behind another, or several elements have one name and are not all there.
struct Remade {
  bool known = false;
  std::vector<Item> items;
  Interpretation made;  // keeps what the items refer to
};
Remade remake(const api::Pipeline& pipeline, const Input& input, const std::vector<SourceRange>& sources,
              FiredWindow window, const Lineage& lineage, uint32_t sink);

}  // namespace onceproof::checkers
