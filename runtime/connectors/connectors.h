// SPDX-License-Identifier: Apache-2.0
// The table of connectors: which source and which sink a task's configuration asks for.
#pragma once

#include "runtime/dataflow/task.h"

namespace onceproof::connectors {

dataflow::Connectors standard_connectors();

}  // namespace onceproof::connectors
