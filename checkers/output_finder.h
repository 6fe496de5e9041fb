// SPDX-License-Identifier: Apache-2.0
// OutputFinder: which record of the log a read was. Reads come in offset order, nearly always: each search begins
// where the last one of its partition ended.
#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "checkers/history.h"

namespace onceproof::checkers {

class OutputFinder {
 public:
  explicit OutputFinder(const History& history) : outputs_(history.outputs) {}

  // Index into History::outputs; their number when the log does not hold it.
  size_t find(const OutputRecord& read) {
    const auto partition = static_cast<size_t>(read.partition);
    if (partition >= next_.size()) next_.resize(partition + 1, 0);
    size_t& next = next_[partition];
    const size_t index = is_at(next, read) ? next : search(read);
    if (index < outputs_.size()) next = index + 1;
    return index;
  }

 private:
  bool is_at(size_t index, const OutputRecord& read) const {
    return index < outputs_.size() && outputs_[index].partition == read.partition &&
           outputs_[index].offset == read.offset;
  }
  size_t search(const OutputRecord& read) const {
    const auto found =
        std::lower_bound(outputs_.begin(), outputs_.end(), read, [](const OutputRecord& a, const OutputRecord& b) {
          return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
        });
    const auto index = static_cast<size_t>(found - outputs_.begin());
    return is_at(index, read) ? index : outputs_.size();
  }

  const std::vector<OutputRecord>& outputs_;
  std::vector<size_t> next_;  // for each partition
};

}  // namespace onceproof::checkers
