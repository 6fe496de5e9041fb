// SPDX-License-Identifier: Apache-2.0
// Hand-made inputs and histories that read as stories. A fresh history is a finished, quiescent run without
// faults; build() puts the outputs in log order and, unless the test recorded reads itself, lets a
// read_committed reader see exactly what is visible.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checkers/history.h"
#include "checkers/judge.h"
#include "checkers/reference.h"
#include "scenarios/history/pipeline.h"

namespace onceproof::tests {

using checkers::History;
using checkers::OutputRecord;
using checkers::Visibility;
using Lines = std::vector<std::pair<TimeUs, std::string>>;  // timestamp in seconds, text

inline std::shared_ptr<const checkers::Input> input_of(const std::vector<Lines>& partitions) {
  auto input = std::make_shared<checkers::Input>();
  for (const Lines& lines : partitions) {
    auto& records = input->partitions.emplace_back();
    for (const auto& [second, text] : lines) records.push_back({text, seconds(second)});
  }
  return input;
}

using SharedPipeline = std::shared_ptr<const api::Pipeline>;
inline checkers::Pipeline word_count_steps(DurationUs window_us = seconds(10)) {
  using checkers::Step;
  return {{Step::split_words, Step::key_by_value, Step::count_per_window}, window_us};
}
inline SharedPipeline word_count(DurationUs window_us = seconds(10)) {
  return scenarios::to_pipeline(word_count_steps(window_us));
}
inline SharedPipeline transform() { return scenarios::to_pipeline({{checkers::Step::map_prefix}, 0}); }

// Where the word stands: partition, offset, ordinal.
inline Position at(uint64_t partition, uint64_t offset, uint64_t ordinal = 0) {
  return make_position(partition, offset, ordinal);
}

class HistoryBuilder {
 public:
  explicit HistoryBuilder(checkers::Guarantee claimed = checkers::Guarantee::exactly_once) {
    history_.claimed = claimed;
    history_.processes = {"jobmanager", "taskmanager-0", "taskmanager-1", "broker-0", "broker-1"};
    history_.job = checkers::JobStatus::finished;
    history_.reads_recorded = true;
    history_.quiescent = true;
    history_.ended_us = seconds(60);
    history_.input_end_us = seconds(20);
    history_.liveness_bound_us = seconds(120);
  }

  // ---- what came out ----
  // A window's count; the window is named by its end. The value is the lineage's size.
  OutputRecord& count(const std::string& key, TimeUs window_end_s, Lineage lineage,
                      int32_t partition = 0) {
    const std::string value = std::to_string(lineage.size());
    return output(key, value, seconds(window_end_s) - 1, std::move(lineage), partition);
  }
  OutputRecord& output(const std::string& key, const std::string& value, TimeUs timestamp_us,
                       Lineage lineage, int32_t partition = 0) {
    lineage.sort();
    OutputRecord record;
    record.partition = partition;
    record.offset = next_offset_++;
    record.timestamp_us = timestamp_us;
    record.key = key;
    record.value = value;
    record.lineage = std::move(lineage);
    record.producer_id = producer_id_;
    record.epoch = epoch_;
    record.visibility = visibility_;
    history_.outputs.push_back(std::move(record));
    return history_.outputs.back();
  }
  // Every result of the reference once, keys spread over two sink partitions.
  HistoryBuilder& everything(const checkers::Reference& reference) {
    std::vector<Lineage> lineages(reference.results().size());
    for (uint32_t i = 0; i < reference.contributions(); ++i) {  // by position
      lineages[reference.result_of(i)].push_back(reference.position(i));
    }
    for (size_t r = 0; r < lineages.size(); ++r) {
      const checkers::ExpectedResult& result = reference.results()[r];
      output(result.key, result.value, result.timestamp_us, lineages[r],
             static_cast<int32_t>(result.key_id % 2 + 2 * result.sink))
          .sink = result.sink;
    }
    return *this;
  }

  // ---- transactions: what is output from here on belongs to this one ----
  checkers::TransactionRecord& transaction(const std::string& id, uint64_t checkpoint, TimeUs begun_s) {
    history_.transactional_sink = true;
    checkers::TransactionRecord record;
    record.transactional_id = id;
    record.producer_id = ++producer_id_;
    record.epoch = epoch_;
    record.checkpoint = checkpoint;
    record.begun_us = seconds(begun_s);
    history_.transactions.push_back(record);
    visibility_ = Visibility::open;
    return history_.transactions.back();
  }
  // The last transaction ends; its records become visible or not.
  HistoryBuilder& commit(TimeUs at_s) {
    return decide(checkers::TransactionOutcome::committed, Visibility::committed, at_s);
  }
  HistoryBuilder& abort(TimeUs at_s) {
    return decide(checkers::TransactionOutcome::aborted, Visibility::aborted, at_s);
  }
  HistoryBuilder& producer(uint64_t producer_id) {  // of non-transactional outputs
    producer_id_ = producer_id;
    return *this;
  }

  // ---- what happened on the way ----
  HistoryBuilder& completed(uint64_t checkpoint, TimeUs at_s) {
    return ended(checkpoint, at_s, checkers::CheckpointOutcome::completed);
  }
  HistoryBuilder& aborted(uint64_t checkpoint, TimeUs at_s) {
    return ended(checkpoint, at_s, checkers::CheckpointOutcome::aborted);
  }
  checkers::Event& event(TimeUs at_s, const char* point, uint16_t process = 0, uint64_t checkpoint = 0) {
    checkers::Event event;
    event.at_us = seconds(at_s);
    event.point = point;
    event.process = process;
    event.checkpoint = checkpoint;
    history_.events.push_back(event);
    return history_.events.back();
  }
  HistoryBuilder& deployed(TimeUs at_s) { return event(at_s, "restore.begin"), *this; }
  HistoryBuilder& crash(uint16_t process, TimeUs at_s) {
    event(at_s, "process.crash", process);
    history_.faults.push_back(
        {"crash", "crash " + history_.processes[process], true, true, seconds(at_s), seconds(at_s + 2)});
    return *this;
  }
  // The job manager notices and redeploys from the checkpoint.
  HistoryBuilder& recovered(uint16_t lost_process, uint64_t checkpoint, TimeUs at_s) {
    event(at_s, "task-manager.lost").value = lost_process;
    event(at_s, "restore.begin", 0, checkpoint);
    ++history_.restarts;
    return *this;
  }
  HistoryBuilder& pre_commit(uint16_t process, TimeUs at_s) {  // of the last transaction
    const checkers::TransactionRecord& transaction = history_.transactions.back();
    checkers::Event& hit = event(at_s, "sink.pre-commit", process, transaction.checkpoint);
    hit.value = transaction.producer_id;
    hit.epoch = transaction.epoch;
    return *this;
  }

  // A reader that saw exactly these; outputs by their index in the order of being added.
  HistoryBuilder& read(const OutputRecord& record) {
    reads_given_ = true;
    history_.observed.push_back(record);
    return *this;
  }
  HistoryBuilder& read_nothing() {
    reads_given_ = true;
    return *this;
  }
  History& raw() { return history_; }

  History build() const {
    History history = history_;
    std::stable_sort(history.outputs.begin(), history.outputs.end(), [](const OutputRecord& a, const OutputRecord& b) {
      return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
    });
    if (reads_given_) return history;
    for (const OutputRecord& record : history.outputs) {
      const bool visible =
          record.visibility == Visibility::committed || record.visibility == Visibility::non_transactional;
      if (visible) history.observed.push_back(record);
    }
    return history;
  }

 private:
  HistoryBuilder& decide(checkers::TransactionOutcome outcome, Visibility visibility, TimeUs at_s) {
    checkers::TransactionRecord& transaction = history_.transactions.back();
    transaction.outcome = outcome;
    transaction.decided_us = transaction.completed_us = seconds(at_s);
    for (OutputRecord& record : history_.outputs) {
      if (record.producer_id == transaction.producer_id && record.visibility == Visibility::open) {
        record.visibility = visibility;
      }
    }
    return *this;
  }
  HistoryBuilder& ended(uint64_t checkpoint, TimeUs at_s, checkers::CheckpointOutcome outcome) {
    checkers::CheckpointRecord record;
    record.id = checkpoint;
    record.triggered_us = seconds(at_s - 1);
    record.ended_us = seconds(at_s);
    record.outcome = outcome;
    history_.checkpoints.push_back(record);
    return *this;
  }

  History history_;
  int64_t next_offset_ = 0;
  uint64_t producer_id_ = 100;
  uint32_t epoch_ = 0;
  Visibility visibility_ = Visibility::non_transactional;
  bool reads_given_ = false;
};

// How many findings of this kind (summaries included), and the first one's story.
inline size_t count_of(const std::vector<checkers::Finding>& findings, const std::string& kind) {
  return static_cast<size_t>(std::count_if(findings.begin(), findings.end(),
                                           [&](const checkers::Finding& finding) { return finding.kind == kind; }));
}
inline std::string story_of(const std::vector<checkers::Finding>& findings, const std::string& kind) {
  for (const checkers::Finding& finding : findings) {
    if (finding.kind == kind) return finding.story;
  }
  return {};
}

}  // namespace onceproof::tests
