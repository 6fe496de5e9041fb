// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/group_offsets.h"

#include <fmt/format.h>

#include "runtime/connectors/fencing.h"

namespace onceproof::connectors {

using env::Point;

env::TopicPartition GroupOffsets::topic_partition(int32_t partition) const {
  return {context_.descriptor().source.topic, partition};
}

// ---- joining -------------------------------------------------------------------------------------------

void GroupOffsets::open(const std::vector<int32_t>& partitions, dataflow::Ready ready) {
  for (const int32_t partition : partitions) entries_[partition];
  join(std::move(ready));
}

void GroupOffsets::join(dataflow::Ready joined) {
  phase_ = Phase::joining;
  log_.join_group(context_.descriptor().source.group, instance_id_,
                  [this, joined = std::move(joined)](const Result<uint64_t>& epoch) {
                    if (!epoch.ok()) return context_.fail("cannot join the group: " + epoch.error().message);
                    member_epoch_ = epoch.value();
                    loading_ = entries_.size();
                    for (const auto& [partition, entry] : entries_) load(partition, joined);
                  });
}

void GroupOffsets::load(int32_t partition, const dataflow::Ready& loaded) {
  log_.committed_offset(context_.descriptor().source.group, topic_partition(partition),
                        [this, partition, loaded](const Result<std::optional<int64_t>>& offset) {
                          if (!offset.ok()) return context_.fail("no committed offset: " + offset.error().message);
                          Entry& entry = entries_[partition];
                          const int64_t stands = offset.value().value_or(0);
                          if (!first_ && stands != entry.committed) {
                            return context_.fail(fmt::format("superseded: partition {} was left at {} and is at {}",
                                                             partition, entry.committed, stands));
                          }
                          entry.committed = stands;
                          if (--loading_ > 0) return;
                          first_ = false;
                          phase_ = Phase::member;
                          loaded();
                        });
}

// ---- committing ----------------------------------------------------------------------------------------

void GroupOffsets::commit(int32_t partition, int64_t next_offset, dataflow::Ready certain) {
  Entry& entry = entries_[partition];
  entry.wanted = next_offset;
  entry.stage = Stage::waiting;
  entry.since_us = context_.env().now();
  entry.certain = std::move(certain);
  context_.hit(Point::source_offset_commit, env::Phase::before, {.value = static_cast<uint64_t>(next_offset)});
  if (phase_ == Phase::member) send(partition);
}

void GroupOffsets::send(int32_t partition) {
  Entry& entry = entries_[partition];
  entry.stage = Stage::sent;
  ++in_flight_;
  log_.commit_offset(context_.descriptor().source.group, instance_id_, member_epoch_, topic_partition(partition),
                     entry.wanted, [this, partition](const Status& status) { on_committed(partition, status); });
}

void GroupOffsets::on_committed(int32_t partition, const Status& status) {
  --in_flight_;
  Entry& entry = entries_[partition];
  if (!status.ok()) {
    const bool in_time = context_.env().now() - entry.since_us < context_.descriptor().source.patience_us;
    if (!outcome_unknown(status.code()) || !in_time) return context_.fail("offset commit: " + status.error().message);
    phase_ = Phase::doubtful;
    return send(partition);
  }
  entry.committed = entry.wanted;
  entry.stage = Stage::stored;
  if (phase_ == Phase::member) return settle();
  if (in_flight_ == 0) join_again();
}

void GroupOffsets::join_again() {
  join([this] {
    for (auto& [partition, entry] : entries_) {
      if (entry.stage == Stage::waiting) send(partition);
    }
    settle();
  });
}

// What is stored is certain now.
void GroupOffsets::settle() {
  std::vector<dataflow::Ready> certain;
  for (auto& [partition, entry] : entries_) {
    if (entry.stage != Stage::stored) continue;
    entry.stage = Stage::idle;
    context_.hit(Point::source_offset_commit, {.value = static_cast<uint64_t>(entry.committed)});
    certain.push_back(std::exchange(entry.certain, nullptr));
  }
  for (const dataflow::Ready& ready : certain) ready();
}

}  // namespace onceproof::connectors
