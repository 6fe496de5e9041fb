// SPDX-License-Identifier: Apache-2.0
// The allocator's fill pattern: two runs of one seed under different patterns differ exactly where a program
// read memory that it never wrote. Used by --check-determinism.
#pragma once

#include <cstdint>

namespace onceproof::real {

// New heap memory is filled with the complement of `pattern`, freed memory with `pattern` (glibc's M_PERTURB).
// 0 switches it off. False: this C library cannot.
bool set_allocation_fill(uint8_t pattern);

}  // namespace onceproof::real
