// SPDX-License-Identifier: Apache-2.0
// CHECK: an invariant of the program itself. Stays on in release builds; a failure prints its place
// and aborts. Expected failures (bad input, fenced producers, full disks) are Result, never CHECK.
#pragma once

namespace onceproof {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* why);

}  // namespace onceproof

#define CHECK(condition, why)                                         \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::onceproof::check_failed(__FILE__, __LINE__, #condition, why); \
  } while (false)
