// SPDX-License-Identifier: Apache-2.0
// The client's producers: lanes of batches, transactions and their end (Sender.java, TransactionManager.java).
#include <fmt/format.h>

#include <algorithm>

#include "simulator/log/client.h"

namespace onceproof::simulator::log {

namespace {

env::ErrorClass class_of(const Status& status) { return env::classify(status.code()); }

}  // namespace

Client::Producer& Client::state_of(const env::ProducerIdentity& producer) {
  const auto [at, is_new] = producers_.try_emplace({producer.producer_id, producer.epoch});
  if (is_new) {
    at->second.key = at->first;
    at->second.identity = at->second.ended = producer;
  }
  return at->second;
}

void Client::append(const env::ProducerIdentity& producer, const env::TopicPartition& partition, env::RecordBatch batch,
                    env::Acks acks, Done done) {
  when_known([this, producer, partition, batch = std::move(batch), acks, done](const Status& status) mutable {
    if (!status.ok()) return done(status);
    PartitionId id = 0;
    if (acks == env::Acks::none && producer.transactional_id.empty()) {
      if (!resolve(partition, id, done)) return;
      // Nobody retries it, so a sequence number would only turn one loss into many.
      ProduceRequest request{producer, id, -1, acks, version_, batch.count, static_cast<uint32_t>(batch.records.size())};
      const int32_t leader = image_.partitions[id].leader;
      Bytes body = make_request(RequestType::produce, request, batch.records.size());
      body.append(batch.records);
      if (leader == kNoBroker) {
        refresh();
      } else {
        env_.network().send({brokers_[static_cast<size_t>(leader)].process, env::kMainEndpoint}, env::MailKind::log_request,
                            std::move(body));
      }
      return later([done] { done(Status()); });
    }
    Producer& state = state_of(producer);
    const bool transactional = !producer.transactional_id.empty();
    const auto refuse = [this, key = ProducerKey{producer.producer_id, producer.epoch}, transactional,
                         done](const Status& refused) {
      Producer& failed = producers_[key];
      if (transactional && failed.error.ok()) failed.error = refused;
      one_finished(failed);
      done(refused);
    };
    ++state.unfinished;
    if (resolve(partition, id, refuse)) enqueue(producer, id, std::move(batch), std::move(done));
  });
}

void Client::enqueue(const env::ProducerIdentity& producer, PartitionId id, env::RecordBatch batch, Done done) {
  const ProducerKey key{producer.producer_id, producer.epoch};
  Append& append = producers_[key].lanes[id].batches.emplace_back();
  append.serial = next_id_++;
  append.batch = std::move(batch);
  append.done = std::move(done);
  append.deadline_us = env_.now() + options_.delivery_timeout_us;
  std::deque<Turn>& turns = turns_[id];
  if (turns.empty() || turns.back().key != key) turns.push_back({key, 0});
  ++turns.back().left;
  pump(key, id);
}

// Sends what may be sent: in order, and in the classic protocol only once the transaction has the partition.
void Client::pump(ProducerKey key, PartitionId id) {
  Producer& producer = producers_[key];
  Lane& lane = producer.lanes[id];
  if (!producer.error.ok()) return fail_waiting(key, id, producer.error);
  if (!lane.broken.ok()) return fail_waiting(key, id, lane.broken);
  if (lane.backing_off || lane.adding || producer.ending || lane.batches.empty()) return;
  const bool transactional = !producer.identity.transactional_id.empty();
  if (transactional && !v2() && !lane.added) return add_partition(key, id);
  const Turn& turn = turns_[id].front();
  if (turn.key != key) return;
  const int32_t limit = producer.identity.producer_id == 0 ? 1 : options_.max_in_flight;
  for (size_t i = 0; i < turn.left && lane.in_flight < limit; ++i) {
    if (!lane.batches[i].in_flight) produce(key, id, lane.batches[i]);
  }
}

void Client::add_partition(ProducerKey key, PartitionId id) {
  Producer& producer = producers_[key];
  producer.lanes[id].adding = true;
  call(coordinator(producer.identity.transactional_id), RequestType::add_partitions_to_txn,
       PartitionRequest{producer.identity, id, version_}, [this, key, id](const Status& status, Bytes&) {
         Producer& state = producers_[key];
         Lane& lane = state.lanes[id];
         lane.adding = false;
         lane.added = status.ok();
         if (!status.ok() && state.error.ok()) state.error = status;
         pump(key, id);
       });
}

void Client::produce(ProducerKey key, PartitionId id, Append& append) {
  Producer& producer = producers_[key];
  Lane& lane = producer.lanes[id];
  if (append.sequence == Append::kUnsequenced && producer.identity.producer_id != 0) {
    append.sequence = lane.next_sequence;
    lane.next_sequence += static_cast<int32_t>(append.batch.count);
  }
  append.in_flight = true;
  ++lane.in_flight;
  producer.wrote = true;
  const ProduceRequest fields{producer.identity, id, append.sequence, env::Acks::all, version_, append.batch.count,
                              static_cast<uint32_t>(append.batch.records.size())};
  const uint32_t slot = claim();
  Request& request = requests_[slot];
  request.resend = Resend::never;
  request.route = {id};
  request.timeout_us = options_.request_timeout_us;
  request.body = make_request(RequestType::produce, fields, append.batch.records.size());
  request.body.append(append.batch.records);
  request.answered = [this, key, id, serial = append.serial](const Status& status, Bytes&) {
    on_produced(key, id, serial, status);
  };
  send(slot);
}

void Client::on_produced(ProducerKey key, PartitionId id, uint64_t serial, const Status& status) {
  Producer& producer = producers_[key];
  Lane& lane = producer.lanes[id];
  const auto found = std::find_if(lane.batches.begin(), lane.batches.end(),
                                  [&](const Append& append) { return append.serial == serial; });
  CHECK(found != lane.batches.end(), "a batch stays until it is answered");
  const auto index = static_cast<size_t>(found - lane.batches.begin());
  found->in_flight = false;
  --lane.in_flight;
  if (status.ok()) {
    const Done done = finish(producer, id, index, status);
    pump(key, id);
    next_turn(id);
    one_finished(producer);
    return done(status);
  }
  // A batch behind one that failed meets a gap, which closes when the one before it is sent again.
  const bool gap = status.code() == ErrorCode::out_of_order_sequence && index > 0;
  const bool unknown = class_of(status) == env::ErrorClass::unknown;
  const bool again = gap || unknown || class_of(status) == env::ErrorClass::retriable;
  const bool in_time = env_.now() + options_.retry_backoff_us < found->deadline_us;
  if (again && in_time && producer.error.ok() && lane.broken.ok()) return back_off(key, id);
  Status reported = status;
  if (again) {
    const ErrorCode code = status.code() == ErrorCode::connection_lost ? status.code() : ErrorCode::timed_out;
    reported = Status(code, "gave up after the delivery timeout: " + status.error().message);
    if (producer.identity.producer_id != 0) {
      lane.broken = Status(ErrorCode::out_of_order_sequence, "an earlier batch of this producer has an unknown outcome");
    }
  }
  const Done done = finish(producer, id, index, reported);
  later([done, reported] { done(reported); });
  pump(key, id);
  next_turn(id);
  one_finished(producer);
}

// The batch leaves the lane; who is told, and when, is the caller's to see.
Client::Done Client::finish(Producer& producer, PartitionId id, size_t index, const Status& status) {
  Lane& lane = producer.lanes[id];
  std::deque<Turn>& turns = turns_[id];
  size_t before = index;
  for (auto turn = turns.begin(); turn != turns.end(); ++turn) {
    if (turn->key != producer.key) continue;
    if (before >= turn->left) {
      before -= turn->left;
      continue;
    }
    if (--turn->left == 0) turns.erase(turn);
    break;
  }
  Append& append = lane.batches[index];
  if (status.ok()) lane.acknowledged = std::max(lane.acknowledged, append.sequence + static_cast<int32_t>(append.batch.count));
  if (!status.ok() && !producer.identity.transactional_id.empty() && producer.error.ok()) producer.error = status;
  Done done = std::move(append.done);
  lane.batches.erase(lane.batches.begin() + static_cast<ptrdiff_t>(index));
  // What was refused for certain has used up no sequence.
  if (lane.batches.empty() && lane.broken.ok()) lane.next_sequence = lane.acknowledged;
  return done;
}

void Client::next_turn(PartitionId id) {
  if (!turns_[id].empty()) pump(ProducerKey(turns_[id].front().key), id);
}

void Client::back_off(ProducerKey key, PartitionId id) {
  Lane& lane = producers_[key].lanes[id];
  if (lane.backing_off) return;
  lane.backing_off = true;
  const uint64_t timer = next_id_++;
  backing_off_[timer] = {key, id};
  env_.scheduler().after(options_.retry_backoff_us, env::MailKind::log_retry, timer);
}

// Batches that are not on their way fail with what went wrong before them; each of the others gets its own answer.
void Client::fail_waiting(ProducerKey key, PartitionId id, const Status& why) {
  const Status status = why;
  Producer& producer = producers_[key];
  Lane& lane = producer.lanes[id];
  for (size_t i = 0; i < lane.batches.size();) {
    if (lane.batches[i].in_flight) {
      ++i;
      continue;
    }
    // It was sent before and may have been executed.
    const bool unknown = lane.batches[i].sequence != Append::kUnsequenced;
    if (unknown && lane.broken.ok()) lane.broken = Status(ErrorCode::out_of_order_sequence, status.error().message);
    const Done done = finish(producer, id, i, status);
    later([done, status] { done(status); });
    one_finished(producer);
  }
  const std::deque<Turn>& turns = turns_[id];
  if (!turns.empty() && turns.front().key != key) next_turn(id);
}

// ---- ending transactions -------------------------------------------------------------------------------------

void Client::one_finished(Producer& producer) {
  if (--producer.unfinished != 0) return;
  std::vector<End> ends = std::move(producer.ends);
  producer.ends.clear();
  for (End& end : ends) send_end(producer, std::move(end));
}

void Client::commit(const env::ProducerIdentity& producer, Done done) {
  end_transaction(producer, true, std::move(done));
}
void Client::abort(const env::ProducerIdentity& producer, Done done) {
  end_transaction(producer, false, std::move(done));
}

// As KafkaProducer: ending waits for the batches on their way.
void Client::end_transaction(const env::ProducerIdentity& producer, bool commit, Done done) {
  when_known([this, producer, commit, done](const Status& status) {
    if (!status.ok()) return done(status);
    Producer& state = state_of(producer);
    if (state.unfinished != 0) return state.ends.push_back({commit, done});
    send_end(state, {commit, done});
  });
}

void Client::send_end(Producer& producer, End end) {
  if (end.commit && !producer.error.ok()) {
    return later([done = std::move(end.done), status = producer.error] { done(status); });
  }
  producer.error = Status();
  for (auto& [id, lane] : producer.lanes) lane.added = false;
  // Nothing was written since the last end: it is that one which is repeated.
  const bool repeats = v2() && producer.has_ended && !producer.wrote;
  const env::ProducerIdentity identity = repeats ? producer.ended : producer.identity;
  producer.ending = v2();
  const ProducerKey key = producer.key;
  call(coordinator(identity.transactional_id), RequestType::end_txn,
       EndTxnRequest{identity, end.commit, v2() ? 5 : 3},
       [this, key, identity, done = std::move(end.done)](const Status& status, const Bytes& payload) {
         Producer& state = producers_[key];
         state.ending = false;
         env::ProducerIdentity next;
         if (v2() && status.ok() && decode(payload, next)) {
           state.ended = identity;
           state.has_ended = true;
           state.wrote = false;
           if (next.producer_id != state.identity.producer_id || next.epoch != state.identity.epoch) {
             state.identity = next;
             for (auto& [id, lane] : state.lanes) {  // sequences begin anew with an epoch
               lane.next_sequence = lane.acknowledged = 0;
               lane.broken = Status();
             }
           }
         }
         std::vector<PartitionId> waiting;
         for (const auto& [id, lane] : state.lanes) {
           if (!lane.batches.empty()) waiting.push_back(id);
         }
         for (const PartitionId id : waiting) pump(key, id);
         done(status);
       });
}

// ---- offsets in a transaction --------------------------------------------------------------------------------

void Client::send_offsets(const env::ProducerIdentity& producer, const std::string& group,
                          const std::string& instance_id, uint64_t member_epoch,
                          const std::map<env::TopicPartition, int64_t>& offsets, Done done) {
  when_known([this, producer, group, instance_id, member_epoch, offsets, done](const Status& status) {
    if (!status.ok()) return done(status);
    OffsetCommitRequest request{group, instance_id, member_epoch, {}, {}, version_};
    for (const auto& [partition, offset] : offsets) {
      PartitionId id = 0;
      if (!resolve(partition, id, done)) return;
      request.offsets[id] = offset;
    }
    offsets_to_transaction(producer, std::move(request), done);
  });
}

// Classic: the transaction gets the group's partition of the offsets topic first; V2: its leader sees to that.
void Client::offsets_to_transaction(const env::ProducerIdentity& producer, OffsetCommitRequest request, Done done) {
  Producer& state = state_of(producer);
  const ProducerKey key{producer.producer_id, producer.epoch};
  ++state.unfinished;
  state.wrote = true;
  request.producer = state.identity;
  const PartitionId id = image_.group_partition(request.group);
  const auto finished = [this, key, done](const Status& status) {
    Producer& sent = producers_[key];
    if (!status.ok() && sent.error.ok()) sent.error = status;
    one_finished(sent);
    done(status);
  };
  const auto commit = [this, id, request, finished] {
    call({id}, RequestType::offset_commit, request, [finished](const Status& status, Bytes&) { finished(status); });
  };
  if (v2()) return commit();
  call(coordinator(producer.transactional_id), RequestType::add_partitions_to_txn,
       PartitionRequest{request.producer, id, version_}, [commit, finished](const Status& status, Bytes&) {
         if (!status.ok()) return finished(status);
         commit();
       });
}

}  // namespace onceproof::simulator::log
