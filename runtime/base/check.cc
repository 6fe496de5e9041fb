// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/check.h"

#include <cstdio>
#include <cstdlib>

#include "runtime/base/check_handler.h"

namespace onceproof {

namespace {
void (*handler)() = nullptr;
}

void on_check_failure(void (*after_the_message)()) { handler = after_the_message; }

void check_failed(const char* file, int line, const char* condition, const char* why) {
  std::fprintf(stderr, "onceproof: internal error at %s:%d: %s (%s)\n", file, line, why, condition);
  if (handler != nullptr) handler();
  std::abort();
}

}  // namespace onceproof
