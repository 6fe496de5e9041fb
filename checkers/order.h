// SPDX-License-Identifier: Apache-2.0
// Order checker: within a (key, sink partition, source partition) the first deliveries are in source order.
// With a sink that fences nobody (History::order_within_producer): within a producer, too; not at all where History::order_claimed is false.
// Later deliveries of the same contribution are the delivery checker's business. Contributions that came out
// in more than one sink partition are skipped: the log's content alone does not say which came first.
#pragma once

#include <vector>

#include "checkers/delivery.h"

namespace onceproof::checkers {

void check_order(const History& history, const Reference& reference, const Delivery& delivery,
                 std::vector<Finding>& out);

}  // namespace onceproof::checkers
