// SPDX-License-Identifier: Apache-2.0
// Findings: collects one checker's violations; keeps the first kMaxFindings of each kind and counts the rest,
// so that a run with a million violations costs no more to tell than one with five.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "checkers/verdict.h"

namespace onceproof::checkers {

class Findings {
 public:
  // `out` must outlive this object.
  Findings(const char* checker, std::vector<Finding>& out) : checker_(checker), out_(out) {}
  Findings(const Findings&) = delete;
  Findings& operator=(const Findings&) = delete;
  ~Findings() {
    for (const auto& [kind, count] : counts_) {
      if (count <= kMaxFindings) continue;
      out_.push_back({checker_, kind, fmt::format("{} more of this kind", count - kMaxFindings), -1, {}});
    }
  }

  // `tell` builds the story; it is called only when the story will be kept.
  template <class Tell>
  void add(const char* kind, TimeUs at_us, Tell tell, Subject subject = {}) {
    if (++counts_[kind] <= kMaxFindings) out_.push_back({checker_, kind, tell(), at_us, subject});
  }
  bool empty() const { return counts_.empty(); }

 private:
  const char* checker_;
  std::vector<Finding>& out_;
  std::map<std::string, uint64_t> counts_;
};

}  // namespace onceproof::checkers
