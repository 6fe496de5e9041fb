// SPDX-License-Identifier: Apache-2.0
// The one way into an author's function: what it throws fails the task, with the operator and the place of the record.
#pragma once

#include <exception>

#include "runtime/dataflow/operator.h"

namespace onceproof::operators {

// "operator "split" failed at source partition 1, offset 7: what"
std::string failure_text(const dataflow::TaskContext& context, const LineageView& lineage, const char* what);

template <class Call>
void guarded(dataflow::TaskContext& context, const LineageView& lineage, Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    context.fail(failure_text(context, lineage, error.what()));
  } catch (...) {
    context.fail(failure_text(context, lineage, "it threw something that is no std::exception"));
  }
}

}  // namespace onceproof::operators
