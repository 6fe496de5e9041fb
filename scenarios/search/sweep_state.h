// SPDX-License-Identifier: Apache-2.0
// SweepState: the finished seeds of a sweep, one line of JSON each, appended as they come, so that an
// interrupted sweep goes on where it stopped. The first line names the sweep, and is there as soon as the file is; another
// sweep's file is refused, and so is one that a running sweep has in use.
#pragma once

#include <set>
#include <string>

#include "runtime/base/result.h"
#include "runtime/real/append_file.h"
#include "scenarios/search/sweep_tally.h"

namespace onceproof::scenarios {

class SweepState {
 public:
  // Reads what is there. `identity` describes scenario, options and build; a torn last line is dropped.
  static Result<SweepState> open(const std::string& path, const std::string& identity);

  const std::string& path() const { return path_; }
  bool finished(uint64_t seed) const { return finished_.contains(seed); }
  size_t finished_count() const { return finished_.size(); }
  const SweepTally& tally() const { return tally_; }
  Status add(const SeedOutcome& outcome);
  void remove();  // the sweep is complete

 private:
  SweepState(std::string path, real::AppendFile file, std::string made_here)
      : path_(std::move(path)), file_(std::move(file)), made_here_(std::move(made_here)) {}
  void count(const SeedOutcome& outcome);

  std::string path_;
  real::AppendFile file_;
  std::string made_here_;  // the outermost folder that came into being with the file
  std::set<uint64_t> finished_;
  SweepTally tally_;
};

}  // namespace onceproof::scenarios
