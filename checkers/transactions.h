// SPDX-License-Identifier: Apache-2.0
// Transactions checker, for transactional sinks: only what a durable checkpoint pre-committed is committed, all
// of it, once, whole; nothing hangs (SEMANTICS: commit point = the checkpoint is in the store; anomalies as in
// Jepsen's Kafka tests). A commit of a failed checkpoint's transaction is legal once a later checkpoint, whose
// state contains it, is durable.
#pragma once

#include <string>
#include <vector>

#include "checkers/history.h"
#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

// `settled`: the run went to its end or past the liveness bound, so that what is still open hangs. `excused`: for each
// transaction, whether a broken condition of the claim alone explains that it was lost; empty: none.
void check_transactions(const History& history, const Timeline& timeline, bool settled, std::vector<Finding>& out,
                        const std::vector<uint8_t>& excused = {});

}  // namespace onceproof::checkers
