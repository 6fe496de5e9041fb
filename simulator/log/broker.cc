// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/broker.h"

#include <algorithm>

#include <fmt/format.h>

namespace onceproof::simulator::log {

namespace {

enum class Retry : uint64_t { markers, verification };

Status unknown_partition(const env::TopicPartition& partition) {
  return Status(ErrorCode::unknown_topic_or_partition,
                fmt::format("{}-{} does not exist", partition.topic, partition.partition));
}

Bytes number_payload(int64_t value) { return encode(value); }

}  // namespace

Broker::Broker(env::Env& env, LogCluster& cluster, int32_t index)
    : env_(env),
      cluster_(cluster),
      store_(cluster.store()),
      index_(index),
      coordinator_(store_, index, cluster.options().broker.max_transaction_timeout_us) {}

void Broker::on_mail(env::Mail& mail) {
  switch (mail.kind) {
    case env::MailKind::start:
      env_.scheduler().after(cluster_.options().broker.expiry_check_us, env::MailKind::transaction_expiry_check);
      for (const std::string& id : coordinator_.prepared()) send_markers(id);
      return;
    case env::MailKind::log_request: return on_request(mail);
    case env::MailKind::log_response: return on_verified(mail);
    case env::MailKind::transaction_markers: return on_markers(mail);
    case env::MailKind::transaction_expiry_check: return expire_transactions();
    case env::MailKind::fetch_wait: return on_fetch_wait(mail.a);
    case env::MailKind::log_retry: return on_retry(mail);
    case env::MailKind::connection_lost: return on_connection_lost(mail);
    default: return;  // unknown_endpoint: a client that asked is gone
  }
}

void Broker::on_request(env::Mail& mail) {
  if (mail.body.size() < kRequestHeader) return;
  const Caller caller{mail.from, load<uint64_t>(mail.body.data() + 1)};
  const ByteView fields = ByteView(mail.body).substr(kRequestHeader);
  const auto run = [&](auto request, auto handle) {
    if (decode(fields, request)) return handle(std::move(request));
    answer(caller, Status(ErrorCode::corrupt, "the request does not decode"));
  };
  switch (load<RequestType>(mail.body.data())) {
    case RequestType::init_producer_id:
      return run(InitProducerIdRequest{}, [&](auto r) { init_producer_id(caller, r); });
    case RequestType::add_partitions_to_txn: return run(PartitionRequest{}, [&](auto r) { add_partition(caller, r); });
    case RequestType::verify_transaction:
      return run(PartitionRequest{}, [&](auto r) { answer(caller, coordinator_.verify(r.producer, r.partition)); });
    case RequestType::produce: return run(ProduceRequest{}, [&](auto r) { produce(caller, std::move(r)); });
    case RequestType::end_txn: return run(EndTxnRequest{}, [&](auto r) { end_transaction(caller, r); });
    case RequestType::describe_transaction:
      return run(DescribeTransactionRequest{}, [&](auto r) { describe_transaction(caller, r); });
    case RequestType::fetch: return run(FetchRequest{}, [&](auto r) { fetch(caller, r); });
    case RequestType::list_offsets: return run(ListOffsetsRequest{}, [&](auto r) { list_offsets(caller, r); });
    case RequestType::join_group: return run(JoinGroupRequest{}, [&](auto r) { join_group(caller, r); });
    case RequestType::offset_commit: return run(OffsetCommitRequest{}, [&](auto r) { commit_offset(caller, r); });
    case RequestType::offset_fetch: return run(OffsetFetchRequest{}, [&](auto r) { fetch_offset(caller, r); });
  }
  answer(caller, Status(ErrorCode::corrupt, "there is no such request"));
}

void Broker::on_retry(env::Mail& mail) {
  if (static_cast<Retry>(mail.b) == Retry::markers) return send_pending(mail.a);
  const auto found = unverified_.find(mail.a);
  if (found == unverified_.end()) return;
  const Caller caller = found->second.caller;
  unverified_.erase(found);
  answer(caller, Status(ErrorCode::coordinator_not_available, "the transaction coordinator did not answer"));
}

void Broker::on_connection_lost(const env::Mail& mail) {
  for (auto it = parked_.begin(); it != parked_.end();) {
    const env::Address& from = it->second.caller.from;
    if (from.process != static_cast<env::ProcessId>(mail.a) || from.connection != mail.b) {
      ++it;
      continue;
    }
    env_.scheduler().cancel(it->second.timer);
    it = parked_.erase(it);
  }
  // Verifications run into their timeout, markers into their retry.
}

void Broker::answer(const Caller& caller, const Status& status, Bytes payload) {
  if (!status.ok()) payload = status.error().message;
  finish_response(payload, caller.correlation, status.code());
  env_.network().send(caller.from, env::MailKind::log_response, std::move(payload));
}

env::Address Broker::address(int32_t broker) const {
  return {cluster_.processes()[static_cast<size_t>(broker)], env::kMainEndpoint};
}

bool Broker::hit(env::Point point, env::Phase phase, const std::string& id, uint64_t producer_id, uint16_t epoch) {
  env_.probe().hit(point, phase, {.value = producer_id, .epoch = epoch, .text = id});
  return alive();
}

void Broker::report_fenced(const Status& status, const env::ProducerIdentity& producer) {
  const ErrorCode code = status.code();
  if (code != ErrorCode::producer_fenced && code != ErrorCode::invalid_producer_epoch) return;
  static_cast<void>(
      hit(env::Point::log_fenced, env::Phase::after, producer.transactional_id, producer.producer_id, producer.epoch));
}

// ---- produce ---------------------------------------------------------------------------------------------

void Broker::produce(const Caller& caller, ProduceRequest request) {
  PartitionLog* partition = store_.partition(request.partition);
  const bool answers = request.acks == env::Acks::all;
  if (partition == nullptr) {
    if (answers) answer(caller, unknown_partition(request.partition));
    return;
  }
  const bool transactional = !request.producer.transactional_id.empty();
  // Without fencing nobody asks the coordinator either: late writes get in.
  const bool verifies = transactional && !store_.bugs().has(SeededBug::no_fencing) &&
                        partition->begins_transaction(request.producer.producer_id);
  if (!verifies) return append(caller, request);
  const int32_t coordinator = store_.coordinator(request.producer.transactional_id);
  const uint64_t id = next_id_++;
  Bytes question = make_request(RequestType::verify_transaction, PartitionRequest{request.producer, request.partition});
  set_correlation(question, id);
  Unverified& waiting = unverified_[id];
  waiting = {caller, std::move(request), coordinator, 0, false};
  waiting.timer = env_.scheduler().after(cluster_.options().broker.verify_timeout_us, env::MailKind::log_retry, id,
                                         static_cast<uint64_t>(Retry::verification));
  env_.network().send(address(coordinator), env::MailKind::log_request, std::move(question));
}

void Broker::on_verified(env::Mail& mail) {
  ResponseTrailer trailer;
  if (!take_trailer(mail.body, trailer)) return;
  const auto found = unverified_.find(trailer.correlation);
  if (found == unverified_.end()) return;
  const Unverified waiting = std::move(found->second);
  unverified_.erase(found);
  env_.scheduler().cancel(waiting.timer);
  if (trailer.error == ErrorCode::ok && !waiting.overtaken) return append(waiting.caller, waiting.request);
  Status status(ErrorCode::concurrent_transactions, "a marker overtook the verification");
  if (trailer.error == ErrorCode::producer_fenced) {  // what Kafka's leaders answer for it
    status = Status(ErrorCode::invalid_producer_epoch, mail.body);
    report_fenced(status, waiting.request.producer);
  } else if (trailer.error != ErrorCode::ok) {
    status = Status(trailer.error, mail.body);
  }
  answer(waiting.caller, status);
}

void Broker::append(const Caller& caller, const ProduceRequest& request) {
  const Status status = store_.partition(request.partition)
                            ->append({request.producer.producer_id, request.producer.epoch, request.base_sequence,
                                      !request.producer.transactional_id.empty()},
                                     request.batch, env_.now());
  report_fenced(status, request.producer);
  if (request.acks == env::Acks::all) answer(caller, status);
  if (status.ok()) wake(request.partition);
}

// ---- fetch -----------------------------------------------------------------------------------------------

void Broker::fetch(const Caller& caller, const FetchRequest& request) {
  const TimeUs deadline_us = env_.now() + request.max_wait_us;
  if (!try_fetch(caller, request, request.max_wait_us <= 0)) park(caller, request, deadline_us);
}

bool Broker::try_fetch(const Caller& caller, const FetchRequest& request, bool even_if_empty) {
  const Topic* topic = store_.topic(request.partition.topic);
  const auto index = static_cast<size_t>(request.partition.partition);
  if (topic == nullptr || request.partition.partition < 0 || index >= topic->partition_count()) {
    return answer(caller, unknown_partition(request.partition)), true;
  }
  if (topic->source) return try_fetch_source(caller, request, topic->source->partitions()[index], even_if_empty);
  const PartitionLog& partition = topic->partitions[index];
  Bytes payload;
  const Result<PartitionLog::Read> read = partition.read(request.offset, request.isolation, request.max_bytes, payload);
  if (!read.ok()) return answer(caller, Status(read.error())), true;
  if (read.value().count == 0 && !even_if_empty) return false;
  Encoder encoder(payload);
  encoder(FetchTail{read.value().count, read.value().next_offset, partition.high_watermark(),
                    partition.last_stable_offset()});
  answer(caller, Status(), std::move(payload));
  return true;
}

// One copy of a byte range, whatever the number of records.
bool Broker::try_fetch_source(const Caller& caller, const FetchRequest& request, const SourcePartition& source,
                              bool even_if_empty) {
  if (request.offset < 0 || request.offset > source.end()) {
    const Status status(ErrorCode::offset_out_of_range,
                        fmt::format("offset {} is not in [0, {}]", request.offset, source.end()));
    return answer(caller, status), true;
  }
  const int64_t visible = source.visible_end(env_.now());
  SourcePartition::Range range{{}, 0};
  if (request.offset < visible) range = source.range(request.offset, visible, request.max_bytes);
  if (range.count == 0 && !even_if_empty) return false;
  Bytes payload;
  payload.reserve(range.bytes.size() + FetchTail::kSize + kResponseTrailer);
  payload.append(range.bytes);
  Encoder encoder(payload);
  encoder(FetchTail{range.count, request.offset + range.count, visible, visible});
  answer(caller, Status(), std::move(payload));
  return true;
}

void Broker::park(const Caller& caller, const FetchRequest& request, TimeUs deadline_us) {
  TimeUs wake_us = deadline_us;
  const Topic* topic = store_.topic(request.partition.topic);
  if (topic->source) {
    const SourcePartition& source = topic->source->partitions()[static_cast<size_t>(request.partition.partition)];
    if (request.offset < source.end()) wake_us = std::min(wake_us, source.visible_us(request.offset));
  }
  const uint64_t id = next_id_++;
  const DurationUs delay_us = std::max<DurationUs>(wake_us - env_.now(), 0);
  parked_[id] = {caller, request, deadline_us, env_.scheduler().after(delay_us, env::MailKind::fetch_wait, id)};
}

void Broker::on_fetch_wait(uint64_t id) {
  const auto found = parked_.find(id);
  if (found == parked_.end()) return;
  const Parked waiting = std::move(found->second);
  parked_.erase(found);
  const bool over = env_.now() >= waiting.deadline_us;
  if (!try_fetch(waiting.caller, waiting.request, over)) park(waiting.caller, waiting.request, waiting.deadline_us);
}

// Also called when a marker moved the last stable offset.
void Broker::wake(const env::TopicPartition& partition) {
  for (auto it = parked_.begin(); it != parked_.end();) {
    const Parked& waiting = it->second;
    if (waiting.request.partition != partition || !try_fetch(waiting.caller, waiting.request, false)) {
      ++it;
      continue;
    }
    env_.scheduler().cancel(waiting.timer);
    it = parked_.erase(it);
  }
}

void Broker::list_offsets(const Caller& caller, const ListOffsetsRequest& request) {
  const Topic* topic = store_.topic(request.partition.topic);
  const auto index = static_cast<size_t>(request.partition.partition);
  if (topic == nullptr || request.partition.partition < 0 || index >= topic->partition_count()) {
    return answer(caller, unknown_partition(request.partition));
  }
  if (topic->source) return answer(caller, Status(), number_payload(topic->source->partitions()[index].end()));
  const PartitionLog& partition = topic->partitions[index];
  const bool committed = request.isolation == env::Isolation::read_committed;
  answer(caller, Status(), number_payload(committed ? partition.last_stable_offset() : partition.high_watermark()));
}

}  // namespace onceproof::simulator::log
