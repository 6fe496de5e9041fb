// SPDX-License-Identifier: Apache-2.0
// Restores checker: what the job manager said of its checkpoints against what the disk held. A checkpoint that was
// called complete is durable, with every file that it refers to, and stays until a later one is; what is durable was
// triggered before; a restore takes the latest that is durable, and never one that is not; and no job that was restarted goes
// on without one. Needs the disk's own record; without it nothing is checked.
#pragma once

#include <vector>

#include "checkers/history.h"
#include "checkers/timeline.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

void check_restores(const History& history, const Timeline& timeline, std::vector<Finding>& out);

}  // namespace onceproof::checkers
