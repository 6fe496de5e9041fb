// SPDX-License-Identifier: Apache-2.0
// Causes checker: what nothing explains, at any claim and under none at all. A restart needs a fault, or a world that
// was too slow, not long before it; a record is lost only when something happened since it could be read; it comes a
// second time only after the job was deployed again; and no result is older than the records that it was made from.
#pragma once

#include <vector>

#include "checkers/delivery.h"
#include "checkers/timeline.h"

namespace onceproof::checkers {

// `complete`: what is missing now is lost.
void check_causes(const History& history, const Reference& reference, const Delivery& delivery,
                  const Timeline& timeline, bool complete, std::vector<Finding>& out);

}  // namespace onceproof::checkers
