// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace onceproof {

void check_failed(const char* file, int line, const char* condition, const char* why) {
  std::fprintf(stderr, "onceproof: internal error at %s:%d: %s (%s)\n", file, line, why, condition);
  std::abort();
}

}  // namespace onceproof
