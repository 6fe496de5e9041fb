// SPDX-License-Identifier: Apache-2.0
// Broker: one broker process of the simulated Kafka. It leads or follows the partitions that the controller's image
// gives it, and coordinates the transactions and groups whose partitions it leads. Memory is lost in a crash; what
// survives is its own disk. Invariants: an answer that promises durability waits for the high watermark; a
// coordinator serves only what it has read back from its replicated partition. Made by LogCluster.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runtime/env/env.h"
#include "simulator/log/durable_disk.h"
#include "simulator/log/fetch_answers.h"
#include "simulator/log/group_coordinator.h"
#include "simulator/log/messages.h"
#include "simulator/log/transaction_coordinator.h"

namespace onceproof::simulator::log {

class Broker final : public env::Actor {
 public:
  Broker(env::Env& env, LogCluster& cluster, int32_t index);
  void on_mail(env::Mail& mail) override;

 private:
  using Then = std::function<void(const Status&)>;
  struct Caller {  // where an answer goes
    env::Address from;
    uint64_t correlation = 0;
  };
  struct Parked {  // a fetch that found nothing and waits
    FetchRequest request;
    TimeUs deadline_us = 0;
    TimeUs wake_us = 0;  // when it is looked at again by itself: the deadline, or when a source's record appears
  };
  // What one client's connection has parked here. One timer for all: when it fires at the deadline of one, all are
  // answered, so that the fetches of one consumer come and go together.
  struct Session {
    env::Address from;
    std::vector<Parked> parked;
    TimeUs wake_us = kMaxTimeUs;  // the timer's; kMaxTimeUs: none is set
    env::TimerId timer = 0;
  };
  struct Follower {  // as its leader knows it
    int32_t broker = 0;
    int64_t end_offset = -1;  // -1: it has not fetched in this epoch
    TimeUs caught_up_us = 0;
  };
  struct Waiter {
    int64_t end_offset = 0;
    Then then;
  };
  // none -> follower <-> leader, as the image says; every arrow comes with a higher leader epoch.
  enum class Role : uint8_t { none, follower, leader };
  struct Hosted {  // what this broker is for one partition
    Role role = Role::none;
    int32_t leader = kNoBroker;
    uint32_t leader_epoch = 0;
    uint32_t version = 0;
    std::vector<int32_t> isr;
    std::vector<int32_t> asked_isr;  // asked of the controller; empty: nothing
    int64_t epoch_start = 0;         // the end of the copy when this broker became leader
    bool loaded = false;             // of a coordinator's partition
    std::vector<Follower> followers;
    std::vector<Waiter> waiters;    // by end offset
    std::vector<uint32_t> readers;  // connections whose sessions may have something parked here; not of a source
  };
  struct Fetcher {  // of one leader
    uint64_t id = 0;  // of the fetch under way; 0: none
    TimeUs since_us = 0;
  };
  struct ParkedReplica {  // of one follower
    env::Address from;
    ReplicaFetch fetch;
  };
  // Writers that wait for the coordinator's word on one partition of one transaction (KIP-890).
  struct Unverified {
    env::ProducerIdentity producer;
    PartitionId partition = 0;
    bool overtaken = false;  // a marker of this producer came meanwhile
    env::TimerId timer = 0;
    std::vector<Then> waiting;
  };
  struct Marking {  // a decided transaction whose markers are on their way
    Marker marker;
    std::vector<PartitionId> left;
    TimeUs sent_us = 0;
  };

  // ---- broker.cc: requests, roles ----------------------------------------------------------------------------
  void on_request(env::Mail& mail);
  void on_metadata(env::Mail& mail);
  void on_connection_lost(const env::Mail& mail);
  void answer_metadata(const Caller& caller);
  void register_or_beat();
  void take_role(PartitionId id, const PartitionInfo& info);
  void become_leader(PartitionId id);
  void resign(PartitionId id);
  bool leads(PartitionId id) const { return id < hosted_.size() && hosted_[id].role == Role::leader; }
  Status not_leader(PartitionId id) const;
  void answer(const Caller& caller, const Status& status, Bytes payload = {});
  void hang_up(const Caller& caller);
  env::Address address(int32_t broker) const;
  void report_fenced(const Status& status, const env::ProducerIdentity& producer);
  uint64_t new_producer_id() { return broker_epoch_ << 24 | ++last_producer_id_; }

  // ---- broker_produce.cc: writing ----------------------------------------------------------------------------
  void produce(const Caller& caller, env::Mail& mail);
  void append_records(const Caller& caller, const ProduceRequest& request, ByteView records);
  // Appends as leader; `then` with what refused it, or once it is replicated. Nothing after death.
  template <class Next>
  void append(PartitionId id, AppendRequest request, uint32_t count, ByteView records, const env::ProbeArgs& args,
              Next then);
  template <class Next>
  void when_replicated(PartitionId id, int64_t end_offset, Next then);
  bool enough_replicas(PartitionId id) const;
  void verify(const env::ProducerIdentity& producer, PartitionId partition, TransactionVersion version, Then then);
  void on_verification(env::Mail& mail);
  void verified(uint64_t id, const Status& status, uint32_t coordinator_epoch);
  void verify_here(const PartitionRequest& request, const Then& then);

  // ---- broker_fetch.cc: reading ------------------------------------------------------------------------------
  void fetch(const env::Address& from, ByteView requests);
  // True when the request was answered: records, an error, or `even_if_empty`.
  bool try_fetch(const FetchRequest& request, bool even_if_empty, FetchAnswers& answers);
  bool try_fetch_source(const FetchRequest& request, const SourcePartition& source, bool even_if_empty,
                        FetchAnswers& answers);
  void park(const env::Address& from, const FetchRequest& request, TimeUs deadline_us);
  TimeUs wake_time(const FetchRequest& request, TimeUs deadline_us) const;
  void arm_session(uint32_t connection, Session& session);
  void on_fetch_wait(uint32_t connection);
  void wake(PartitionId id);
  void refuse_parked(PartitionId id);
  void drop_session(uint32_t connection, env::ProcessId peer);
  void send_answers(const env::Address& to, FetchAnswers& answers);
  void list_offsets(const Caller& caller, const ListOffsetsRequest& request);
  const SourcePartition* source(PartitionId id) const;

  // ---- broker_replication.cc ---------------------------------------------------------------------------------
  void advance(PartitionId id);  // the high watermark, and whoever waited for it
  void on_replica_fetch(env::Mail& mail);
  bool answer_replica(const env::Address& from, const ReplicaFetch& fetch);
  void note_follower(const ReplicaFetch::Item& item, int32_t broker);
  void wake_replicas(PartitionId id);
  void fetch_from(int32_t leader);
  void fetch_from_all();
  void follow_the_image();
  void on_replica_records(env::Mail& mail);
  bool take_records(const ReplicaRecords::Item& item);
  void check_replicas();
  void ask_isr(PartitionId id, std::vector<int32_t> isr);
  void send_isr(PartitionId id, const std::vector<int32_t>& isr);

  // ---- broker_transactions.cc --------------------------------------------------------------------------------
  // True when this broker coordinates the partition and has read its state back; answers otherwise.
  bool coordinates(const Caller& caller, PartitionId partition);
  Status coordinator_status(PartitionId partition) const;
  void init_producer_id(const Caller& caller, const InitProducerIdRequest& request);
  void add_partition(const Caller& caller, const PartitionRequest& request);
  void end_transaction(const Caller& caller, const EndTxnRequest& request);
  void describe_transaction(const Caller& caller, const NameRequest& request);
  void list_transactions(const Caller& caller);
  void fence(const TransactionMetadata& next, env::Point also);
  // One record of the transaction log: before -> append -> replicated -> known -> after -> then.
  template <class Next>
  void write_transaction(TransactionMetadata next, env::Point point, Next then);
  void take_over(PartitionId id);
  void read_back(PartitionId id);
  void unload(PartitionId id);
  void arm_expiry();
  void expire_transactions();

  // ---- broker_markers.cc -------------------------------------------------------------------------------------
  void send_markers(const std::string& id);
  void send_marking(uint64_t id);
  void retry_markers();
  void on_markers(env::Mail& mail);
  void write_markers(const MarkersMessage& message, const env::Address& coordinator);
  void markers_answered(const MarkersMessage& message);
  void marker_replicated(const Marker& marker, PartitionId id);
  void marker_written(const Marker& marker, PartitionId partition);
  void arm_marker_retry(DurationUs delay_us);

  // ---- broker_groups.cc --------------------------------------------------------------------------------------
  void join_group(const Caller& caller, const JoinGroupRequest& request);
  void commit_offsets(const Caller& caller, const OffsetCommitRequest& request);
  void append_offsets(const Caller& caller, const OffsetCommitRequest& request);
  void fetch_offset(const Caller& caller, const OffsetFetchRequest& request);

  env::Env& env_;
  LogCluster& cluster_;  // what a configuration file and the own disk hold, never another broker's state
  const ClusterOptions& options_;
  int32_t index_;
  uint64_t life_;
  DurableDisk disk_;
  ClusterImage image_;
  Bytes for_clients_;  // encoded, without what no client asks for
  uint64_t broker_epoch_ = 0;
  uint64_t last_producer_id_ = 0;
  uint64_t next_id_ = 1;  // of whatever waits here
  std::vector<Hosted> hosted_;  // by partition
  std::vector<Caller> metadata_callers_;
  std::map<uint32_t, Session> sessions_;  // by the client's connection
  std::map<uint64_t, Unverified> unverified_;
  std::map<int32_t, Fetcher> fetchers_;
  std::map<int32_t, ParkedReplica> parked_replicas_;
  TransactionCoordinator transactions_;
  std::map<uint64_t, Marking> markings_;
  bool marker_retry_armed_ = false;
  TimeUs expiry_armed_us_ = 0;  // 0: no timer
  env::TimerId expiry_timer_ = 0;
  GroupCoordinator groups_;
};

template <class Next>
void Broker::when_replicated(PartitionId id, int64_t end_offset, Next then) {
  if (disk_.copy(id)->high_watermark() >= end_offset) return then(Status());
  std::vector<Waiter>& waiters = hosted_[id].waiters;
  auto at = waiters.end();
  while (at != waiters.begin() && (at - 1)->end_offset > end_offset) --at;
  waiters.insert(at, {end_offset, Then(std::move(then))});
}

template <class Next>
void Broker::append(PartitionId id, AppendRequest request, uint32_t count, ByteView records, const env::ProbeArgs& args,
                    Next then) {
  if (!leads(id)) return then(not_leader(id));
  request.leader_epoch = hosted_[id].leader_epoch;
  const PartitionLog::Checked checked = disk_.copy(id)->check(request, count, records);
  if (!checked.status.ok()) return then(checked.status);
  if (checked.repeated) return when_replicated(id, checked.end_offset, std::move(then));
  int64_t end_offset = 0;
  const bool lives = disk_.step(env::Point::log_append, args, id, [&](PartitionLog& log) {
    end_offset = log.append(request, count, records, env_.now()).take();
  });
  if (!lives) return;
  advance(id);
  when_replicated(id, end_offset, std::move(then));
}

template <class Next>
void Broker::write_transaction(TransactionMetadata next, env::Point point, Next then) {
  const PartitionId id = image_.transaction_partition(next.transactional_id);
  const env::ProbeArgs args{.value = next.producer_id, .epoch = next.epoch, .text = next.transactional_id};
  if (!enough_replicas(id)) return then(Status(ErrorCode::coordinator_not_available, "too few replicas are in sync"));
  if (!disk_.hit(point, env::Phase::before, args)) return;
  Bytes record;
  env::append_log_record({.timestamp_us = env_.now(), .key = next.transactional_id, .value = encode(next), .lineage = {}},
                         record);
  transactions_.set_pending(next.transactional_id, true);
  append(id, {}, 1, record, args, [this, id, point, next = std::move(next), then](const Status& status) {
    if (!status.ok()) {
      if (leads(id)) transactions_.set_pending(next.transactional_id, false);
      return then(Status(ErrorCode::not_coordinator, "the coordinator has moved"));
    }
    transactions_.install(next);
    const env::ProbeArgs written{.value = next.producer_id, .epoch = next.epoch, .text = next.transactional_id};
    if (disk_.hit(point, env::Phase::after, written)) then(Status());
  });
}

}  // namespace onceproof::simulator::log
