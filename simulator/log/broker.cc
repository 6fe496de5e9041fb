// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/broker.h"

#include <fmt/format.h>

#include <algorithm>

namespace onceproof::simulator::log {

namespace {

CoordinatorOptions coordinator_options(const ClusterOptions& options) {
  return {options.broker.max_transaction_timeout_us, options.transaction_version,
          static_cast<uint16_t>(options.last_epoch), options.bugs};
}

}  // namespace

Broker::Broker(env::Env& env, LogCluster& cluster, int32_t index)
    : env_(env),
      cluster_(cluster),
      options_(cluster.options()),
      index_(index),
      life_(env.random().fork("broker.life").next()),
      disk_(cluster, index, env.network().self().process, env.probe()),
      transactions_(coordinator_options(cluster.options()), [this] { return new_producer_id(); }) {}

void Broker::on_mail(env::Mail& mail) {
  switch (mail.kind) {
    case env::MailKind::start:
    case env::MailKind::broker_heartbeat: return register_or_beat();
    case env::MailKind::metadata_update: return on_metadata(mail);
    case env::MailKind::log_request: return on_request(mail);
    case env::MailKind::log_response: return on_verification(mail);
    case env::MailKind::transaction_markers: return on_markers(mail);
    case env::MailKind::marker_retry: return retry_markers();
    case env::MailKind::transaction_expiry_check: return expire_transactions();
    case env::MailKind::fetch_wait: return on_fetch_wait(static_cast<uint32_t>(mail.a));
    case env::MailKind::replica_fetch: return on_replica_fetch(mail);
    case env::MailKind::replica_records: return on_replica_records(mail);
    case env::MailKind::replica_check: return check_replicas();
    case env::MailKind::coordinator_load: {
      const auto id = static_cast<PartitionId>(mail.a);
      if (leads(id) && hosted_[id].leader_epoch == mail.b) read_back(id);
      return;
    }
    case env::MailKind::log_request_timeout:
      return verified(mail.a, Status(ErrorCode::coordinator_not_available, "the coordinator did not answer"), 0);
    case env::MailKind::connection_lost: return on_connection_lost(mail);
    default: return;  // unknown_endpoint: a client that asked is gone
  }
}

void Broker::on_request(env::Mail& mail) {
  if (mail.body.size() < kRequestHeader) return;
  const Caller caller{mail.from, load<uint64_t>(mail.body.data() + 1)};
  const auto type = load<RequestType>(mail.body.data());
  if (type == RequestType::metadata) return answer_metadata(caller);
  if (image_.version == 0 && type != RequestType::fetch) {  // it has not heard of the controller yet
    return answer(caller, Status(ErrorCode::coordinator_not_available, "the broker is starting"));
  }
  const ByteView fields = ByteView(mail.body).substr(kRequestHeader);
  const auto run = [&](auto request, auto handle) {
    if (decode(fields, request)) return handle(request);
    answer(caller, Status(ErrorCode::corrupt, "the request does not decode"));
  };
  switch (type) {
    case RequestType::metadata: return;
    case RequestType::init_producer_id:
      return run(InitProducerIdRequest{}, [&](const auto& r) { init_producer_id(caller, r); });
    case RequestType::add_partitions_to_txn:
      return run(PartitionRequest{}, [&](const auto& r) { add_partition(caller, r); });
    case RequestType::verify_transaction:
      return run(PartitionRequest{}, [&](const PartitionRequest& r) {
        verify_here(r, [this, caller, r](const Status& status) {
          const PartitionId at = image_.transaction_partition(r.producer.transactional_id);
          answer(caller, status, encode(leads(at) ? hosted_[at].leader_epoch : 0u));
        });
      });
    case RequestType::produce: return produce(caller, mail);
    case RequestType::end_txn: return run(EndTxnRequest{}, [&](const auto& r) { end_transaction(caller, r); });
    case RequestType::describe_transaction:
      return run(NameRequest{}, [&](const auto& r) { describe_transaction(caller, r); });
    case RequestType::list_transactions: return list_transactions(caller);
    case RequestType::fetch: return fetch(mail.from, fields);
    case RequestType::list_offsets: return run(ListOffsetsRequest{}, [&](const auto& r) { list_offsets(caller, r); });
    case RequestType::join_group: return run(JoinGroupRequest{}, [&](const auto& r) { join_group(caller, r); });
    case RequestType::offset_commit: return run(OffsetCommitRequest{}, [&](const auto& r) { commit_offsets(caller, r); });
    case RequestType::offset_fetch: return run(OffsetFetchRequest{}, [&](const auto& r) { fetch_offset(caller, r); });
  }
  answer(caller, Status(ErrorCode::corrupt, "there is no such request"));
}

// One client of a process hangs up for itself; brokers share their processes' connection (number 0).
void Broker::on_connection_lost(const env::Mail& mail) {
  const auto peer = static_cast<env::ProcessId>(mail.a);
  if (mail.b != 0) return drop_session(static_cast<uint32_t>(mail.b), peer);
  for (auto& [leader, fetcher] : fetchers_) {
    if (cluster_.processes()[static_cast<size_t>(leader)] == peer) fetcher.id = 0;  // check_replicas asks again
  }
  // Verifications run into their timeout, markers into their retry.
}

void Broker::answer(const Caller& caller, const Status& status, Bytes payload) {
  if (!status.ok()) payload = status.error().message;
  finish_response(payload, caller.correlation, status.code());
  env_.network().send(caller.from, env::MailKind::log_response, std::move(payload));
}

void Broker::hang_up(const Caller& caller) {
  drop_session(caller.from.connection, caller.from.process);
  env_.network().hang_up(caller.from);
}

env::Address Broker::address(int32_t broker) const {
  return {cluster_.processes()[static_cast<size_t>(broker)], env::kMainEndpoint};
}

Status Broker::not_leader(PartitionId id) const {
  return Status(ErrorCode::not_leader_or_follower, fmt::format("broker {} does not lead partition {}", index_, id));
}

void Broker::report_fenced(const Status& status, const env::ProducerIdentity& producer) {
  const ErrorCode code = status.code();
  if (code != ErrorCode::producer_fenced && code != ErrorCode::invalid_producer_epoch) return;
  env_.probe().hit(env::Point::log_fenced, env::Phase::after,
                   {.value = producer.producer_id, .epoch = producer.epoch, .text = producer.transactional_id});
}

// ---- the controller's word -----------------------------------------------------------------------------------

// Until the first image it registers; then it keeps its session, where there is somebody who could take over.
void Broker::register_or_beat() {
  env_.network().send({cluster_.controller_process(), env::kMainEndpoint}, env::MailKind::broker_heartbeat,
                      encode(BrokerHeartbeat{index_, life_, broker_epoch_, image_.version}));
  if (broker_epoch_ == 0) {
    env_.scheduler().after(options_.broker.registration_retry_us, env::MailKind::broker_heartbeat);
  } else if (options_.replicated()) {
    env_.scheduler().after(options_.broker.heartbeat_us, env::MailKind::broker_heartbeat);
  }
}

void Broker::on_metadata(env::Mail& mail) {
  MetadataUpdate update;
  if (!decode(mail.body, update)) return;
  // What is meant for an earlier life, or was overtaken by something newer, says nothing. A controller that comes back
  // tells everybody of whom it knows, also a broker that has died meanwhile: under its old epoch the new life would
  // give out producer ids that exist.
  if (update.life != life_ || update.broker_epoch < broker_epoch_ || update.image.version <= image_.version) return;
  const bool first = image_.version == 0;
  broker_epoch_ = update.broker_epoch;
  image_ = std::move(update.image);
  ClusterImage known_to_clients = image_;
  for (PartitionInfo& partition : known_to_clients.partitions) partition.replicas = partition.isr = {};
  for_clients_ = encode(known_to_clients);
  hosted_.resize(image_.partitions.size());
  for (PartitionId id = 0; id < image_.partitions.size(); ++id) {
    const std::vector<int32_t>& replicas = image_.partitions[id].replicas;
    if (std::find(replicas.begin(), replicas.end(), index_) != replicas.end()) take_role(id, image_.partitions[id]);
    if (!disk_.alive()) return;
  }
  if (first && options_.replicated()) {
    env_.scheduler().after(options_.broker.replica_backoff_us, env::MailKind::replica_check);
  }
  if (options_.replicated()) follow_the_image();
  for (const Caller& caller : metadata_callers_) answer_metadata(caller);
  metadata_callers_.clear();
}

void Broker::answer_metadata(const Caller& caller) {
  if (image_.version == 0) return metadata_callers_.push_back(caller);
  answer(caller, Status(), for_clients_);
}

void Broker::take_role(PartitionId id, const PartitionInfo& info) {
  Hosted& hosted = hosted_[id];
  if (hosted.role != Role::none && hosted.leader_epoch == info.leader_epoch) {
    if (info.version <= hosted.version) return;
    hosted.version = info.version;
    hosted.isr = info.isr;
    hosted.asked_isr.clear();
    if (hosted.role == Role::leader) advance(id);
    return;
  }
  if (hosted.role == Role::leader) resign(id);
  hosted.leader = info.leader;
  hosted.leader_epoch = info.leader_epoch;
  hosted.version = info.version;
  hosted.isr = info.isr;
  hosted.asked_isr.clear();
  hosted.role = info.leader == index_ ? Role::leader : Role::follower;
  if (hosted.role == Role::leader) become_leader(id);
}

void Broker::become_leader(PartitionId id) {
  if (disk_.copy(id) == nullptr) return;  // a source: every replica has all of it
  Hosted& hosted = hosted_[id];
  hosted.followers.clear();
  for (const int32_t broker : image_.partitions[id].replicas) {
    if (broker != index_) hosted.followers.push_back({broker, -1, env_.now()});
  }
  if (!disk_.write(id, [&](PartitionLog& log) { log.begin_epoch(hosted.leader_epoch); })) return;
  hosted.epoch_start = disk_.copy(id)->end_offset();
  hosted.loaded = false;
  advance(id);
  take_over(id);
}

// Whoever waits here has to look for the new leader.
void Broker::resign(PartitionId id) {
  Hosted& hosted = hosted_[id];
  hosted.role = Role::follower;
  unload(id);
  const std::vector<Waiter> waiters = std::move(hosted.waiters);
  hosted.waiters.clear();
  for (const Waiter& waiter : waiters) waiter.then(not_leader(id));
  refuse_parked(id);
}

}  // namespace onceproof::simulator::log
