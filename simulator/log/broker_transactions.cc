// SPDX-License-Identifier: Apache-2.0
// The broker as transaction coordinator and group coordinator.
#include <fmt/format.h>

#include "simulator/log/broker.h"

namespace onceproof::simulator::log {

void Broker::init_producer_id(const Caller& caller, const InitProducerIdRequest& request) {
  const std::string& id = request.transactional_id;
  const bool timeout_allowed =
      request.timeout_us > 0 && request.timeout_us <= cluster_.options().broker.max_transaction_timeout_us;
  if (timeout_allowed && coordinator_.must_fence(id)) {
    if (!fence(id, false)) return;
    return answer(caller, Status(ErrorCode::concurrent_transactions, "the previous transaction is being aborted"));
  }
  const Result<env::ProducerIdentity> identity = coordinator_.init_producer_id(id, request.timeout_us);
  if (!identity.ok()) return answer(caller, Status(identity.error()));
  static_cast<void>(
      hit(env::Point::txn_init, env::Phase::after, id, identity.value().producer_id, identity.value().epoch));
  answer(caller, Status(), encode(identity.value()));
}

void Broker::add_partition(const Caller& caller, const PartitionRequest& request) {
  const TransactionCoordinator::Added added =
      coordinator_.add_partition(request.producer, request.partition, env_.now());
  report_fenced(added.status, request.producer);
  if (added.added) {
    static_cast<void>(hit(env::Point::txn_add_partitions, env::Phase::after, request.producer.transactional_id,
                          request.producer.producer_id, request.producer.epoch));
  }
  answer(caller, added.status);
}

// The commit point: once prepared, the outcome stands, and the client learns it before the markers are out.
void Broker::end_transaction(const Caller& caller, const EndTxnRequest& request) {
  const TransactionCoordinator::EndDecision decision = coordinator_.decide_end(request.producer, request.commit);
  report_fenced(decision.status, request.producer);
  if (!decision.prepare) return answer(caller, decision.status);
  const std::string& id = request.producer.transactional_id;
  const env::ProducerIdentity& producer = request.producer;
  if (!hit(env::Point::txn_prepare, env::Phase::before, id, producer.producer_id, producer.epoch)) return;
  coordinator_.prepare(id, request.commit, env_.now());
  if (!hit(env::Point::txn_prepare, env::Phase::after, id, producer.producer_id, producer.epoch)) return;
  answer(caller, Status());
  send_markers(id);
}

void Broker::describe_transaction(const Caller& caller, const DescribeTransactionRequest& request) {
  answer(caller, Status(), encode(coordinator_.describe(request.transactional_id)));
}

// False when the process died on the way.
bool Broker::fence(const std::string& id, bool timed_out) {
  const TransactionMetadata& metadata = *coordinator_.find(id);
  if (!hit(env::Point::txn_prepare, env::Phase::before, id, metadata.producer_id, metadata.epoch)) return false;
  coordinator_.fence_and_prepare_abort(id, env_.now(), timed_out);
  if (!hit(env::Point::txn_prepare, env::Phase::after, id, metadata.producer_id, metadata.epoch)) return false;
  if (timed_out && !hit(env::Point::txn_timeout, env::Phase::after, id, metadata.producer_id, metadata.epoch))
    return false;
  send_markers(id);
  return true;
}

void Broker::expire_transactions() {
  env_.scheduler().after(cluster_.options().broker.expiry_check_us, env::MailKind::transaction_expiry_check);
  for (const std::string& id : coordinator_.expired(env_.now())) {
    if (!fence(id, true)) return;
  }
}

// ---- markers ---------------------------------------------------------------------------------------------

void Broker::send_markers(const std::string& id) {
  const TransactionMetadata& metadata = *coordinator_.find(id);
  std::map<int32_t, std::vector<env::TopicPartition>> by_leader;
  for (const env::TopicPartition& partition : metadata.awaiting_markers)
    by_leader[store_.leader(partition)].push_back(partition);
  for (auto& [leader, partitions] : by_leader) {
    const uint64_t pending = next_id_++;
    pending_markers_[pending] = {coordinator_.marker_of(id), leader, std::move(partitions)};
    send_pending(pending);
  }
}

// Again and again until it is acknowledged: a decision has to reach every partition.
void Broker::send_pending(uint64_t id) {
  const auto found = pending_markers_.find(id);
  if (found == pending_markers_.end()) return;
  const PendingMarkers& pending = found->second;
  env_.network().send(address(pending.leader), env::MailKind::transaction_markers,
                      encode(MarkersMessage{false, id, pending.marker, pending.partitions}));
  env_.scheduler().after(cluster_.options().broker.marker_retry_us, env::MailKind::log_retry, id, 0);
}

void Broker::on_markers(env::Mail& mail) {
  MarkersMessage message;
  if (!decode(mail.body, message)) return;
  if (message.is_answer) return markers_answered(message.id);
  write_markers(message, mail.from);
}

void Broker::write_markers(const MarkersMessage& message, const env::Address& coordinator) {
  const Marker& marker = message.marker;
  for (const env::TopicPartition& partition : message.partitions) {
    PartitionLog* log = store_.partition(partition);
    if (log == nullptr) continue;
    for (auto& [id, waiting] : unverified_) {
      const bool same =
          waiting.request.partition == partition && waiting.request.producer.producer_id == marker.producer_id;
      if (same) waiting.overtaken = true;
    }
    // A partition that has seen a higher epoch has ended this transaction already.
    const Result<bool> written = log->append_marker(marker, env_.now());
    if (!written.ok() || !written.value()) continue;
    if (!hit(env::Point::txn_marker, env::Phase::after, marker.transactional_id, marker.producer_id, marker.epoch))
      return;
    wake(partition);
  }
  env_.network().send(coordinator, env::MailKind::transaction_markers,
                      encode(MarkersMessage{true, message.id, {}, {}}));
}

void Broker::markers_answered(uint64_t id) {
  const auto found = pending_markers_.find(id);
  if (found == pending_markers_.end()) return;
  const PendingMarkers pending = std::move(found->second);
  pending_markers_.erase(found);
  const Marker& marker = pending.marker;
  for (const env::TopicPartition& partition : pending.partitions) {
    if (!coordinator_.marker_written(marker.transactional_id, marker.number, partition, env_.now())) continue;
    static_cast<void>(
        hit(env::Point::txn_complete, env::Phase::after, marker.transactional_id, marker.producer_id, marker.epoch));
  }
}

// ---- groups ----------------------------------------------------------------------------------------------

void Broker::join_group(const Caller& caller, const JoinGroupRequest& request) {
  Group& group = store_.groups()[request.group];
  const uint64_t epoch = ++group.last_epoch;
  group.members[request.instance_id] = epoch;
  answer(caller, Status(), encode(epoch));
}

void Broker::commit_offset(const Caller& caller, const OffsetCommitRequest& request) {
  Group& group = store_.groups()[request.group];
  const auto member = group.members.find(request.instance_id);
  const bool current = member != group.members.end() && member->second == request.member_epoch;
  if (!current && !store_.bugs().has(SeededBug::no_fencing)) {
    static_cast<void>(hit(env::Point::log_fenced, env::Phase::after, request.instance_id, request.member_epoch, 0));
    return answer(caller, Status(ErrorCode::fenced_instance_id,
                                 fmt::format("member epoch {} of \"{}\" in group \"{}\" has been replaced",
                                             request.member_epoch, request.instance_id, request.group)));
  }
  group.offsets[request.partition] = request.next_offset;
  answer(caller, Status());
}

void Broker::fetch_offset(const Caller& caller, const OffsetFetchRequest& request) {
  const Group& group = store_.groups()[request.group];
  const auto found = group.offsets.find(request.partition);
  answer(caller, Status(), encode(found == group.offsets.end() ? kNoOffset : found->second));
}

}  // namespace onceproof::simulator::log
