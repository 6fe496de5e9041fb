// SPDX-License-Identifier: Apache-2.0
// The program of a pipeline: its steps as operators, its sources and sinks on the log as the job's configuration asks.
#pragma once

#include "runtime/api/pipeline.h"
#include "runtime/dataflow/program.h"

namespace onceproof::connectors {

// invalid_argument: the graph makes no sense, with the operator and the reason.
Result<std::shared_ptr<const dataflow::Program>> pipeline_program(std::shared_ptr<const api::Pipeline> pipeline);

}  // namespace onceproof::connectors
