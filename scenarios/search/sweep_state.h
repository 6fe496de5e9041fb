// SPDX-License-Identifier: Apache-2.0
// SweepState: the finished seeds of a sweep, one line of JSON each, appended as they come, so that an
// interrupted sweep goes on where it stopped. The first line names the sweep; another sweep's file is refused.
#pragma once

#include <map>
#include <string>

#include "runtime/base/result.h"
#include "scenarios/search/seed_outcome.h"

namespace onceproof::scenarios {

class SweepState {
 public:
  // Reads what is there. `identity` describes scenario, options and build; a torn last line is dropped.
  static Result<SweepState> open(const std::string& path, const std::string& identity);

  const std::string& path() const { return path_; }
  const std::map<uint64_t, SeedOutcome>& finished() const { return finished_; }
  Status add(const SeedOutcome& outcome);
  void remove();  // the sweep is complete

 private:
  std::string path_;
  std::map<uint64_t, SeedOutcome> finished_;
};

}  // namespace onceproof::scenarios
