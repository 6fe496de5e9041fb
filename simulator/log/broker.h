// SPDX-License-Identifier: Apache-2.0
// Broker: one broker process of the simulated Kafka: partition leader, transaction coordinator and group
// coordinator for its share (LogStore::leader and friends). Everything here is volatile; what must survive a
// crash lies in the LogStore. Invariant: after every probe hit the store is written only if the process still
// lives. Made by LogCluster.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/env/env.h"
#include "simulator/log/cluster.h"
#include "simulator/log/messages.h"
#include "simulator/log/transaction_coordinator.h"

namespace onceproof::simulator::log {

class Broker final : public env::Actor {
 public:
  Broker(env::Env& env, LogCluster& cluster, int32_t index);
  void on_mail(env::Mail& mail) override;

 private:
  // Where an answer goes.
  struct Caller {
    env::Address from;
    uint64_t correlation = 0;
  };
  // A fetch that found nothing and waits.
  struct Parked {
    Caller caller;
    FetchRequest request;
    TimeUs deadline_us = 0;
    env::TimerId timer = 0;
  };
  // A produce request that waits for the coordinator's word (KIP-890 part 1).
  struct Unverified {
    Caller caller;
    ProduceRequest request;
    int32_t coordinator = 0;
    env::TimerId timer = 0;
    bool overtaken = false;  // a marker of this producer came meanwhile
  };
  struct PendingMarkers {
    Marker marker;
    int32_t leader = 0;
    std::vector<env::TopicPartition> partitions;
  };

  void on_request(env::Mail& mail);
  void on_retry(env::Mail& mail);
  void on_connection_lost(const env::Mail& mail);

  // partitions (broker.cc)
  void produce(const Caller& caller, ProduceRequest request);
  void append(const Caller& caller, const ProduceRequest& request);
  void on_verified(env::Mail& mail);
  void fetch(const Caller& caller, const FetchRequest& request);
  // True when the request was answered: records, an error, or `even_if_empty`.
  bool try_fetch(const Caller& caller, const FetchRequest& request, bool even_if_empty);
  bool try_fetch_source(const Caller& caller, const FetchRequest& request, const SourcePartition& source,
                        bool even_if_empty);
  void park(const Caller& caller, const FetchRequest& request, TimeUs deadline_us);
  void on_fetch_wait(uint64_t id);
  void wake(const env::TopicPartition& partition);
  void list_offsets(const Caller& caller, const ListOffsetsRequest& request);

  // transactions and groups (broker_transactions.cc)
  void init_producer_id(const Caller& caller, const InitProducerIdRequest& request);
  void add_partition(const Caller& caller, const PartitionRequest& request);
  void end_transaction(const Caller& caller, const EndTxnRequest& request);
  void describe_transaction(const Caller& caller, const DescribeTransactionRequest& request);
  bool fence(const std::string& id, bool timed_out);
  void expire_transactions();
  void send_markers(const std::string& id);
  void send_pending(uint64_t id);
  void on_markers(env::Mail& mail);
  void write_markers(const MarkersMessage& message, const env::Address& coordinator);
  void markers_answered(uint64_t id);
  void join_group(const Caller& caller, const JoinGroupRequest& request);
  void commit_offset(const Caller& caller, const OffsetCommitRequest& request);
  void fetch_offset(const Caller& caller, const OffsetFetchRequest& request);

  // Both return false when the process died at the point.
  bool hit(env::Point point, env::Phase phase, const std::string& id, uint64_t producer_id, uint16_t epoch);
  bool alive() const { return cluster_.alive(index_); }
  void report_fenced(const Status& status, const env::ProducerIdentity& producer);
  void answer(const Caller& caller, const Status& status, Bytes payload = {});
  env::Address address(int32_t broker) const;

  env::Env& env_;
  LogCluster& cluster_;
  LogStore& store_;
  int32_t index_;
  TransactionCoordinator coordinator_;
  uint64_t next_id_ = 1;  // of whatever waits here
  std::map<uint64_t, Parked> parked_;
  std::map<uint64_t, Unverified> unverified_;
  std::map<uint64_t, PendingMarkers> pending_markers_;
};

}  // namespace onceproof::simulator::log
