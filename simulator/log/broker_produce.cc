// SPDX-License-Identifier: Apache-2.0
// The broker as leader: appends, and the coordinator's word before a transaction's first one (KIP-890).
#include <fmt/format.h>

#include <algorithm>

#include "simulator/log/broker.h"

namespace onceproof::simulator::log {

namespace {
size_t fields_size(const Bytes& body, const ProduceRequest& request) { return body.size() - request.record_bytes; }
}  // namespace

bool Broker::enough_replicas(PartitionId id) const {
  const auto least = static_cast<size_t>(std::min(options_.min_isr, options_.replication_factor));
  return !leads(id) || hosted_[id].isr.size() >= least;
}

void Broker::produce(const Caller& caller, env::Mail& mail) {
  ProduceRequest request;
  Decoder decoder(ByteView(mail.body).substr(kRequestHeader));
  decoder(request);  // the records follow, so the end is not reached
  if (request.record_bytes > mail.body.size() - kRequestHeader) {
    return answer(caller, Status(ErrorCode::corrupt, "the request does not decode"));
  }
  const bool answers = request.acks == env::Acks::all;
  const PartitionId id = request.partition;
  // Who awaits no answers learns of an error by the end of the connection (KafkaApis.handleProduceRequest).
  if (!answers && !leads(id)) return hang_up(caller);
  if (!leads(id)) return answer(caller, not_leader(id));
  if (disk_.copy(id) == nullptr || image_.is_transaction_partition(id) || image_.is_offsets_partition(id)) {
    const Status refused(ErrorCode::unknown_topic_or_partition, fmt::format("partition {} cannot be written", id));
    return answers ? answer(caller, refused) : hang_up(caller);
  }
  if (answers && !enough_replicas(id)) {
    return answer(caller, Status(ErrorCode::not_enough_replicas, "too few replicas are in sync"));
  }
  // Without fencing nobody asks a classic coordinator either: late writes get in.
  const bool asks = request.version == TransactionVersion::v2 || !options_.bugs.has(SeededBug::no_fencing);
  const bool verifies = !request.producer.transactional_id.empty() && asks &&
                        disk_.copy(id)->begins_transaction(request.producer.producer_id, request.producer.epoch);
  if (!verifies) {
    const size_t at = fields_size(mail.body, request);
    return append_records(caller, request, ByteView(mail.body).substr(at));
  }
  auto body = std::make_shared<Bytes>(std::move(mail.body));
  verify(request.producer, id, request.version, [this, caller, request, body](const Status& status) {
    if (status.ok()) return append_records(caller, request, ByteView(*body).substr(fields_size(*body, request)));
    if (status.code() != ErrorCode::producer_fenced) return answer(caller, status);
    const Status fenced(ErrorCode::invalid_producer_epoch, status.error().message);  // what Kafka's leaders answer
    report_fenced(fenced, request.producer);
    answer(caller, fenced);
  });
}

void Broker::append_records(const Caller& caller, const ProduceRequest& request, ByteView records) {
  const env::ProducerIdentity& producer = request.producer;
  const bool transactional = !producer.transactional_id.empty();
  const bool answers = request.acks == env::Acks::all;
  append(request.partition, {producer.producer_id, producer.epoch, request.base_sequence, transactional},
         request.count, records,
         {.value = producer.producer_id, .epoch = producer.epoch, .text = producer.transactional_id},
         [this, caller, answers, producer](const Status& status) {
           report_fenced(status, producer);
           if (answers) return answer(caller, status);
           if (!status.ok()) hang_up(caller);
         });
}

// ---- verification --------------------------------------------------------------------------------------------

void Broker::verify(const env::ProducerIdentity& producer, PartitionId partition, TransactionVersion version,
                    Then then) {
  for (auto& [id, waiting] : unverified_) {  // batches behind the first one wait with it, so that order is kept
    if (waiting.partition == partition && waiting.producer == producer) {
      return waiting.waiting.push_back(std::move(then));
    }
  }
  const uint64_t id = next_id_++;
  Unverified& waiting = unverified_[id];
  waiting.producer = producer;
  waiting.partition = partition;
  waiting.waiting.push_back(std::move(then));
  const PartitionRequest question{producer, partition, version};
  const PartitionId at = image_.transaction_partition(producer.transactional_id);
  const int32_t coordinator = image_.partitions[at].leader;
  if (coordinator == index_) {
    return verify_here(question, [this, id, at](const Status& status) {
      verified(id, status, leads(at) ? hosted_[at].leader_epoch : 0);
    });
  }
  waiting.timer =
      env_.scheduler().after(options_.broker.verify_timeout_us, env::MailKind::log_request_timeout, id);
  if (coordinator == kNoBroker) return;
  Bytes request = make_request(RequestType::verify_transaction, question);
  set_correlation(request, id);
  env_.network().send(address(coordinator), env::MailKind::log_request, std::move(request));
}

void Broker::on_verification(env::Mail& mail) {
  ResponseTrailer trailer;
  if (!take_trailer(mail.body, trailer)) return;
  uint32_t coordinator_epoch = 0;
  if (trailer.error != ErrorCode::ok) return verified(trailer.correlation, Status(trailer.error, mail.body), 0);
  if (decode(mail.body, coordinator_epoch)) verified(trailer.correlation, Status(), coordinator_epoch);
}

void Broker::verified(uint64_t id, const Status& answered, uint32_t coordinator_epoch) {
  const auto found = unverified_.find(id);
  if (found == unverified_.end()) return;
  const Unverified done = std::move(found->second);
  unverified_.erase(found);
  env_.scheduler().cancel(done.timer);
  Status status = answered;
  const PartitionLog* log = disk_.copy(done.partition);
  if (status.ok() && done.overtaken) {
    status = Status(ErrorCode::concurrent_transactions, "a marker overtook the verification");
  } else if (status.ok() && coordinator_epoch < log->coordinator_epoch(done.producer.producer_id)) {
    status = Status(ErrorCode::not_coordinator, "a newer transaction coordinator has written here");
  } else if (status.code() == ErrorCode::not_coordinator || status.code() == ErrorCode::coordinator_load_in_progress) {
    status = Status(ErrorCode::coordinator_not_available, status.error().message);
  }
  for (const Then& then : done.waiting) then(status);
}

// As the coordinator. At V2 the partition is added by the very question.
void Broker::verify_here(const PartitionRequest& request, const Then& then) {
  const PartitionId at = image_.transaction_partition(request.producer.transactional_id);
  const Status ready = coordinator_status(at);
  if (!ready.ok()) return then(ready);
  if (request.version != TransactionVersion::v2) return then(transactions_.verify(request.producer, request.partition));
  TransactionCoordinator::Decision decision =
      transactions_.add_partitions(request.producer, {request.partition}, request.version, env_.now());
  if (!decision.write) return then(decision.status);
  write_transaction(std::move(*decision.write), env::Point::txn_add_partitions, [this, then](const Status& status) {
    arm_expiry();
    then(status);
  });
}

}  // namespace onceproof::simulator::log
