// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/connectors.h"

#include "runtime/connectors/log_source.h"
#include "runtime/connectors/plain_sink.h"
#include "runtime/connectors/transactional_sink.h"

namespace onceproof::connectors {

dataflow::Connectors standard_connectors() {
  return {
      [](dataflow::TaskContext& context) -> std::unique_ptr<dataflow::SourceOperator> {
        return std::make_unique<LogSource>(context);
      },
      [](dataflow::TaskContext& context) -> std::unique_ptr<dataflow::SinkOperator> {
        if (context.descriptor().sink.mode == graph::SinkMode::transactional) {
          return std::make_unique<TransactionalSink>(context);
        }
        return std::make_unique<PlainSink>(context);
      },
  };
}

}  // namespace onceproof::connectors
