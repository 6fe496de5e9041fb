// SPDX-License-Identifier: Apache-2.0
// Reference checker: the set of results must equal the reference's: each (key, window) once, from exactly its
// records. Where it differs, lineage says why: missing, repeated, split into parts, made of too few or too many
// records, or right by accident (one record dropped, another counted twice). Only exactly-once promises this.
#pragma once

#include <vector>

#include "checkers/delivery.h"

namespace onceproof::checkers {

void check_results(const History& history, const Reference& reference, const Delivery& delivery,
                   std::vector<Finding>& out);

}  // namespace onceproof::checkers
