// SPDX-License-Identifier: Apache-2.0
// Reference: an independent, naive interpreter of the pipeline over the input: every expected contribution
// and every expected result. Shares no code with the runtime's operators. Built once for an input and a
// pipeline, then only read, so that thousands of runs may share one. Every record is expected: inputs are in
// timestamp order in each partition, so a record that the pipeline dropped as late is a loss.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/history.h"

namespace onceproof::checkers {

struct ExpectedResult {
  std::string key;  // empty when the pipeline has no key
  std::string value;
  TimeUs timestamp_us = 0;   // of the result record: window end - 1, or the source record's own
  TimeUs window_end_us = 0;  // 0 without a window
  uint32_t count = 1;        // contributions that it contains
  uint32_t key_id = 0;       // dense, below Reference::key_count(): equal keys have equal ids
};

class Reference {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  Reference(std::shared_ptr<const Input> input, Pipeline pipeline);
  Reference(const Reference&) = delete;  // words are views into the input that this object keeps alive
  Reference& operator=(const Reference&) = delete;

  const Input& input() const { return *input_; }
  const Pipeline& pipeline() const { return pipeline_; }
  bool windowed() const { return windowed_; }
  bool splits() const { return splits_; }

  // Contributions are numbered densely in position order: partition, offset, ordinal.
  uint32_t contributions() const { return static_cast<uint32_t>(words_.size()); }
  // kNone for a position that no input record accounts for (a phantom).
  uint32_t index_of(Position position) const {
    const uint64_t partition = partition_of(position);
    if (partition >= partitions_.size()) return kNone;
    const std::vector<uint32_t>& first = partitions_[partition];
    const uint64_t offset = offset_of(position);
    if (offset + 1 >= first.size()) return kNone;
    const uint64_t index = first[offset] + ordinal_of(position);
    return index < first[offset + 1] ? static_cast<uint32_t>(index) : kNone;
  }
  Position position(uint32_t index) const { return positions_[index]; }
  std::string_view word(uint32_t index) const { return words_[index]; }   // as read, before map_prefix
  uint32_t result_of(uint32_t index) const { return result_of_[index]; }  // the result that must contain it

  // Window results by (window end, key); results without a window in position order, so result_of is the identity.
  const std::vector<ExpectedResult>& results() const { return results_; }
  uint32_t key_count() const { return key_count_; }

 private:
  struct Items;
  Items read(const Input& input);
  std::vector<uint32_t> rank_keys(const Items& items);
  void emit(const Items& items);
  void count_windows(const Items& items);

  std::shared_ptr<const Input> input_;
  Pipeline pipeline_;
  bool windowed_ = false;
  bool splits_ = false;
  std::vector<std::vector<uint32_t>> partitions_;  // [p][o]: the record's first contribution; one past the end too
  std::vector<Position> positions_;
  std::vector<std::string_view> words_;
  std::vector<uint32_t> result_of_;
  std::vector<ExpectedResult> results_;
  uint32_t key_count_ = 0;
};

}  // namespace onceproof::checkers
