// SPDX-License-Identifier: Apache-2.0
// The broker as transaction coordinator: requests, expiry, and reading the state back when it takes over.
#include <algorithm>

#include "simulator/log/broker.h"

namespace onceproof::simulator::log {

Status Broker::coordinator_status(PartitionId partition) const {
  if (!leads(partition)) return Status(ErrorCode::not_coordinator, "this broker does not coordinate it");
  if (!hosted_[partition].loaded) return Status(ErrorCode::coordinator_load_in_progress, "the state is being read");
  return {};
}

bool Broker::coordinates(const Caller& caller, PartitionId partition) {
  const Status status = coordinator_status(partition);
  if (!status.ok()) answer(caller, status);
  return status.ok();
}

void Broker::init_producer_id(const Caller& caller, const InitProducerIdRequest& request) {
  if (request.transactional_id.empty()) {  // idempotent only: any broker gives one out
    return answer(caller, Status(), encode(env::ProducerIdentity{"", new_producer_id(), 0}));
  }
  if (!coordinates(caller, image_.transaction_partition(request.transactional_id))) return;
  TransactionCoordinator::Decision decision =
      transactions_.init_producer_id(request.transactional_id, request.timeout_us);
  if (!decision.status.ok()) {
    answer(caller, decision.status);
    if (decision.write) fence(*decision.write, env::Point::txn_prepare);
    return;
  }
  write_transaction(std::move(*decision.write), env::Point::txn_init,
                    [this, caller, identity = decision.identity](const Status& status) {
                      answer(caller, status, encode(identity));
                    });
}

void Broker::add_partition(const Caller& caller, const PartitionRequest& request) {
  if (!coordinates(caller, image_.transaction_partition(request.producer.transactional_id))) return;
  TransactionCoordinator::Decision decision =
      transactions_.add_partitions(request.producer, {request.partition}, request.version, env_.now());
  report_fenced(decision.status, request.producer);
  if (!decision.write) return answer(caller, decision.status);
  write_transaction(std::move(*decision.write), env::Point::txn_add_partitions, [this, caller](const Status& status) {
    arm_expiry();
    answer(caller, status);
  });
}

// The commit point: once prepared, the outcome stands, and the client learns it before the markers are out.
void Broker::end_transaction(const Caller& caller, const EndTxnRequest& request) {
  const std::string& id = request.producer.transactional_id;
  if (!coordinates(caller, image_.transaction_partition(id))) return;
  TransactionCoordinator::Decision decision = transactions_.end(request.producer, request.commit, request.version);
  report_fenced(decision.status, request.producer);
  if (!decision.write) return answer(caller, decision.status, encode(decision.identity));
  write_transaction(std::move(*decision.write), env::Point::txn_prepare,
                    [this, caller, id, identity = decision.identity](const Status& status) {
                      answer(caller, status, encode(identity));
                      if (status.ok()) send_markers(id);
                    });
}

void Broker::describe_transaction(const Caller& caller, const NameRequest& request) {
  if (!coordinates(caller, image_.transaction_partition(request.name))) return;
  answer(caller, Status(), encode(transactions_.describe(request.name)));
}

// What this broker coordinates; the client asks all of them.
void Broker::list_transactions(const Caller& caller) {
  std::vector<env::TransactionDescription> all;
  for (const std::string& id : transactions_.ids()) all.push_back(transactions_.describe(id));
  answer(caller, Status(), encode(all));
}

void Broker::fence(const TransactionMetadata& next, env::Point also) {
  write_transaction(next, env::Point::txn_prepare, [this, next, also](const Status& status) {
    if (!status.ok()) return;
    const env::ProbeArgs args{.value = next.producer_id, .epoch = next.epoch, .text = next.transactional_id};
    if (also != env::Point::txn_prepare && !disk_.hit(also, env::Phase::after, args)) return;
    send_markers(next.transactional_id);
  });
}

// ---- expiry: looked at every so often, but only while something can expire -----------------------------------

void Broker::arm_expiry() {
  const std::optional<TimeUs> due_us = transactions_.next_expiry_us();
  if (!due_us) return;
  // The next look at or behind the time when the first one is due; the looks are at multiples of the interval.
  const DurationUs every_us = options_.broker.expiry_check_us;
  const TimeUs at_us = (std::max(*due_us, env_.now()) / every_us + 1) * every_us;
  if (expiry_armed_us_ != 0 && expiry_armed_us_ <= at_us) return;
  env_.scheduler().cancel(expiry_timer_);
  expiry_armed_us_ = at_us;
  expiry_timer_ = env_.scheduler().after(at_us - env_.now(), env::MailKind::transaction_expiry_check);
}

void Broker::expire_transactions() {
  expiry_armed_us_ = 0;
  for (const std::string& id : transactions_.expired(env_.now())) {
    fence(transactions_.fence(id, true), env::Point::txn_timeout);
    if (!disk_.alive()) return;
  }
  arm_expiry();
}

// ---- taking over ---------------------------------------------------------------------------------------------

// As leader of a coordinator's partition: what lies in the copy is read once all of it is replicated, so that
// nothing is done in the name of a record that a later leader does not have. (Kafka reads at once.)
void Broker::take_over(PartitionId id) {
  Hosted& hosted = hosted_[id];
  if (!image_.is_transaction_partition(id) && !image_.is_offsets_partition(id)) {
    hosted.loaded = true;
    return;
  }
  if (hosted.loaded || disk_.copy(id)->high_watermark() < hosted.epoch_start) return;
  if (options_.broker.coordinator_load_us == 0) return read_back(id);
  env_.scheduler().after(options_.broker.coordinator_load_us, env::MailKind::coordinator_load, id, hosted.leader_epoch);
}

void Broker::read_back(PartitionId id) {
  Hosted& hosted = hosted_[id];
  if (hosted.loaded) return;
  const PartitionLog& log = *disk_.copy(id);
  const bool empty = log.batches().empty();
  if (!empty && !disk_.hit(env::Point::coordinator_load, env::Phase::before, {.value = id})) return;
  hosted.loaded = true;
  if (image_.is_offsets_partition(id)) {
    groups_.read_back(log, id);
  } else {
    for (const StoredBatch& batch : log.batches()) {
      ByteView bytes = log.records(batch);
      env::LogRecord record;
      while (env::next_log_record(bytes, record)) {
        TransactionMetadata metadata;
        CHECK(decode(record.value, metadata), "the coordinator reads what it wrote");
        transactions_.install(std::move(metadata));
      }
    }
  }
  if (!empty && !disk_.hit(env::Point::coordinator_load, env::Phase::after, {.value = id})) return;
  if (!image_.is_transaction_partition(id)) return;
  arm_expiry();
  for (const std::string& decided : transactions_.prepared()) {
    if (image_.transaction_partition(decided) == id) send_markers(decided);
  }
}

void Broker::unload(PartitionId id) {
  hosted_[id].loaded = false;
  if (image_.is_offsets_partition(id)) {
    groups_.forget_all(id, [&](const std::string& group) { return image_.group_partition(group) == id; });
  }
  if (!image_.is_transaction_partition(id)) return;
  const auto mine = [&](const std::string& name) { return image_.transaction_partition(name) == id; };
  transactions_.forget_all(mine);
  std::erase_if(markings_, [&](const auto& entry) { return mine(entry.second.marker.transactional_id); });
}

}  // namespace onceproof::simulator::log
