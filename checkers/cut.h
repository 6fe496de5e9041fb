// SPDX-License-Identifier: Apache-2.0
// Cut checker: a completed checkpoint is a consistent cut, and the disk holds it. Of each durable checkpoint the disk's own
// content says up to where its sources had read and what its keyed state counts. Under exactly-once everything below those
// offsets is in a result of its transactions, or earlier ones, or else in that state; nothing at or above them is in either
// (no effect without its cause); and the log had all of a pre-committed transaction before the checkpoint that certifies it
// was durable. Needs no fault and no restart to see what a restore would lose or count twice.
#pragma once

#include <vector>

#include "checkers/reference.h"
#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

void check_cut(const History& history, const Reference& reference, const Timeline& timeline,
               std::vector<Finding>& out);

}  // namespace onceproof::checkers
