// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/pipeline_program.h"

#include <algorithm>

#include "runtime/connectors/log_source.h"
#include "runtime/connectors/plain_sink.h"
#include "runtime/connectors/transactional_sink.h"
#include "runtime/operators/map_operator.h"
#include "runtime/operators/session_operator.h"
#include "runtime/operators/window_operator.h"

namespace onceproof::connectors {

namespace {

// An author's key, of the records of the runtime.
class RecordKey : public dataflow::KeySelector {
 public:
  explicit RecordKey(std::shared_ptr<const api::KeyOf> key) : key_(std::move(key)) {}
  ByteView key_of(const dataflow::RecordView& record, Bytes& scratch) const override {
    return key_->key_of({record.key, record.value, record.timestamp_us}, scratch);
  }

 private:
  const std::shared_ptr<const api::KeyOf> key_;
};

class PipelineProgram : public dataflow::Program {
 public:
  PipelineProgram(graph::ExecutionGraph graph, std::shared_ptr<const api::Pipeline> pipeline)
      : graph_(std::move(graph)), pipeline_(std::move(pipeline)), ordinals_(api::ordinals_of(*pipeline_)) {}
  const graph::ExecutionGraph& graph() const override { return graph_; }
  std::unique_ptr<dataflow::SourceOperator> source(int32_t, dataflow::TaskContext& context) const override {
    return std::make_unique<LogSource>(context);
  }
  std::unique_ptr<dataflow::Operator> transformation(int32_t node, dataflow::TaskContext& context) const override {
    const api::Step& step = pipeline_->steps[static_cast<size_t>(node)];
    if (const auto* map = std::get_if<api::MapStep>(&step))
      return std::make_unique<operators::MapOperator>(context, *map, ordinals_[static_cast<size_t>(node)]);
    const auto& window = std::get<api::WindowStep>(step);
    if (window.windows.kind == api::WindowKind::session)
      return std::make_unique<operators::SessionOperator>(context, window, key(node, 0));
    return std::make_unique<operators::WindowOperator>(context, window, key(node, 0));
  }
  std::unique_ptr<dataflow::SinkOperator> sink(int32_t, dataflow::TaskContext& context) const override {
    if (context.descriptor().sink.mode == graph::SinkMode::transactional)
      return std::make_unique<TransactionalSink>(context);
    return std::make_unique<PlainSink>(context);
  }
  std::unique_ptr<dataflow::KeySelector> key_selector(int32_t node, const graph::Input& input) const override {
    const std::vector<graph::Input>& inputs = graph_.logical.nodes[static_cast<size_t>(node)].inputs;
    return key(node, static_cast<size_t>(std::find(inputs.begin(), inputs.end(), input) - inputs.begin()));
  }

 private:
  std::unique_ptr<dataflow::KeySelector> key(int32_t node, size_t input) const {
    return std::make_unique<RecordKey>(pipeline_->keys[static_cast<size_t>(node)][input]);
  }
  const graph::ExecutionGraph graph_;
  const std::shared_ptr<const api::Pipeline> pipeline_;
  const std::vector<api::OrdinalBits> ordinals_;  // by node
};

}  // namespace

Result<std::shared_ptr<const dataflow::Program>> pipeline_program(std::shared_ptr<const api::Pipeline> pipeline) {
  Result<graph::ExecutionGraph> graph = graph::build_execution_graph(pipeline->graph);
  if (!graph.ok()) return graph.error();
  return std::shared_ptr<const dataflow::Program>(
      std::make_shared<PipelineProgram>(graph.take(), std::move(pipeline)));
}

}  // namespace onceproof::connectors
