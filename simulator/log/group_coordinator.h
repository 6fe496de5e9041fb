// SPDX-License-Identifier: Apache-2.0
// GroupCoordinator: members and committed offsets of consumer groups, as the records of __consumer_offsets tell
// them (GroupMetadataManager.scala), without messages. Static members only (KIP-345): a join with an instance id
// fences that instance's earlier members. Invariant: what a transaction committed counts from its marker on.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/log/partition_log.h"

namespace onceproof::simulator::log {

// One record: a member's join, or offsets.
struct GroupRecord {
  std::string group;
  std::string instance_id;  // of a join
  uint64_t member_epoch = 0;
  std::map<PartitionId, int64_t> offsets;
  template <class Archive>
  void fields(Archive& archive) {
    archive(group, instance_id, member_epoch, offsets);
  }
};
Bytes to_log_record(const GroupRecord& record, TimeUs now_us);

class GroupCoordinator {
 public:
  uint64_t next_epoch(const std::string& group) const;
  bool is_member(const std::string& group, const std::string& instance_id, uint64_t member_epoch) const;
  std::optional<int64_t> committed(const std::string& group, PartitionId partition) const;
  // A transaction that is not complete holds an offset of the partition.
  bool unstable(const std::string& group, PartitionId partition) const;

  // The next epoch is taken at once, so that two joins under way do not get the same one.
  uint64_t take_epoch(const std::string& group) { return groups_[group].last_epoch = next_epoch(group); }
  void apply(const GroupRecord& record);
  void apply_pending(uint64_t producer_id, PartitionId of, const GroupRecord& record);
  void end_transaction(uint64_t producer_id, PartitionId of, bool commit);
  void read_back(const PartitionLog& log, PartitionId of);
  void forget_all(PartitionId of, const std::function<bool(const std::string& group)>& which);

 private:
  struct Group {
    uint64_t last_epoch = 0;
    std::map<std::string, uint64_t> members;  // instance id -> member epoch
    std::map<PartitionId, int64_t> offsets;
  };
  std::map<std::string, Group> groups_;
  std::map<std::pair<PartitionId, uint64_t>, std::vector<GroupRecord>> pending_;  // by partition of the log, producer
};

}  // namespace onceproof::simulator::log
