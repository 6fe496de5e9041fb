// SPDX-License-Identifier: Apache-2.0
// A program for tests: a graph, and operators that the test makes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/dataflow/program.h"

namespace onceproof::tests {

inline graph::LogicalNode node(std::string name, graph::Role role, std::vector<graph::Input> inputs = {}) {
  graph::LogicalNode node;
  node.uid = name;
  node.name = std::move(name);
  node.role = role;
  node.inputs = std::move(inputs);
  return node;
}
inline graph::LogicalNode source_node(std::string name) { return node(std::move(name), graph::Role::source); }
inline graph::LogicalNode map_node(std::string name, std::vector<graph::Input> inputs) {
  return node(std::move(name), graph::Role::transformation, std::move(inputs));
}
inline graph::LogicalNode sink_node(std::string name, std::vector<graph::Input> inputs) {
  return node(std::move(name), graph::Role::sink, std::move(inputs));
}
inline graph::LogicalGraph graph_of(std::vector<graph::LogicalNode> nodes, int32_t parallelism = 2) {
  graph::LogicalGraph graph;
  graph.nodes = std::move(nodes);
  graph.parallelism = parallelism;
  return graph;
}

class ScriptedProgram : public dataflow::Program {
 public:
  explicit ScriptedProgram(graph::LogicalGraph graph) : graph_(graph::build_execution_graph(std::move(graph)).take()) {}
  const graph::ExecutionGraph& graph() const override { return graph_; }
  std::unique_ptr<dataflow::SourceOperator> source(int32_t node, dataflow::TaskContext& context) const override {
    return sources.at(name(node))(context);
  }
  std::unique_ptr<dataflow::Operator> transformation(int32_t node, dataflow::TaskContext& context) const override {
    return transformations.at(name(node))(context);
  }
  std::unique_ptr<dataflow::SinkOperator> sink(int32_t node, dataflow::TaskContext& context) const override {
    return sinks.at(name(node))(context);
  }
  std::unique_ptr<dataflow::KeySelector> key_selector(int32_t, const graph::Input&) const override {
    class Value : public dataflow::KeySelector {
      ByteView key_of(const dataflow::RecordView& record, Bytes&) const override { return record.value; }
    };
    return std::make_unique<Value>();
  }

  template <class T>
  using Makers = std::map<std::string, std::function<std::unique_ptr<T>(dataflow::TaskContext&)>>;  // by name
  Makers<dataflow::SourceOperator> sources;
  Makers<dataflow::Operator> transformations;
  Makers<dataflow::SinkOperator> sinks;

 private:
  const std::string& name(int32_t node) const { return graph_.logical.nodes[static_cast<size_t>(node)].name; }
  const graph::ExecutionGraph graph_;
};

}  // namespace onceproof::tests
