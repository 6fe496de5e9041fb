// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/group_coordinator.h"

#include <algorithm>

namespace onceproof::simulator::log {

Bytes to_log_record(const GroupRecord& record, TimeUs now_us) {
  Bytes out;
  env::append_log_record({.timestamp_us = now_us, .key = record.group, .value = encode(record), .lineage = {}}, out);
  return out;
}

uint64_t GroupCoordinator::next_epoch(const std::string& group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? 1 : found->second.last_epoch + 1;
}

bool GroupCoordinator::is_member(const std::string& group, const std::string& instance_id,
                                 uint64_t member_epoch) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return false;
  const auto member = found->second.members.find(instance_id);
  return member != found->second.members.end() && member->second == member_epoch;
}

std::optional<int64_t> GroupCoordinator::committed(const std::string& group, PartitionId partition) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return std::nullopt;
  const auto offset = found->second.offsets.find(partition);
  return offset == found->second.offsets.end() ? std::nullopt : std::optional<int64_t>(offset->second);
}

bool GroupCoordinator::unstable(const std::string& group, PartitionId partition) const {
  return std::any_of(pending_.begin(), pending_.end(), [&](const auto& entry) {
    return std::any_of(entry.second.begin(), entry.second.end(), [&](const GroupRecord& record) {
      return record.group == group && record.offsets.contains(partition);
    });
  });
}

void GroupCoordinator::apply(const GroupRecord& record) {
  Group& group = groups_[record.group];
  group.last_epoch = std::max(group.last_epoch, record.member_epoch);
  if (!record.instance_id.empty()) {
    uint64_t& member = group.members[record.instance_id];
    member = std::max(member, record.member_epoch);
  }
  for (const auto& [partition, offset] : record.offsets) group.offsets[partition] = offset;
}

void GroupCoordinator::apply_pending(uint64_t producer_id, PartitionId of, const GroupRecord& record) {
  pending_[{of, producer_id}].push_back(record);
}

void GroupCoordinator::end_transaction(uint64_t producer_id, PartitionId of, bool commit) {
  const auto found = pending_.find({of, producer_id});
  if (found == pending_.end()) return;
  if (commit) {
    for (const GroupRecord& record : found->second) apply(record);
  }
  pending_.erase(found);
}

void GroupCoordinator::read_back(const PartitionLog& log, PartitionId of) {
  for (const StoredBatch& batch : log.batches()) {
    if (batch.control) {
      end_transaction(batch.producer_id, of, batch.commit);
      continue;
    }
    ByteView bytes = log.records(batch);
    env::LogRecord stored;
    while (env::next_log_record(bytes, stored)) {
      GroupRecord record;
      CHECK(decode(stored.value, record), "the coordinator reads what it wrote");
      if (batch.transactional) {
        apply_pending(batch.producer_id, of, record);
      } else {
        apply(record);
      }
    }
  }
}

void GroupCoordinator::forget_all(PartitionId of, const std::function<bool(const std::string& group)>& which) {
  std::erase_if(groups_, [&](const auto& entry) { return which(entry.first); });
  std::erase_if(pending_, [&](const auto& entry) { return entry.first.first == of; });
}

}  // namespace onceproof::simulator::log
