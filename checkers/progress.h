// SPDX-License-Identifier: Apache-2.0
// Progress checker: what is owed while nothing excuses a delay, judged all along the run and not only at its end.
// Checkpoints complete, results come out when the watermark has passed them, what a completed checkpoint pre-committed
// is committed, and what is committed is read. The bounds follow from the configuration (History::bounds).
#pragma once

#include <vector>

#include "checkers/calm.h"
#include "checkers/delivery.h"
#include "checkers/timeline.h"

namespace onceproof::checkers {

void check_progress(const History& history, const Reference& reference, const Delivery& delivery,
                    const Timeline& timeline, const Calm& calm, std::vector<Finding>& out);

}  // namespace onceproof::checkers
