// SPDX-License-Identifier: Apache-2.0
// Cut checker: a completed checkpoint is a consistent cut, and the disk holds it. Of each durable checkpoint the disk's own
// content says up to where its sources had read and what its keyed state counts. Under exactly-once everything below those
// offsets is in a result of its transactions, or earlier ones, or else in that state; nothing at or above them is in either
// (no effect without its cause); and the log had all of a pre-committed transaction before the checkpoint that certifies it
// was durable; and it names every transaction that a restore must commit. So continuing from it gives the reference's remaining
// results: what is in the state is counted where it belongs, what lies above the offsets is read again, and what was
// pre-committed is committed (that windows have their timers and counts is read from the disk, see unrestorable). The state
// at the end of a run follows: what was read and is in no result is held. Needs no fault and no restart to see what a restore would lose or count twice.
#pragma once

#include <vector>

#include "checkers/delivery.h"
#include "checkers/reference.h"
#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

void check_cut(const History& history, const Reference& reference, const Delivery& delivery, const Timeline& timeline,
               std::vector<Finding>& out);

}  // namespace onceproof::checkers
