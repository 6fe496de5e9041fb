// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/log_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace onceproof::connectors {

using env::Phase;
using env::Point;

namespace {
constexpr int kRecordsInOneHelping = 64;
}  // namespace

LogSource::LogSource(dataflow::TaskContext& context) : context_(context), config_(context.descriptor().source) {}

env::TopicPartition LogSource::topic_partition(const Split& split) const { return {config_.topic, split.partition}; }

// ---- opening: restored offsets, or the group's, or the beginning; then the end offsets -----------------

void LogSource::open(ByteView restored, dataflow::Ready ready) {
  ready_ = std::move(ready);
  const auto subtask = context_.descriptor().subtask.subtask;
  std::map<int32_t, int64_t> offsets;
  if (!restored.empty() && !decode(restored, offsets)) return context_.fail("source state does not decode");
  for (int32_t p = subtask; p < config_.partitions; p += context_.descriptor().parallelism) {
    Split split;
    split.partition = p;
    const auto found = offsets.find(p);
    if (found != offsets.end()) split.next_offset = found->second;
    splits_.push_back(std::move(split));
  }
  instance_id_ = fmt::format("source-{}", subtask);
  log_ = context_.env().open_log(instance_id_);
  opening_ = splits_.size();
  if (splits_.empty()) {
    opened_ = true;
    return ready_();
  }
  if (config_.offsets == graph::OffsetCommit::before_processing) return join_group();
  for (size_t i = 0; i < splits_.size(); ++i) load_end(i);
}

// Joining comes before reading the committed offsets: whatever an earlier member commits later is refused.
void LogSource::join_group() {
  log_->join_group(config_.group, instance_id_, [this](Result<uint64_t> epoch) {
    if (!epoch.ok()) return context_.fail("cannot join the group: " + epoch.error().message);
    member_epoch_ = epoch.value();
    for (size_t i = 0; i < splits_.size(); ++i) load_committed(i);
  });
}

void LogSource::load_committed(size_t index) {
  log_->committed_offset(config_.group, topic_partition(splits_[index]),
                         [this, index](Result<std::optional<int64_t>> offset) {
                           if (!offset.ok()) return context_.fail("no committed offset: " + offset.error().message);
                           splits_[index].next_offset = offset.value().value_or(0);
                           load_end(index);
                         });
}

void LogSource::load_end(size_t index) {
  log_->end_offset(topic_partition(splits_[index]), env::Isolation::read_committed, [this, index](Result<int64_t> end) {
    if (!end.ok()) return context_.fail("no end offset: " + end.error().message);
    splits_[index].end_offset = end.value();
    if (finished(splits_[index])) splits_[index].watermark_us = kMaxTimeUs;
    if (--opening_ > 0) return;
    opened_ = true;
    for (size_t i = 0; i < splits_.size(); ++i) fetch(i);
    ready_();
  });
}

// ---- fetching ------------------------------------------------------------------------------------------

void LogSource::fetch(size_t index) {
  Split& split = splits_[index];
  if (split.fetching || split.has_batch || finished(split)) return;
  split.fetching = true;
  log_->fetch(topic_partition(split), split.next_offset, env::Isolation::read_committed, config_.fetch_bytes,
              config_.fetch_wait_us,
              [this, index](Result<env::FetchResult> result) { on_fetched(index, std::move(result)); });
}

void LogSource::on_fetched(size_t index, Result<env::FetchResult> result) {
  Split& split = splits_[index];
  split.fetching = false;
  if (!result.ok()) return context_.fail("fetch failed: " + result.error().message);
  env::FetchResult fetched = result.take();
  if (fetched.next_offset <= split.next_offset) return fetch(index);
  split.batch = std::move(fetched.batch.records);
  split.cursor = 0;
  split.batch_end = fetched.next_offset;
  const auto deliver = [this, index] {
    splits_[index].has_batch = true;
    context_.resume();
  };
  if (config_.offsets == graph::OffsetCommit::with_checkpoint) return deliver();
  // At-most-once: the position first. If the outcome is unknown the batch is given up, never emitted.
  context_.hit(Point::source_offset_commit, Phase::before, {.value = static_cast<uint64_t>(split.batch_end)});
  split.fetching = true;
  log_->commit_offset(config_.group, instance_id_, member_epoch_, topic_partition(split), split.batch_end,
                      [this, index, deliver](Status committed) {
                        splits_[index].fetching = false;
                        if (!committed.ok()) return context_.fail("offset commit: " + committed.error().message);
                        context_.hit(Point::source_offset_commit,
                                     {.value = static_cast<uint64_t>(splits_[index].batch_end)});
                        deliver();
                      });
}

// ---- emitting ------------------------------------------------------------------------------------------

bool LogSource::poll() {
  if (!opened_) return false;
  int budget = kRecordsInOneHelping;
  for (size_t tried = 0; tried < splits_.size() && budget > 0; ++tried) {
    Split& split = splits_[next_split_];
    if (split.has_batch && !emit_some(split, budget)) fetch(next_split_);
    if (budget > 0) next_split_ = (next_split_ + 1) % splits_.size();
  }
  if (budget < kRecordsInOneHelping) {
    context_.hit(Point::source_emit, {.value = static_cast<uint64_t>(kRecordsInOneHelping - budget)});
    emit_watermark();
  }
  return std::any_of(splits_.begin(), splits_.end(), [](const Split& split) { return split.has_batch; });
}

// True while the split's batch has more.
bool LogSource::emit_some(Split& split, int& budget) {
  ByteView rest = ByteView(split.batch).substr(split.cursor);
  env::LogRecord record;
  while (budget > 0 && env::next_log_record(rest, record)) {
    --budget;
    char lineage[sizeof(Position)];
    store(lineage, make_position(static_cast<uint64_t>(split.partition), static_cast<uint64_t>(record.offset)));
    next_->emit({record.key, record.value, record.timestamp_us, LineageView(ByteView(lineage, sizeof lineage))});
    split.next_offset = record.offset + 1;
    split.watermark_us = std::max(split.watermark_us, record.timestamp_us - config_.out_of_orderness_us - 1);
  }
  split.cursor = split.batch.size() - rest.size();
  if (!rest.empty()) return true;
  split.next_offset = split.batch_end;  // also past markers and aborted records
  split.has_batch = false;
  if (finished(split)) split.watermark_us = kMaxTimeUs;
  return false;
}

void LogSource::emit_watermark() {
  TimeUs lowest = kMaxTimeUs;
  for (const Split& split : splits_) lowest = std::min(lowest, split.watermark_us);
  if (lowest <= watermark_us_ || lowest == kMaxTimeUs) return;  // the end's watermark is the task's to send
  watermark_us_ = lowest;
  next_->emit_watermark(lowest);
}

bool LogSource::at_end() const {
  return opened_ && std::all_of(splits_.begin(), splits_.end(),
                                [&](const Split& split) { return !split.has_batch && finished(split); });
}

void LogSource::snapshot(Bytes& state) const {
  std::map<int32_t, int64_t> offsets;
  for (const Split& split : splits_) offsets[split.partition] = split.next_offset;
  state = encode(offsets);
}

}  // namespace onceproof::connectors
