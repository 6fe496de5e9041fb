// SPDX-License-Identifier: Apache-2.0
// Reference: every result that a pipeline should give for an input, and every contribution to it, by an independent, naive
// interpreter (interpreter.h) that calls the author's functions and shares no code with the runtime's operators. Built once
// for an input and a pipeline, then only read, so that thousands of runs may share one. Every record is expected: inputs
// stay within the source's out-of-orderness, so a record that the pipeline dropped as late is a loss.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/interpretation.h"
#include "runtime/api/pipeline.h"

namespace onceproof::checkers {

struct ExpectedResult {
  std::string key;  // empty when the pipeline has no key
  std::string value;
  TimeUs timestamp_us = 0;     // of the result record: window end - 1, or the source record's own
  TimeUs window_start_us = 0;  // of the last window that it comes from; 0 without a window
  TimeUs window_end_us = 0;
  uint32_t count = 1;   // contributions that it contains
  uint32_t first = 0;   // the first of them
  uint32_t key_id = 0;  // dense, below Reference::key_count(): equal for equal keys of one sink
  uint32_t sink = 0;    // which of the pipeline's sinks, in the order of their nodes
  uint32_t lane = 0;    // dense, below Reference::lane_count(): results of one lane come out by their numbers; kNone: any order
  int32_t window_node = -1;  // the operator; -1 without a window
  std::string_view window_key;  // of that window; steps behind it may give another
  bool windowed() const { return window_node >= 0; }
};

// A contribution is one position in one result: a record that is in several windows, or goes to several sinks, is as many
// contributions, and one that a window counts twice, two. Results are numbered by sink; in a sink those without a window
// come first, by position, then those of windows, by window end and key.
class Reference {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // `sources` tells which partitions each source reads; empty: the only source reads them all.
  Reference(std::shared_ptr<const Input> input, std::shared_ptr<const api::Pipeline> pipeline,
            std::vector<SourceRange> sources = {});
  Reference(const Reference&) = delete;  // words are views into the input that this object keeps alive
  Reference& operator=(const Reference&) = delete;

  const Input& input() const { return *input_; }
  const api::Pipeline& pipeline() const { return *pipeline_; }
  const std::vector<SourceRange>& sources() const { return sources_; }
  // Why nothing can be judged by it: a function of the author throws, or makes more than can be followed. Empty: all is well.
  const std::string& problem() const { return problem_; }
  bool windowed() const { return windowed_; }  // some result comes from a window
  bool splits() const { return splits_; }
  bool drops() const { return drops_; }  // a step lets some records through and others not
  bool drops_windows() const { return drops_windows_; }  // and it does so behind a window
  bool has_record(Position position) const {
    const uint64_t partition = partition_of(position);
    return partition < input_->partitions.size() && offset_of(position) < input_->partitions[partition].size();
  }
  size_t sink_count() const { return sink_count_; }

  // Contributions are numbered densely by position (partition, offset, ordinal), then result.
  uint32_t contributions() const { return static_cast<uint32_t>(words_.size()); }
  Position position(uint32_t index) const { return positions_[index]; }
  std::string_view word(uint32_t index) const { return words_[index]; }   // as read, or as split, before any other step
  uint32_t result_of(uint32_t index) const { return result_of_[index]; }  // the result that must contain it

  struct Range {
    uint32_t begin = 0, end = 0;
    bool empty() const { return begin == end; }
    uint32_t size() const { return end - begin; }
  };
  // Empty for a position that belongs in no result.
  Range contributions_of(Position position) const {
    const uint32_t first = index_of(position);
    if (first == kNone) return {};
    uint32_t end = first + 1;
    while (end < positions_.size() && positions_[end] == position) ++end;
    return {first, end};
  }
  // The first contribution of this position; kNone for one that belongs in no result (a phantom).
  uint32_t index_of(Position position) const {
    const uint64_t partition = partition_of(position);
    if (partition >= records_.size()) return kNone;
    const std::vector<uint32_t>& first = records_[partition];
    const uint64_t offset = offset_of(position);
    if (offset + 1 >= first.size()) return kNone;
    const uint64_t guess = first[offset] + ordinal_of(position);
    const bool right = single_ && guess < first[offset + 1] && positions_[guess] == position;
    return right ? static_cast<uint32_t>(guess) : search(position, first[offset], first[offset + 1]);
  }
  // The contribution of this position to this result; kNone: there is none.
  uint32_t index_of(Position position, uint32_t result) const {
    const Range range = contributions_of(position);
    for (uint32_t index = range.begin; index < range.end; ++index) {
      if (result_of_[index] == result) return index;
    }
    return kNone;
  }

  // Calls each(index, position) for every position of a lineage (sorted) of what should be this result. A position that
  // comes again is its next contribution to the result, or the last one again. What belongs to other results only is the
  // first contribution there, what belongs to none kNone.
  template <class Each>
  void for_each(const Lineage& lineage, uint32_t result, Each each) const {
    uint32_t again = 0;
    for (size_t i = 0; i < lineage.size(); ++i) {
      const Position position = lineage[i];
      const uint32_t first = index_of(position);
      if (single_ || first == kNone) {
        each(first, position);
        continue;
      }
      again = i > 0 && lineage[i - 1] == position ? again + 1 : 0;
      each(member(first, position, result, again), position);
    }
  }

  const std::vector<ExpectedResult>& results() const { return results_; }
  uint32_t key_count() const { return key_count_; }
  uint32_t lane_count() const { return lane_count_; }

  // Does the pipeline make this of exactly this lineage, where it is not the one that the result should have?
  enum class Remake : uint8_t { same, other, unknown };
  Remake remakes(const OutputRecord& output, uint32_t result) const;
  bool is_session(const ExpectedResult& result) const;
  // What one window gives out is what the next one counts: with other elements it can have another time and another key.
  bool behind_windows(const ExpectedResult& result) const {
    return result.windowed() && behind_windows_[static_cast<size_t>(result.window_node)] != 0;
  }

 private:
  void look_at_steps();
  void number_results(const Interpretation& made, std::vector<const Item*>& items);
  void number_contributions(const Interpretation& made, const std::vector<const Item*>& items);
  void number_keys();
  void number_lanes(const std::vector<const Item*>& items);
  uint32_t search(Position position, uint32_t begin, uint32_t end) const;
  uint32_t member(uint32_t first, Position position, uint32_t result, uint32_t again) const;

  std::shared_ptr<const Input> input_;
  std::shared_ptr<const api::Pipeline> pipeline_;
  std::vector<SourceRange> sources_;
  std::string problem_;
  bool windowed_ = false;
  bool splits_ = false;
  bool drops_ = false;
  bool drops_windows_ = false;
  bool single_ = true;  // no position is in two contributions
  size_t sink_count_ = 0;
  std::vector<uint8_t> behind_windows_;          // by node
  std::vector<std::vector<uint32_t>> records_;   // [p][o]: the record's first contribution; one past the end too
  std::vector<Position> positions_;
  std::vector<std::string_view> words_;
  std::vector<uint32_t> result_of_;
  std::vector<ExpectedResult> results_;
  uint32_t key_count_ = 0;
  uint32_t lane_count_ = 0;
  Texts texts_;  // of words that are not in the input
};

}  // namespace onceproof::checkers
