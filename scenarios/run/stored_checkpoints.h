// SPDX-License-Identifier: Apache-2.0
// StoredCheckpoints: watches the checkpoint storage's disk and notes when each checkpoint became durable, whether all
// that it refers to was, what it holds, and when it was removed. A fact of the world: no runtime object is asked.
#pragma once

#include <map>
#include <vector>

#include "checkers/history.h"
#include "runtime/graph/execution_graph.h"
#include "scenarios/run/checkpoint_content.h"
#include "simulator/world.h"

namespace onceproof::scenarios {

class StoredCheckpoints {
 public:
  // The world and the graph live as long as the run.
  StoredCheckpoints(simulator::World& world, const graph::ExecutionGraph& graph, ContentOptions options);
  StoredCheckpoints(const StoredCheckpoints&) = delete;
  StoredCheckpoints& operator=(const StoredCheckpoints&) = delete;

  std::vector<checkers::StoredCheckpoint> take() { return std::move(stored_); }

 private:
  void on_change(const std::string& path, bool durable);

  simulator::World& world_;
  const graph::ExecutionGraph& graph_;
  const ContentOptions options_;
  std::vector<checkers::StoredCheckpoint> stored_;
  std::map<uint64_t, size_t> there_;  // those that are there now: id, index into stored_
};

}  // namespace onceproof::scenarios
