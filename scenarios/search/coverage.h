// SPDX-License-Identifier: Apache-2.0
// Coverage: over many runs, what was hit, where faults struck and which of them mattered: by protocol point, by kind of
// fault and by parameter. What the stock suites never strike effectively proves nothing; each such thing needs a reason
// in the one table here, or the count fails.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scenarios/search/session.h"

namespace onceproof::scenarios {

struct CoverageCount {
  uint64_t hits = 0;  // of a point
  uint64_t fired = 0;
  uint64_t effective = 0;
};

class Coverage {
 public:
  Coverage();  // every point, kind and parameter that there is, with nothing seen
  // Counts the run, and leaves out those of its faults of which some part was never yet effective.
  Status add(Session& session, const RunPlan& plan);

  uint64_t runs() const { return runs_; }
  // "sink.commit" -> counts; the points, then "crash", "crash notice=silent", "trigger by_us".
  const std::map<std::string, CoverageCount>& points() const { return points_; }
  const std::map<std::string, CoverageCount>& faults() const { return faults_; }
  // Of what was never struck effectively. nullptr: there is no reason.
  static const char* reason(const std::string& name);
  std::vector<std::string> unexplained() const;

 private:
  std::map<std::string, CoverageCount> points_;
  std::map<std::string, CoverageCount> faults_;
  uint64_t runs_ = 0;
};

}  // namespace onceproof::scenarios
