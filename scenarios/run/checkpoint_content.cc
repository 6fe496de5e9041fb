// SPDX-License-Identifier: Apache-2.0
#include "scenarios/run/checkpoint_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "runtime/base/lineage.h"
#include "runtime/dataflow/operator_state.h"
#include "runtime/env/log.h"
#include "runtime/operators/window_operator.h"

namespace onceproof::scenarios {

namespace {

class Content {
 public:
  Content(const ContentOptions& options, checkers::StoredCheckpoint& stored) : stored_(stored) {
    // Of a finished source: behind every offset that there can be.
    stored_.offsets.assign(static_cast<size_t>(options.source_partitions), static_cast<int64_t>(kMaxOffset) + 1);
    stored_.state_known = !options.keeps_fired_panes;
    counts_ = options.counts;
  }

  // False: it does not decode.
  bool read_task(ByteView state) {
    const Result<dataflow::TaskSnapshot> snapshot = dataflow::read_snapshot(state);
    if (!snapshot.ok()) return false;
    for (const dataflow::OperatorState& part : snapshot.value().operators) {
      if (part.format.name == "log-splits" && !read_source(part.bytes)) return false;
      if (part.format.name == operators::kWindowState && !read_panes(part.bytes)) return false;
      if (part.format.name == "pending-transactions" && !read_pending(part.bytes)) return false;
    }
    return true;
  }

  // What is all there, and cannot go on.
  const std::vector<std::string>& flaws() const { return flaws_; }

 private:
  bool read_source(ByteView part) {
    ByteReader reader(part);
    for (uint64_t splits = reader.varint(); splits > 0 && reader.ok(); --splits) {
      const auto partition = static_cast<size_t>(reader.fixed<int32_t>());
      const auto next_offset = reader.fixed<int64_t>();
      reader.fixed<int64_t>();  // the stopping offset
      if (reader.ok() && partition < stored_.offsets.size()) stored_.offsets[partition] = next_offset;
    }
    return reader.ok() && reader.at_end();
  }

  bool read_panes(ByteView part) {
    if (part.empty()) return true;
    ByteReader reader(part);
    uint64_t untimed = 0;  // sum over the windows, less those that a timer lets out
    for (uint64_t panes = reader.fixed<uint64_t>(); panes > 0 && reader.ok(); --panes) {
      reader.fixed<int32_t>();  // key group
      const ByteView key = reader.string();
      const auto window = reader.fixed<TimeUs>();
      const ByteView accumulator = reader.string();
      const LineageView lineage(reader.string());
      const uint64_t place = checkers::place_of(key, window);
      for (size_t i = 0; i < lineage.count(); ++i) {
        stored_.held_sum += checkers::mark_of(lineage[i]);
        stored_.placed_sum += checkers::placed_mark_of(lineage[i], place);
      }
      stored_.held += lineage.count();
      untimed += checkers::mark_of(place);
      if (!counts_ || accumulator.size() < sizeof(uint64_t)) continue;
      const auto count = load<uint64_t>(accumulator.data());
      if (count == lineage.count()) continue;
      flaws_.push_back(fmt::format("a window that ends at {} us counts {} and holds {}", window, count, lineage.count()));
    }
    if (!reader.ok()) return false;
    if (!reader.at_end() && !read_timers(reader, untimed)) return false;
    if (untimed != 0 && stored_.state_known) flaws_.push_back("some of its windows have no timer that lets them out");
    return true;
  }

  static bool read_timers(ByteReader& reader, uint64_t& untimed) {
    for (uint64_t timers = reader.varint(); timers > 0 && reader.ok(); --timers) {
      reader.varint();  // key group
      const auto at_us = reader.fixed<TimeUs>();
      const auto window = reader.fixed<TimeUs>();
      const ByteView key = reader.string();
      if (at_us == window - 1) untimed -= checkers::mark_of(checkers::place_of(key, window));
    }
    return reader.ok() && reader.at_end();
  }

  // What a two-phase commit sink stores (runtime/connectors/two_phase_commit_sink.h); others store nothing.
  struct SinkState {
    std::map<uint64_t, env::ProducerIdentity> pending;  // by checkpoint
    uint64_t generation = 0, next_index = 0;
    template <class Archive>
    void fields(Archive& archive) {
      archive(pending, generation, next_index);
    }
  };
  bool read_pending(ByteView part) {
    if (part.empty()) return true;
    SinkState state;
    if (!decode(part, state)) return false;
    stored_.pending_known = true;
    for (const auto& [checkpoint, producer] : state.pending) {
      stored_.pending.push_back(static_cast<int64_t>(producer.producer_id));
    }
    return true;
  }

  checkers::StoredCheckpoint& stored_;
  bool counts_ = false;
  std::vector<std::string> flaws_;
};

bool is_finished(const checkpoint::CompletedCheckpoint& checkpoint, const graph::SubtaskId& subtask) {
  return std::find(checkpoint.finished.begin(), checkpoint.finished.end(), subtask) != checkpoint.finished.end();
}

}  // namespace

void read_content(const simulator::SimulatedDisk& disk, const graph::ExecutionGraph& graph, const ContentOptions& options,
                  const checkpoint::CompletedCheckpoint& checkpoint, checkers::StoredCheckpoint& stored) {
  Content content(options, stored);
  const size_t missing = stored.missing.size();
  for (const graph::SubtaskId& subtask : graph.subtasks()) {
    const auto state = std::find_if(checkpoint.states.begin(), checkpoint.states.end(),
                                    [&](const checkpoint::TaskState& each) { return each.subtask == subtask; });
    const std::string who = fmt::format("the state of task {}/{}", subtask.vertex, subtask.subtask);
    if (state == checkpoint.states.end()) {
      if (!is_finished(checkpoint, subtask)) stored.missing.push_back(who + " is not in it");
      continue;
    }
    Bytes file;
    if (!state->file.empty()) {
      Result<Bytes> read = disk.read(state->file);
      if (!read.ok()) {
        stored.missing.push_back(state->file + " cannot be read");
        continue;
      }
      file = read.take();
    }
    const ByteView bytes = state->file.empty() ? ByteView(state->inline_state) : ByteView(file);
    if (!content.read_task(bytes)) stored.missing.push_back(who + " does not decode");
  }
  if (stored.missing.size() > missing) {
    stored.offsets.clear();  // what is not whole says nothing of its cut
    stored.state_known = stored.pending_known = false;
  }
  stored.missing.insert(stored.missing.end(), content.flaws().begin(), content.flaws().end());
}

}  // namespace onceproof::scenarios
