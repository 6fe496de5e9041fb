// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/seeded_bugs.h"

namespace onceproof {

namespace {
constexpr SeededBugInfo kBugs[] = {
#define X(identifier, name, what) {SeededBug::identifier, name, what},
    ONCEPROOF_SEEDED_BUGS(X)
#undef X
};
}  // namespace

const SeededBugInfo& seeded_bug_info(int index) { return kBugs[index]; }

std::optional<SeededBug> seeded_bug_named(std::string_view name) {
  for (const SeededBugInfo& info : kBugs) {
    if (name == info.name) return info.bug;
  }
  return std::nullopt;
}

}  // namespace onceproof
