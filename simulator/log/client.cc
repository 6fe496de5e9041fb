// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/client.h"

#include <fmt/format.h>

namespace onceproof::simulator::log {

namespace {

bool is_retriable(ErrorCode code) {
  return code == ErrorCode::concurrent_transactions || code == ErrorCode::coordinator_not_available;
}

template <class T>
Result<T> decoded(const Status& status, const Bytes& payload) {
  if (!status.ok()) return status.error();
  T value{};
  if (!decode(payload, value)) return Error{ErrorCode::corrupt, "the broker's answer does not decode"};
  return value;
}

}  // namespace

Client::Client(env::Env& env, const LogCluster& cluster) : env_(env), cluster_(cluster) {}

void Client::on_mail(env::Mail& mail) {
  switch (mail.kind) {
    case env::MailKind::log_response: return on_response(mail);
    case env::MailKind::connection_lost: return on_peer_lost(static_cast<env::ProcessId>(mail.a));
    case env::MailKind::unknown_endpoint: return on_peer_lost(mail.from.process);
    case env::MailKind::log_request_timeout: {
      auto late = in_flight_.extract(mail.a);
      if (!late.empty()) on_timeout(std::move(late.mapped()));
      return;
    }
    case env::MailKind::log_retry: {
      auto waiting = backing_off_.extract(mail.a);
      if (waiting.empty()) return;
      Request request = std::move(waiting.mapped());
      if (request.unknown.ok()) return send(std::move(request));
      Bytes none;
      return request.answered(request.unknown, none);
    }
    default: return;
  }
}

// ---- requests --------------------------------------------------------------------------------------------

template <class Message>
void Client::call(int32_t broker, RequestType type, const Message& message, Answered answered, DurationUs wait_us,
                  bool once) {
  const ClientOptions& options = cluster_.options().client;
  send({broker, make_request(type, message), options.request_timeout_us + wait_us,
        env_.now() + options.delivery_timeout_us + wait_us, 0, std::move(answered), once, {}});
}

void Client::send(Request request) {
  const uint64_t correlation = next_id_++;
  set_correlation(request.body, correlation);
  request.timer = env_.scheduler().after(request.timeout_us, env::MailKind::log_request_timeout, correlation);
  const env::ProcessId process = cluster_.processes()[static_cast<size_t>(request.broker)];
  env_.network().send({process, env::kMainEndpoint}, env::MailKind::log_request, request.body);
  in_flight_.emplace(correlation, std::move(request));
}

void Client::retry_later(Request request, ErrorCode code, const std::string& why) {
  const DurationUs backoff_us = cluster_.options().client.retry_backoff_us;
  if (env_.now() + backoff_us >= request.deadline_us) {
    const ErrorCode reported = code == ErrorCode::connection_lost ? code : ErrorCode::timed_out;
    const Status status(reported, fmt::format("gave up after the delivery timeout: {}", why));
    return later([answered = std::move(request.answered), status] {
      Bytes none;
      answered(status, none);
    });
  }
  const bool unknown = code == ErrorCode::timed_out || code == ErrorCode::connection_lost;
  if (request.once && unknown) request.unknown = Status(code, why);
  const uint64_t id = next_id_++;
  env_.scheduler().after(backoff_us, env::MailKind::log_retry, id);
  backing_off_.emplace(id, std::move(request));
}

void Client::on_response(env::Mail& mail) {
  if (mail.a != 0) {  // posted by later()
    auto local = later_.extract(mail.a);
    if (!local.empty()) local.mapped()();
    return;
  }
  ResponseTrailer trailer;
  if (!take_trailer(mail.body, trailer)) return;
  auto found = in_flight_.extract(trailer.correlation);
  if (found.empty()) return;  // answered an attempt that was given up
  Request request = std::move(found.mapped());
  env_.scheduler().cancel(request.timer);
  if (is_retriable(trailer.error)) return retry_later(std::move(request), trailer.error, mail.body);
  const Status status = trailer.error == ErrorCode::ok ? Status() : Status(trailer.error, mail.body);
  request.answered(status, mail.body);
}

// As Kafka's client: a connection on which one request went unanswered is given up, with all the others on it. The
// broker may still execute them.
void Client::on_timeout(Request request) {
  const env::ProcessId peer = cluster_.processes()[static_cast<size_t>(request.broker)];
  env_.network().disconnect(peer);
  retry_later(std::move(request), ErrorCode::timed_out, "no answer from the broker");
  on_peer_lost(peer);
}

void Client::on_peer_lost(env::ProcessId peer) {
  std::vector<uint64_t> lost;
  for (const auto& [correlation, request] : in_flight_) {
    if (cluster_.processes()[static_cast<size_t>(request.broker)] == peer) lost.push_back(correlation);
  }
  for (const uint64_t correlation : lost) {
    Request request = std::move(in_flight_.extract(correlation).mapped());
    env_.scheduler().cancel(request.timer);
    retry_later(std::move(request), ErrorCode::connection_lost, "the connection to the broker was lost");
  }
}

void Client::later(std::function<void()> what) {
  const uint64_t id = next_id_++;
  later_.emplace(id, std::move(what));
  env_.scheduler().post(env::MailKind::log_response, id);
}

// ---- producing -------------------------------------------------------------------------------------------

void Client::init_producer(const std::string& transactional_id, DurationUs transaction_timeout_us,
                           Reply<env::ProducerIdentity> reply) {
  call(cluster_.store().coordinator(transactional_id), RequestType::init_producer_id,
       InitProducerIdRequest{transactional_id, transaction_timeout_us},
       [reply = std::move(reply)](const Status& status, Bytes& payload) {
         reply(decoded<env::ProducerIdentity>(status, payload));
       },
       0, !transactional_id.empty());
}

void Client::append(const env::ProducerIdentity& producer, const env::TopicPartition& partition, env::RecordBatch batch,
                    env::Acks acks, Done done) {
  if (acks == env::Acks::none && producer.transactional_id.empty()) {
    // Nobody retries it, so a sequence number would only turn one loss into many.
    ProduceRequest request{producer, partition, kNoSequence, acks, std::move(batch)};
    const env::ProcessId process = cluster_.processes()[static_cast<size_t>(cluster_.store().leader(partition))];
    env_.network().send({process, env::kMainEndpoint}, env::MailKind::log_request,
                        make_request(RequestType::produce, request));
    return later([done = std::move(done)] { done(Status()); });
  }
  ++state_of(producer).unfinished;
  std::deque<Append>& queue = queues_[partition];
  queue.push_back({producer, std::move(batch), std::move(done)});
  if (queue.size() == 1) start_append(partition);
}

// The front of the partition's queue: its transaction must contain the partition first.
void Client::start_append(const env::TopicPartition& partition) {
  const Append& front = queues_[partition].front();
  const env::ProducerIdentity& producer = front.producer;
  Producer& state = state_of(producer);
  if (!state.error.ok()) return finish_append(partition, state.error, true);
  if (state.uncertain.contains(partition)) {
    const Status status(ErrorCode::out_of_order_sequence, "an earlier batch of this producer has an unknown outcome");
    return finish_append(partition, status, true);
  }
  if (producer.transactional_id.empty() || state.in_transaction.contains(partition)) return produce(partition);
  call(cluster_.store().coordinator(producer.transactional_id), RequestType::add_partitions_to_txn,
       PartitionRequest{producer, partition}, [this, partition](const Status& status, Bytes&) {
         if (!status.ok()) return finish_append(partition, status, false);
         state_of(queues_[partition].front().producer).in_transaction.insert(partition);
         produce(partition);
       });
}

void Client::produce(const env::TopicPartition& partition) {
  Append& front = queues_[partition].front();
  Producer& state = state_of(front.producer);
  const auto count = static_cast<int32_t>(front.batch.count);
  const bool idempotent = front.producer.producer_id != 0;
  const int32_t sequence = idempotent ? state.sequences[partition] : kNoSequence;
  call(cluster_.store().leader(partition), RequestType::produce,
       ProduceRequest{front.producer, partition, sequence, env::Acks::all, std::move(front.batch)},
       [this, partition, count](const Status& status, Bytes&) {
         Producer& producer = state_of(queues_[partition].front().producer);
         if (status.ok()) producer.sequences[partition] += count;
         const bool unknown = status.code() == ErrorCode::timed_out || status.code() == ErrorCode::connection_lost;
         if (unknown && queues_[partition].front().producer.producer_id != 0) producer.uncertain.insert(partition);
         finish_append(partition, status, false);
       });
}

void Client::finish_append(const env::TopicPartition& partition, Status status, bool answer_later) {
  std::deque<Append>& queue = queues_[partition];
  const env::ProducerIdentity producer = std::move(queue.front().producer);
  Done done = std::move(queue.front().done);
  queue.pop_front();
  Producer& state = state_of(producer);
  if (!status.ok() && !producer.transactional_id.empty()) state.error = status;
  if (--state.unfinished == 0) {
    std::vector<End> ends = std::move(state.ends);
    state.ends.clear();
    for (End& end : ends) send_end(producer, std::move(end));
  }
  if (answer_later) later([done = std::move(done), status] { done(status); });
  if (!queue.empty()) start_append(partition);
  if (!answer_later) done(status);
}

// ---- ending transactions ---------------------------------------------------------------------------------

void Client::commit(const env::ProducerIdentity& producer, Done done) {
  end_transaction(producer, true, std::move(done));
}
void Client::abort(const env::ProducerIdentity& producer, Done done) {
  end_transaction(producer, false, std::move(done));
}

// As KafkaProducer: ending waits for the batches on their way.
void Client::end_transaction(const env::ProducerIdentity& producer, bool commit, Done done) {
  Producer& state = state_of(producer);
  if (state.unfinished != 0) return state.ends.push_back({commit, std::move(done)});
  send_end(producer, {commit, std::move(done)});
}

void Client::send_end(const env::ProducerIdentity& producer, End end) {
  Producer& state = state_of(producer);
  if (end.commit && !state.error.ok()) {
    return later([done = std::move(end.done), status = state.error] { done(status); });
  }
  state.error = Status();
  state.in_transaction.clear();
  call(cluster_.store().coordinator(producer.transactional_id), RequestType::end_txn,
       EndTxnRequest{producer, end.commit},
       [done = std::move(end.done)](const Status& status, Bytes&) { done(status); });
}

void Client::describe_transaction(const std::string& transactional_id, Reply<env::TransactionDescription> reply) {
  call(cluster_.store().coordinator(transactional_id), RequestType::describe_transaction,
       DescribeTransactionRequest{transactional_id},
       [reply = std::move(reply)](const Status& status, Bytes& payload) {
         reply(decoded<env::TransactionDescription>(status, payload));
       });
}

// ---- consuming -------------------------------------------------------------------------------------------

void Client::fetch(const env::TopicPartition& partition, int64_t offset, env::Isolation isolation, uint32_t max_bytes,
                   DurationUs max_wait_us, Reply<env::FetchResult> reply) {
  call(
      cluster_.store().leader(partition), RequestType::fetch,
      FetchRequest{partition, offset, isolation, max_bytes, max_wait_us},
      [reply = std::move(reply)](const Status& status, Bytes& payload) {
        if (!status.ok()) return reply(status.error());
        FetchTail tail;
        if (payload.size() < FetchTail::kSize) return reply(Error{ErrorCode::corrupt, "a fetch response is cut off"});
        const size_t records = payload.size() - FetchTail::kSize;
        CHECK(decode(ByteView(payload).substr(records), tail), "a tail has one size");
        payload.resize(records);
        reply(env::FetchResult{
            {tail.count, std::move(payload)}, tail.next_offset, tail.high_watermark, tail.last_stable_offset});
      },
      max_wait_us);
}

void Client::end_offset(const env::TopicPartition& partition, env::Isolation isolation, Reply<int64_t> reply) {
  call(cluster_.store().leader(partition), RequestType::list_offsets, ListOffsetsRequest{partition, isolation},
       [reply = std::move(reply)](const Status& status, Bytes& payload) { reply(decoded<int64_t>(status, payload)); });
}

void Client::join_group(const std::string& group, const std::string& instance_id, Reply<uint64_t> reply) {
  call(cluster_.store().group_coordinator(group), RequestType::join_group, JoinGroupRequest{group, instance_id},
       [reply = std::move(reply)](const Status& status, Bytes& payload) { reply(decoded<uint64_t>(status, payload)); });
}

void Client::commit_offset(const std::string& group, const std::string& instance_id, uint64_t member_epoch,
                           const env::TopicPartition& partition, int64_t next_offset, Done done) {
  call(cluster_.store().group_coordinator(group), RequestType::offset_commit,
       OffsetCommitRequest{group, instance_id, member_epoch, partition, next_offset},
       [done = std::move(done)](const Status& status, Bytes&) { done(status); }, 0, true);
}

void Client::committed_offset(const std::string& group, const env::TopicPartition& partition,
                              Reply<std::optional<int64_t>> reply) {
  call(cluster_.store().group_coordinator(group), RequestType::offset_fetch, OffsetFetchRequest{group, partition},
       [reply = std::move(reply)](const Status& status, Bytes& payload) {
         const Result<int64_t> offset = decoded<int64_t>(status, payload);
         if (!offset.ok()) return reply(offset.error());
         reply(offset.value() == kNoOffset ? std::nullopt : std::optional<int64_t>(offset.value()));
       });
}

}  // namespace onceproof::simulator::log
