// SPDX-License-Identifier: Apache-2.0
// Placement checker: one key, one sink partition. Whoever reads a partition in order relies on it; it holds across
// attempts, replays and zombies, for the partition follows from the key alone. Results without a key go anywhere.
#pragma once

#include <vector>

#include "checkers/delivery.h"

namespace onceproof::checkers {

void check_placement(const History& history, const Reference& reference, const Delivery& delivery,
                     std::vector<Finding>& out);

}  // namespace onceproof::checkers
