// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/log_source.h"

#include <fmt/format.h>

#include <algorithm>

namespace onceproof::connectors {

using env::Point;

LogSource::LogSource(dataflow::TaskContext& context) : context_(context), config_(context.descriptor().source) {}

// ---- opening: restored offsets, or the group's, or the beginning; then the stopping offsets ------------

void LogSource::open(ByteView restored, dataflow::Ready ready) {
  ready_ = std::move(ready);
  const auto subtask = context_.descriptor().subtask.subtask;
  State state;
  if (!restored.empty() && !decode(restored, state)) return context_.fail("source state does not decode");
  std::vector<int32_t> partitions;
  for (int32_t p = subtask; p < config_.partitions; p += context_.descriptor().parallelism) {
    Split& split = splits_.emplace_back();
    split.partition = p;
    split.wait_us = config_.fetch_wait_us;
    const auto found = state.find(p);
    if (found != state.end()) split.next_offset = found->second.next_offset;
    partitions.push_back(p);
  }
  const std::string instance_id = fmt::format("source-{}", subtask);
  log_ = context_.env().open_log(instance_id);
  if (splits_.empty()) return opened();
  if (config_.offsets == graph::OffsetCommit::with_checkpoint) return find_ends(state);
  group_ = std::make_unique<GroupOffsets>(context_, *log_, instance_id);
  group_->open(partitions, [this, state = std::move(state)] {
    for (Split& split : splits_) split.next_offset = group_->committed(split.partition);
    find_ends(state);
  });
}

void LogSource::find_ends(const State& restored) {
  ends_to_find_ = 1;
  for (size_t i = 0; i < splits_.size(); ++i) {
    const auto found = restored.find(splits_[i].partition);
    if (found != restored.end()) {
      splits_[i].end_offset = found->second.end_offset;
      continue;
    }
    ++ends_to_find_;
    log_->end_offset(topic_partition(splits_[i]), env::Isolation::read_committed,
                     [this, i](const Result<int64_t>& end) {
                       if (!end.ok()) return context_.fail("no end offset: " + end.error().message);
                       splits_[i].end_offset = end.value();
                       if (--ends_to_find_ == 0) opened();
                     });
  }
  if (--ends_to_find_ == 0) opened();
}

void LogSource::opened() {
  opened_ = true;
  for (size_t i = 0; i < splits_.size(); ++i) fetch(i);
  ready_();
}

// ---- fetching ------------------------------------------------------------------------------------------

void LogSource::fetch(size_t index) {
  Split& split = splits_[index];
  if (split.next_offset >= split.end_offset) {
    split.stage = Stage::finished;
    split.watermark_us = kMaxTimeUs;
    return;
  }
  split.stage = Stage::fetching;
  log_->fetch(topic_partition(split), split.next_offset, env::Isolation::read_committed, config_.fetch_bytes,
              split.wait_us,
              [this, index](Result<env::FetchResult> result) { on_fetched(index, std::move(result)); });
}

void LogSource::on_fetched(size_t index, Result<env::FetchResult> result) {
  Split& split = splits_[index];
  if (!result.ok()) return context_.fail("fetch failed: " + result.error().message);
  env::FetchResult fetched = result.take();
  const bool idle = fetched.next_offset <= split.next_offset;
  split.wait_us = idle ? std::max(split.wait_us, std::min(2 * split.wait_us, config_.fetch_wait_max_us))
                       : config_.fetch_wait_us;
  if (idle) return fetch(index);
  split.batch = std::move(fetched.batch.records);
  split.cursor = 0;
  split.batch_end = std::min(fetched.next_offset, split.end_offset);
  const auto deliver = [this, index] {
    splits_[index].stage = Stage::emitting;
    context_.resume();
  };
  if (!group_) return deliver();
  split.stage = Stage::committing;  // at-most-once: the position first
  group_->commit(split.partition, split.batch_end, deliver);
}

// ---- emitting ------------------------------------------------------------------------------------------

bool LogSource::poll() {
  if (!opened_) return false;
  uint32_t budget = config_.helping_records;
  for (size_t tried = 0; tried < splits_.size() && budget > 0; ++tried) {
    Split& split = splits_[next_split_];
    if (split.stage == Stage::emitting) {
      emit_some(split, budget);
      if (split.cursor == split.batch.size()) {
        split.next_offset = split.batch_end;  // also past markers and aborted records
        fetch(next_split_);
      }
    }
    if (budget > 0) next_split_ = (next_split_ + 1) % splits_.size();
  }
  if (budget < config_.helping_records) {
    context_.hit(Point::source_emit, {.value = config_.helping_records - budget});
    emit_watermark();
  }
  return std::any_of(splits_.begin(), splits_.end(), [](const Split& split) { return split.stage == Stage::emitting; });
}

void LogSource::emit_some(Split& split, uint32_t& budget) {
  ByteView rest = ByteView(split.batch).substr(split.cursor);
  env::LogRecord record;
  while (budget > 0 && env::next_log_record(rest, record)) {
    if (record.offset >= split.end_offset) {  // the topic has grown meanwhile
      rest = {};
      break;
    }
    --budget;
    char lineage[sizeof(Position)];
    store(lineage, make_position(static_cast<uint64_t>(split.partition), static_cast<uint64_t>(record.offset)));
    next_->emit({record.key, record.value, record.timestamp_us, LineageView(ByteView(lineage, sizeof lineage))});
    split.next_offset = record.offset + 1;
    split.watermark_us = std::max(split.watermark_us, record.timestamp_us - config_.out_of_orderness_us - 1);
  }
  split.cursor = split.batch.size() - rest.size();
}

void LogSource::emit_watermark() {
  TimeUs lowest = kMaxTimeUs;
  for (const Split& split : splits_) lowest = std::min(lowest, split.watermark_us);
  if (lowest <= watermark_us_ || lowest == kMaxTimeUs) return;  // the end's watermark is the task's to send
  watermark_us_ = lowest;
  next_->emit_watermark(lowest);
}

bool LogSource::at_end() const {
  return opened_ &&
         std::all_of(splits_.begin(), splits_.end(), [](const Split& split) { return split.stage == Stage::finished; });
}

void LogSource::snapshot(Bytes& state) const {
  state.clear();
  ByteWriter writer(state);  // what encode(State) would write: the splits ascend by partition
  writer.varint(splits_.size());
  for (const Split& split : splits_) {
    writer.fixed(split.partition);
    writer.fixed(split.next_offset);
    writer.fixed(split.end_offset);
  }
}

}  // namespace onceproof::connectors
