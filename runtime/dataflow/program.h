// SPDX-License-Identifier: Apache-2.0
// Program: what the operators of a logical graph do. Every process of a cluster has it (the same program, as Flink's
// workers have the user's jar); messages name operators by their index alone.
#pragma once

#include <memory>

#include "runtime/dataflow/operator.h"
#include "runtime/graph/execution_graph.h"

namespace onceproof::dataflow {

// The key of a record: the same for the exchange that partitions by it and for the operator behind it. `scratch` is room
// for a key that does not lie in the record; the key is good until it is written to again.
class KeySelector {
 public:
  virtual ~KeySelector() = default;
  virtual ByteView key_of(const RecordView& record, Bytes& scratch) const = 0;
};

class Program {
 public:
  virtual ~Program() = default;
  virtual const graph::ExecutionGraph& graph() const = 0;

  // Of the node with that role. The context outlives the operator.
  virtual std::unique_ptr<SourceOperator> source(int32_t node, TaskContext& context) const = 0;
  virtual std::unique_ptr<Operator> transformation(int32_t node, TaskContext& context) const = 0;
  virtual std::unique_ptr<SinkOperator> sink(int32_t node, TaskContext& context) const = 0;
  // Of a hash exchange into the node.
  virtual std::unique_ptr<KeySelector> key_selector(int32_t node, const graph::Input& input) const = 0;
};

}  // namespace onceproof::dataflow
