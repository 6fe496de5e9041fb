// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/allocator.h"

#include <malloc.h>

namespace onceproof::real {

bool set_allocation_fill(uint8_t pattern) { return mallopt(M_PERTURB, pattern) == 1; }

}  // namespace onceproof::real
