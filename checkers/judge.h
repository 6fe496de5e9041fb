// SPDX-License-Identifier: Apache-2.0
// Judge: runs every checker on one history and gives the verdict: what was observed against what was claimed,
// with one sentence of evidence. Pure: the same history and reference give the same verdict, byte for byte.
// A run is valid only when nothing that its claim forbids was found and every checker could decide.
#pragma once

#include <string>
#include <vector>

#include "checkers/history.h"
#include "checkers/reference.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

Verdict judge(const History& history, const Reference& reference);
// The report of a run: its verdict, and what reports count of its history. What names the run is the caller's to add.
RunReport counted(History history);  // not judged yet
RunReport judged(History history, const Reference& reference);

// The strongest guarantee that the counts allow.
Guarantee observed_guarantee(const Counts& counts);
// exactly-once satisfies every claim, any observation satisfies the claim `none`.
bool satisfies(Guarantee observed, Guarantee claimed);

}  // namespace onceproof::checkers
