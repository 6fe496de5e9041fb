// SPDX-License-Identifier: Apache-2.0
#include "runtime/operators/user_code.h"

#include <fmt/format.h>

namespace onceproof::operators {

std::string failure_text(const dataflow::TaskContext& context, const LineageView& lineage, const char* what) {
  std::string place = "a record without lineage";
  if (lineage.count() > 0)
    place = fmt::format("source partition {}, offset {}", partition_of(lineage[0]), offset_of(lineage[0]));
  return fmt::format("operator \"{}\" failed at {}: {}", context.node().name, place, what);
}

}  // namespace onceproof::operators
