// SPDX-License-Identifier: Apache-2.0
// Client: env::Log over the simulated network, after Kafka's clients: one answer to every call, later, inside
// on_mail. Retries what is retriable until the delivery timeout. Invariants: at most one batch of a partition
// is in flight; a retried batch keeps its sequence; a transaction with a failed batch cannot be committed.
// A callback may destroy the client: it is always the last thing that a handler does.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulator/log/cluster.h"
#include "simulator/log/messages.h"
#include "simulator/log_client_base.h"

namespace onceproof::simulator::log {

class Client final : public LogClient {
 public:
  Client(env::Env& env, const LogCluster& cluster);

  void on_mail(env::Mail& mail) override;

  void init_producer(const std::string& transactional_id, DurationUs transaction_timeout_us,
                     Reply<env::ProducerIdentity> reply) override;
  void append(const env::ProducerIdentity& producer, const env::TopicPartition& partition, env::RecordBatch batch,
              env::Acks acks, Done done) override;
  void commit(const env::ProducerIdentity& producer, Done done) override;
  void abort(const env::ProducerIdentity& producer, Done done) override;
  void describe_transaction(const std::string& transactional_id, Reply<env::TransactionDescription> reply) override;
  void fetch(const env::TopicPartition& partition, int64_t offset, env::Isolation isolation, uint32_t max_bytes,
             DurationUs max_wait_us, Reply<env::FetchResult> reply) override;
  void end_offset(const env::TopicPartition& partition, env::Isolation isolation, Reply<int64_t> reply) override;
  void join_group(const std::string& group, const std::string& instance_id, Reply<uint64_t> reply) override;
  void commit_offset(const std::string& group, const std::string& instance_id, uint64_t member_epoch,
                     const env::TopicPartition& partition, int64_t next_offset, Done done) override;
  void committed_offset(const std::string& group, const env::TopicPartition& partition,
                        Reply<std::optional<int64_t>> reply) override;

 private:
  // The payload may be moved from. Called once, as the last thing of a handler.
  using Answered = std::function<void(Status status, Bytes& payload)>;
  struct Request {
    int32_t broker = 0;
    Bytes body;
    DurationUs timeout_us = 0;  // of one attempt
    TimeUs deadline_us = 0;     // of all attempts
    env::TimerId timer = 0;
    Answered answered;
    bool once = false;  // an unknown outcome is answered, never repeated
    Status unknown;     // and is then this one, due when the back-off is over
  };
  struct Append {
    env::ProducerIdentity producer;
    env::RecordBatch batch;
    Done done;
  };
  struct End {
    bool commit = false;
    Done done;
  };
  using ProducerKey = std::pair<uint64_t, uint16_t>;
  struct Producer {
    std::map<env::TopicPartition, int32_t> sequences;  // the next one
    std::set<env::TopicPartition> uncertain;           // a batch timed out: its sequence may be used or not
    std::set<env::TopicPartition> in_transaction;
    uint32_t unfinished = 0;  // appends without an answer
    std::vector<End> ends;    // waiting for them
    Status error;             // of a batch of the present transaction
  };

  template <class Message>
  void call(int32_t broker, RequestType type, const Message& message, Answered answered, DurationUs wait_us = 0,
            bool once = false);
  void send(Request request);
  void retry_later(Request request, ErrorCode code, const std::string& why);
  void on_response(env::Mail& mail);
  void on_timeout(Request request);
  void on_peer_lost(env::ProcessId peer);
  void later(std::function<void()> what);

  Producer& state_of(const env::ProducerIdentity& producer) {
    return producers_[{producer.producer_id, producer.epoch}];
  }
  void start_append(const env::TopicPartition& partition);
  void produce(const env::TopicPartition& partition);
  void finish_append(const env::TopicPartition& partition, Status status, bool answer_later);
  void end_transaction(const env::ProducerIdentity& producer, bool commit, Done done);
  void send_end(const env::ProducerIdentity& producer, End end);

  env::Env& env_;
  const LogCluster& cluster_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, Request> in_flight_;  // by correlation
  std::map<uint64_t, Request> backing_off_;
  std::map<uint64_t, std::function<void()>> later_;
  std::map<env::TopicPartition, std::deque<Append>> queues_;  // front: in flight
  std::map<ProducerKey, Producer> producers_;
};

}  // namespace onceproof::simulator::log
