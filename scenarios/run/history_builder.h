// SPDX-License-Identifier: Apache-2.0
// From the world's own records (log contents, protocol points, readers, faults) to the checkers' history.
#pragma once

#include "checkers/history.h"
#include "runtime/graph/execution_graph.h"
#include "scenarios/plan/plan.h"
#include "scenarios/run/backlog.h"
#include "simulator/log/cluster.h"
#include "simulator/log/reader.h"
#include "simulator/world.h"

namespace onceproof::scenarios {

// Takes the points out of the world.
checkers::History build_history(const RunPlan& plan, const graph::ExecutionGraph& graph, simulator::World& world,
                                const simulator::log::LogCluster& log, const simulator::log::ReaderJournal& journal,
                                const Workload& workload, std::vector<checkers::StoredCheckpoint> stored);

}  // namespace onceproof::scenarios
