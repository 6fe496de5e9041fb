// SPDX-License-Identifier: Apache-2.0
// Markers: a decision reaches every partition of its transaction, again and again until it is replicated there
// (TransactionMarkerChannelManager.scala), also from a coordinator that took over.
#include <algorithm>

#include "simulator/log/broker.h"

namespace onceproof::simulator::log {

// ---- the coordinator -----------------------------------------------------------------------------------------

void Broker::send_markers(const std::string& id) {
  Marker marker = transactions_.marker_of(id);
  marker.coordinator_epoch = hosted_[image_.transaction_partition(id)].leader_epoch;
  const std::vector<PartitionId> partitions = transactions_.awaiting_markers(id);
  if (partitions.empty()) {  // the abort of nothing
    return marker_written(marker, 0);
  }
  const uint64_t marking = next_id_++;
  markings_[marking] = {std::move(marker), partitions, 0};
  send_marking(marking);
  arm_marker_retry(options_.broker.marker_retry_us);
}

void Broker::send_marking(uint64_t id) {
  Marking& marking = markings_.at(id);
  marking.sent_us = env_.now();
  std::map<int32_t, std::vector<PartitionId>> by_leader;
  for (const PartitionId partition : marking.left) by_leader[image_.partitions[partition].leader].push_back(partition);
  for (auto& [leader, partitions] : by_leader) {
    if (leader == kNoBroker) continue;
    env_.network().send(address(leader), env::MailKind::transaction_markers,
                        encode(MarkersMessage{false, id, marking.marker, std::move(partitions)}));
  }
}

void Broker::retry_markers() {
  marker_retry_armed_ = false;
  const DurationUs every_us = options_.broker.marker_retry_us;
  TimeUs next_us = env_.now() + every_us;
  std::vector<Marker> to_complete;
  for (auto& [id, marking] : markings_) {
    if (marking.left.empty()) to_complete.push_back(marking.marker);
    if (env_.now() - marking.sent_us >= every_us) send_marking(id);
    next_us = std::min(next_us, marking.sent_us + every_us);
  }
  std::erase_if(markings_, [](const auto& entry) { return entry.second.left.empty(); });
  for (const Marker& marker : to_complete) marker_written(marker, 0);
  if (!markings_.empty()) arm_marker_retry(next_us - env_.now());
}

void Broker::arm_marker_retry(DurationUs delay_us) {
  if (marker_retry_armed_) return;
  marker_retry_armed_ = true;
  env_.scheduler().after(delay_us, env::MailKind::marker_retry);
}

void Broker::markers_answered(const MarkersMessage& message) {
  const auto found = markings_.find(message.id);
  if (found == markings_.end()) return;
  const Marker marker = found->second.marker;
  for (const PartitionId partition : message.partitions) std::erase(found->second.left, partition);
  if (found->second.left.empty()) markings_.erase(found);
  for (const PartitionId partition : message.partitions) marker_written(marker, partition);
}

// With the last one the transaction is complete. When that cannot be written now it is tried again; when the
// coordinator moves, the next one finds the id decided and begins with the markers.
void Broker::marker_written(const Marker& marker, PartitionId partition) {
  std::optional<TransactionMetadata> done =
      transactions_.marker_written(marker.transactional_id, marker.number, partition);
  if (!done) return;
  write_transaction(std::move(*done), env::Point::txn_complete, [this, marker](const Status& status) {
    if (status.ok() || !leads(image_.transaction_partition(marker.transactional_id))) return;
    markings_[next_id_++] = {marker, {}, env_.now()};
    arm_marker_retry(options_.broker.marker_retry_us);
  });
}

// ---- the leader ----------------------------------------------------------------------------------------------

void Broker::on_markers(env::Mail& mail) {
  MarkersMessage message;
  if (!decode(mail.body, message) || image_.version == 0) return;
  if (message.is_answer) return markers_answered(message);
  write_markers(message, mail.from);
}

// Partitions are answered for when their marker is replicated; the others are asked for again.
void Broker::write_markers(const MarkersMessage& message, const env::Address& coordinator) {
  const Marker& marker = message.marker;
  const auto written = std::make_shared<MarkersMessage>(MarkersMessage{true, message.id, {}, {}});
  const auto left = std::make_shared<size_t>(message.partitions.size());
  const auto one_less = [this, written, left, coordinator] {
    if (--*left != 0) return;
    if (coordinator.process == env_.network().self().process) return markers_answered(*written);
    env_.network().send(coordinator, env::MailKind::transaction_markers, encode(*written));
  };
  for (const PartitionId id : message.partitions) {
    const PartitionLog* log = leads(id) ? disk_.copy(id) : nullptr;
    if (log == nullptr) {
      one_less();
      continue;
    }
    for (auto& [number, waiting] : unverified_) {
      if (waiting.partition == id && waiting.producer.producer_id == marker.producer_id) waiting.overtaken = true;
    }
    const PartitionLog::Checked checked = log->check(marker);
    if (checked.status.code() == ErrorCode::not_coordinator) {  // a zombie's: it will learn
      one_less();
      continue;
    }
    // A partition that has seen a higher epoch has ended this transaction already.
    int64_t end_offset = log->end_offset();
    if (checked.status.ok() && !checked.repeated) {
      const env::ProbeArgs args{.value = marker.producer_id, .epoch = marker.epoch, .text = marker.transactional_id};
      const bool lives = disk_.step(env::Point::txn_marker, args, id, [&](PartitionLog& copy) {
        end_offset = copy.append_marker(marker, hosted_[id].leader_epoch, env_.now()).take();
      });
      if (!lives) return;
      advance(id);
    }
    when_replicated(id, end_offset, [this, id, marker, written, one_less](const Status& status) {
      if (status.ok()) {
        written->partitions.push_back(id);
        marker_replicated(marker, id);
      }
      one_less();
    });
  }
}

// Offsets that a transaction committed count from here on.
void Broker::marker_replicated(const Marker& marker, PartitionId id) {
  if (leads(id) && image_.is_offsets_partition(id)) groups_.end_transaction(marker.producer_id, id, marker.commit);
}

}  // namespace onceproof::simulator::log
