// SPDX-License-Identifier: Apache-2.0
// The program of a plan of built-in operators: log sources and sinks as its configuration asks for, and what stands
// between them.
#pragma once

#include "runtime/dataflow/program.h"
#include "runtime/graph/logical_plan.h"

namespace onceproof::connectors {

// invalid_argument: the plan makes no sense, with the operator and the reason.
Result<std::shared_ptr<const dataflow::Program>> chain_program(const graph::LogicalPlan& plan);

}  // namespace onceproof::connectors
