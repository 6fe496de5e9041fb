// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/chain_program.h"

#include "runtime/connectors/log_source.h"
#include "runtime/connectors/plain_sink.h"
#include "runtime/connectors/transactional_sink.h"
#include "runtime/dataflow/operators.h"

namespace onceproof::connectors {

namespace {

class ChainProgram : public dataflow::Program {
 public:
  ChainProgram(graph::ExecutionGraph graph, std::vector<graph::LogicalOperator> operators)
      : graph_(std::move(graph)), operators_(std::move(operators)) {}
  const graph::ExecutionGraph& graph() const override { return graph_; }
  std::unique_ptr<dataflow::SourceOperator> source(int32_t, dataflow::TaskContext& context) const override {
    return std::make_unique<LogSource>(context);
  }
  std::unique_ptr<dataflow::Operator> transformation(int32_t node, dataflow::TaskContext& context) const override {
    return dataflow::make_operator(context, operators_[static_cast<size_t>(node)]);
  }
  std::unique_ptr<dataflow::SinkOperator> sink(int32_t, dataflow::TaskContext& context) const override {
    if (context.descriptor().sink.mode == graph::SinkMode::transactional)
      return std::make_unique<TransactionalSink>(context);
    return std::make_unique<PlainSink>(context);
  }
  std::unique_ptr<dataflow::KeySelector> key_selector(int32_t, const graph::Input&) const override {
    return std::make_unique<dataflow::ValueKey>();
  }

 private:
  const graph::ExecutionGraph graph_;
  const std::vector<graph::LogicalOperator> operators_;  // by node
};

}  // namespace

Result<std::shared_ptr<const dataflow::Program>> chain_program(const graph::LogicalPlan& plan) {
  Result<graph::PlannedGraph> planned = graph::to_graph(plan);
  if (!planned.ok()) return planned.error();
  std::vector<graph::LogicalOperator> operators;
  for (const int32_t index : planned.value().operator_of) operators.push_back(plan.operators[static_cast<size_t>(index)]);
  Result<graph::ExecutionGraph> graph = graph::build_execution_graph(std::move(planned.value().graph));
  if (!graph.ok()) return graph.error();
  return std::shared_ptr<const dataflow::Program>(std::make_shared<ChainProgram>(graph.take(), std::move(operators)));
}

}  // namespace onceproof::connectors
