// SPDX-License-Identifier: Apache-2.0
// Client: env::Log over the simulated network, after Kafka's clients: one answer to every call, later, inside
// on_mail. It knows the bootstrap brokers and what they tell it of the cluster, nothing else. Retries what is
// retriable until the delivery timeout. Invariants: a retried batch keeps its sequence and its place; a transaction
// with a failed batch cannot be committed; no offset commit is sent twice when the first may have been executed.
// A callback may destroy the client: it is always the last thing that a handler does, and a handler that may call
// several posts them to itself (later()).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/log/messages.h"
#include "simulator/log/options.h"
#include "simulator/log_client_base.h"

namespace onceproof::simulator::log {

inline constexpr uint64_t kSlotBits = 16;  // of a correlation: the place of its request

// The broker has not executed it, and who to ask may have changed.
inline bool is_stale(ErrorCode code) {
  return code == ErrorCode::not_leader_or_follower || code == ErrorCode::not_coordinator ||
         code == ErrorCode::coordinator_not_available;
}

class Client final : public LogClient {
 public:
  Client(env::Env& env, const ClusterOptions& options, const std::vector<env::ProcessId>& brokers);
  ~Client() override;

  void on_mail(env::Mail& mail) override;

  void init_producer(const std::string& transactional_id, DurationUs transaction_timeout_us,
                     Reply<env::ProducerIdentity> reply) override;
  void append(const env::ProducerIdentity& producer, const env::TopicPartition& partition, env::RecordBatch batch,
              env::Acks acks, Done done) override;
  void send_offsets(const env::ProducerIdentity& producer, const std::string& group, const std::string& instance_id,
                    uint64_t member_epoch, const std::map<env::TopicPartition, int64_t>& offsets, Done done) override;
  void commit(const env::ProducerIdentity& producer, Done done) override;
  void abort(const env::ProducerIdentity& producer, Done done) override;
  void describe_transaction(const std::string& transactional_id, Reply<env::TransactionDescription> reply) override;
  void list_transactions(Reply<std::vector<env::TransactionDescription>> reply) override;
  void fetch(const env::TopicPartition& partition, int64_t offset, env::Isolation isolation, uint32_t max_bytes,
             DurationUs max_wait_us, Reply<env::FetchResult> reply) override;
  void end_offset(const env::TopicPartition& partition, env::Isolation isolation, Reply<int64_t> reply) override;
  void offsets_for_times(const std::map<env::TopicPartition, TimeUs>& timestamps, env::Isolation isolation,
                         Reply<std::map<env::TopicPartition, std::optional<int64_t>>> reply) override;
  void join_group(const std::string& group, const std::string& instance_id, Reply<uint64_t> reply) override;
  void commit_offset(const std::string& group, const std::string& instance_id, uint64_t member_epoch,
                     const env::TopicPartition& partition, int64_t next_offset, Done done) override;
  void committed_offset(const std::string& group, const env::TopicPartition& partition,
                        Reply<std::optional<int64_t>> reply) override;

 private:
  // ---- requests (client.cc) ----------------------------------------------------------------------------------
  // The payload may be moved from. Called once, as the last thing of a handler, unless it only keeps books (`books`).
  using Answered = std::function<void(const Status& status, Bytes& payload)>;
  static constexpr PartitionId kAnyBroker = ~PartitionId{0};
  struct Route {  // who is asked: the leader of a partition, some broker, or one
    PartitionId partition = kAnyBroker;
    int32_t broker = kNoBroker;
  };
  enum class Resend : uint8_t { always, if_not_executed, never };  // never: `answered` sees to it and keeps books only
  struct Request {
    enum class State : uint8_t { free, in_flight, backing_off };
    State state = State::free;
    Resend resend = Resend::always;
    Route route;
    int32_t broker = kNoBroker;  // of the present attempt
    uint64_t correlation = 0;    // of the present attempt
    DurationUs timeout_us = 0;   // of one attempt
    TimeUs due_us = 0;           // of the present attempt
    TimeUs deadline_us = 0;      // of all attempts
    Bytes body;
    Answered answered;
    // A fetch has these instead of a body: it leaves together with the other fetches of its broker.
    FetchRequest fetch;
    TimeUs wait_until_us = 0;
    Reply<env::FetchResult> fetched;  // empty: it is no fetch
  };
  struct Broker {  // as seen from here
    env::ProcessId process = 0;
    DurationUs backoff_us = 0;  // 0: it answers
    TimeUs ready_us = 0;        // nothing is sent to it before
  };
  struct Deferred {  // a call that came before the first metadata
    TimeUs deadline_us = 0;
    std::function<void(const Status&)> run;
  };

  template <class Message>
  void call(Route route, RequestType type, const Message& message, Answered answered,
            Resend resend = Resend::always);
  uint32_t claim();
  void send(uint32_t slot);
  int32_t some_broker();
  void handle(env::Mail& mail);
  void fail(uint32_t slot, ErrorCode code, const std::string& why);
  Request take(uint32_t slot);
  void release(uint32_t slot);
  void arm_timeout(TimeUs due_us);
  void on_timeout();
  void on_response(env::Mail& mail);
  void on_peer_lost(env::ProcessId peer);
  void lose(int32_t broker, ErrorCode code, const char* why);
  void later(std::function<void()> what);
  void report(Request request, const Status& status);
  void refresh();
  void on_metadata(const Status& status, const Bytes& payload);
  // Runs when the cluster is known, at once or later, or with the error that the call is to report.
  template <class Run>
  void when_known(Run run);
  // The partition's number. False: there is none, and the caller hears of it.
  template <class Refuse>
  bool resolve(const env::TopicPartition& partition, PartitionId& id, Refuse refuse);
  Route coordinator(const std::string& transactional_id) const {
    return {image_.transaction_partition(transactional_id)};
  }

  // ---- fetching (client_fetch.cc) ----------------------------------------------------------------------------
  void start_fetch(const env::TopicPartition& partition, FetchRequest fetch, Reply<env::FetchResult> reply);
  void send_fetches();
  void on_fetched(Bytes payload);
  void fetched(const FetchTail& tail, Bytes& records);

  // ---- producing (client_produce.cc) -------------------------------------------------------------------------
  using ProducerKey = std::pair<uint64_t, uint16_t>;  // as the caller names it
  struct Append {
    uint64_t serial = 0;
    env::RecordBatch batch;
    Done done;
    TimeUs deadline_us = 0;
    int32_t sequence = kUnsequenced;
    bool in_flight = false;
    static constexpr int32_t kUnsequenced = -1;
  };
  struct Lane {  // one producer's batches of one partition, oldest first
    std::deque<Append> batches;
    int32_t next_sequence = 0;
    int32_t acknowledged = 0;  // the sequence behind the last batch that was acknowledged
    int32_t in_flight = 0;
    bool backing_off = false;
    bool adding = false;  // classic: the partition is being added to the transaction
    bool added = false;
    Status broken;  // a batch has an unknown outcome: its sequence may be used or not
  };
  // Batches of one partition leave in the order of the calls, also those of several producers of this client: a run
  // of one producer's batches waits until the runs before it are answered.
  struct Turn {
    ProducerKey key;
    size_t left = 0;
  };
  struct End {
    bool commit = false;
    Done done;
  };
  struct Producer {
    ProducerKey key;
    env::ProducerIdentity identity;  // the present one
    env::ProducerIdentity ended;     // under which the last transaction was ended, for a repetition
    bool has_ended = false;
    bool wrote = false;   // since then
    bool ending = false;  // V2: the next epoch is not known yet
    std::map<PartitionId, Lane> lanes;
    uint32_t unfinished = 0;  // appends and offsets without an answer
    std::vector<End> ends;    // waiting for them
    Status error;             // of a batch of the present transaction
  };

  bool v2() const { return version_ == TransactionVersion::v2; }
  Producer& state_of(const env::ProducerIdentity& producer);
  void enqueue(const env::ProducerIdentity& producer, PartitionId id, env::RecordBatch batch, Done done);
  void pump(ProducerKey key, PartitionId id);
  void add_partition(ProducerKey key, PartitionId id);
  void produce(ProducerKey key, PartitionId id, Append& append);
  void on_produced(ProducerKey key, PartitionId id, uint64_t serial, const Status& status);
  void back_off(ProducerKey key, PartitionId id);
  void fail_waiting(ProducerKey key, PartitionId id, const Status& status);
  Done finish(Producer& producer, PartitionId id, size_t index, const Status& status);
  void next_turn(PartitionId id);
  void one_finished(Producer& producer);
  void end_transaction(const env::ProducerIdentity& producer, bool commit, Done done);
  void send_end(Producer& producer, End end);
  void offsets_to_transaction(const env::ProducerIdentity& producer, OffsetCommitRequest request, Done done);

  env::Env& env_;
  ClientOptions options_;
  TransactionVersion version_;
  std::vector<Broker> brokers_;
  ClusterImage image_;
  bool refreshing_ = false;
  TimeUs refreshed_us_ = -1;
  uint64_t next_broker_ = 0;
  std::vector<Deferred> deferred_;

  std::vector<Request> requests_;  // a slab: a correlation ends in its request's place
  std::vector<uint32_t> free_;
  uint64_t next_id_ = 1;
  std::vector<uint32_t> fetches_to_send_;  // slots, oldest first
  bool handling_ = false;                  // fetches wait for the end of the handler
  bool* destroyed_ = nullptr;              // of the handler on the stack: a callback has destroyed this client
  TimeUs timeout_armed_us_ = 0;  // 0: no timer
  env::TimerId timeout_timer_ = 0;
  std::map<uint64_t, std::function<void()>> later_;
  std::map<ProducerKey, Producer> producers_;
  std::map<PartitionId, std::deque<Turn>> turns_;
  std::map<uint64_t, std::pair<ProducerKey, PartitionId>> backing_off_;  // lanes
};

template <class Run>
void Client::when_known(Run run) {
  if (image_.version != 0) return run(Status());
  deferred_.push_back({env_.now() + options_.delivery_timeout_us, std::move(run)});
  refresh();
}

template <class Message>
void Client::call(Route route, RequestType type, const Message& message, Answered answered, Resend resend) {
  const uint32_t slot = claim();
  Request& request = requests_[slot];
  request.resend = resend;
  request.route = route;
  request.timeout_us = options_.request_timeout_us;
  request.deadline_us = env_.now() + options_.delivery_timeout_us;
  request.body = make_request(type, message);
  request.answered = std::move(answered);
  send(slot);
}

template <class Refuse>
bool Client::resolve(const env::TopicPartition& partition, PartitionId& id, Refuse refuse) {
  const std::optional<PartitionId> found = image_.find(partition);
  if (found) {
    id = *found;
    return true;
  }
  const Status status(ErrorCode::unknown_topic_or_partition,
                      partition.topic + "-" + std::to_string(partition.partition) + " does not exist");
  later([refuse, status] { refuse(status); });
  return false;
}

}  // namespace onceproof::simulator::log
