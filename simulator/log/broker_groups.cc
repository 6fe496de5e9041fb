// SPDX-License-Identifier: Apache-2.0
// The broker as group coordinator.
#include <fmt/format.h>

#include "simulator/log/broker.h"

namespace onceproof::simulator::log {

void Broker::join_group(const Caller& caller, const JoinGroupRequest& request) {
  const PartitionId id = image_.group_partition(request.group);
  if (!coordinates(caller, id)) return;
  if (!enough_replicas(id)) {
    return answer(caller, Status(ErrorCode::coordinator_not_available, "too few replicas are in sync"));
  }
  const GroupRecord record{request.group, request.instance_id, groups_.take_epoch(request.group), {}};
  append(id, {}, 1, to_log_record(record, env_.now()), {.text = request.group},
         [this, caller, record](const Status& status) {
           if (!status.ok()) return answer(caller, Status(ErrorCode::not_coordinator, "the coordinator has moved"));
           groups_.apply(record);
           answer(caller, Status(), encode(record.member_epoch));
         });
}

void Broker::commit_offsets(const Caller& caller, const OffsetCommitRequest& request) {
  const PartitionId id = image_.group_partition(request.group);
  if (!coordinates(caller, id)) return;
  if (!enough_replicas(id)) {
    return answer(caller, Status(ErrorCode::coordinator_not_available, "too few replicas are in sync"));
  }
  const bool fences = !options_.bugs.has(SeededBug::no_fencing);
  if (fences && !groups_.is_member(request.group, request.instance_id, request.member_epoch)) {
    env_.probe().hit(env::Point::log_fenced, env::Phase::after,
                     {.value = request.member_epoch, .text = request.instance_id});
    return answer(caller, Status(ErrorCode::fenced_instance_id,
                                 fmt::format("member epoch {} of \"{}\" in group \"{}\" has been replaced",
                                             request.member_epoch, request.instance_id, request.group)));
  }
  const bool verifies = !request.producer.transactional_id.empty() &&
                        disk_.copy(id)->begins_transaction(request.producer.producer_id, request.producer.epoch);
  if (!verifies) return append_offsets(caller, request);
  verify(request.producer, id, request.version, [this, caller, request](const Status& status) {
    if (status.ok()) return append_offsets(caller, request);
    report_fenced(status, request.producer);
    answer(caller, status);
  });
}

void Broker::append_offsets(const Caller& caller, const OffsetCommitRequest& request) {
  const PartitionId id = image_.group_partition(request.group);
  const env::ProducerIdentity& producer = request.producer;
  const GroupRecord record{request.group, "", 0, request.offsets};
  const AppendRequest header{producer.producer_id, producer.epoch, kNoSequence, producer.producer_id != 0};
  append(id, header, 1, to_log_record(record, env_.now()), {.value = producer.producer_id, .text = request.group},
         [this, caller, id, record, producer](const Status& status) {
           if (status.code() == ErrorCode::not_leader_or_follower) {
             return answer(caller, Status(ErrorCode::not_coordinator, "the coordinator has moved"));
           }
           if (!status.ok()) return answer(caller, status);
           if (producer.producer_id == 0) {
             groups_.apply(record);
           } else {
             groups_.apply_pending(producer.producer_id, id, record);
           }
           answer(caller, Status());
         });
}

void Broker::fetch_offset(const Caller& caller, const OffsetFetchRequest& request) {
  if (!coordinates(caller, image_.group_partition(request.group))) return;
  if (groups_.unstable(request.group, request.partition)) {
    return answer(caller, Status(ErrorCode::unstable_offset_commit, "a transaction holds an offset of the partition"));
  }
  answer(caller, Status(), encode(groups_.committed(request.group, request.partition).value_or(kNoOffset)));
}

}  // namespace onceproof::simulator::log
