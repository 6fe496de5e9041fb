// SPDX-License-Identifier: Apache-2.0
// CheckpointContent: reads from the disk what a stored checkpoint holds: up to where its sources had read and what its
// window state counts; and whether a restore would find every part of it. The layouts are those of dataflow/task.cc,
// connectors/log_source.cc and operators/window_operator.h; what does not decode by them cannot be restored either.
#pragma once

#include "checkers/history.h"
#include "runtime/checkpoint/completed_store.h"
#include "runtime/graph/execution_graph.h"
#include "simulator/disk.h"

namespace onceproof::scenarios {

struct ContentOptions {
  int32_t source_partitions = 0;
  bool keeps_fired_panes = false;  // a pane stays behind its result, for what is late
  bool counts = false;             // accumulators begin with the number of their records (api/text.h)
};

// Fills what the checkpoint holds; adds to `missing` what is not there, does not decode or cannot go on: a window that
// counts something else than its records, or that no timer will let out.
void read_content(const simulator::SimulatedDisk& disk, const graph::ExecutionGraph& graph, const ContentOptions& options,
                  const checkpoint::CompletedCheckpoint& checkpoint, checkers::StoredCheckpoint& stored);

}  // namespace onceproof::scenarios
