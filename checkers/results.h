// SPDX-License-Identifier: Apache-2.0
// Reference checker: the set of results must equal the reference's: each (key, window) once, from exactly its
// records. Where it differs, lineage says why: missing, repeated, split into parts, made of too few or too many
// records, or right by accident (one record dropped, another counted twice). Only exactly-once promises all of this;
// the weaker guarantees promise results as well, and not their pieces: at-least-once each of them whole at least once,
// at-most-once no more than one of each.
#pragma once

#include <vector>

#include "checkers/delivery.h"

namespace onceproof::checkers {

// `complete`: what is missing now is lost. Returns whether a result came in pieces, which no guarantee allows.
bool check_results(const History& history, const Reference& reference, const Delivery& delivery, bool complete,
                   std::vector<Finding>& out);

}  // namespace onceproof::checkers
