// SPDX-License-Identifier: Apache-2.0
// The client's calls that are one request and its answer.
#include <memory>

#include "simulator/log/client.h"

namespace onceproof::simulator::log {

namespace {

template <class T>
Result<T> decoded(const Status& status, const Bytes& payload) {
  if (!status.ok()) return status.error();
  T value{};
  if (!decode(payload, value)) return Error{ErrorCode::corrupt, "the broker's answer does not decode"};
  return value;
}

template <class T>
auto decoding(env::Log::Reply<T> reply) {
  return [reply = std::move(reply)](const Status& status, const Bytes& payload) { reply(decoded<T>(status, payload)); };
}

Result<std::optional<int64_t>> offset_or_none(const Status& status, const Bytes& payload) {
  const Result<int64_t> offset = decoded<int64_t>(status, payload);
  if (!offset.ok()) return offset.error();
  return offset.value() == kNoOffset ? std::nullopt : std::optional<int64_t>(offset.value());
}

}  // namespace

void Client::init_producer(const std::string& transactional_id, DurationUs transaction_timeout_us,
                           Reply<env::ProducerIdentity> reply) {
  when_known([this, transactional_id, transaction_timeout_us, reply](const Status& status) {
    if (!status.ok()) return reply(status.error());
    call(transactional_id.empty() ? Route{} : coordinator(transactional_id), RequestType::init_producer_id,
         InitProducerIdRequest{transactional_id, transaction_timeout_us}, decoding<env::ProducerIdentity>(reply),
         transactional_id.empty() ? Resend::always : Resend::if_not_executed);
  });
}

void Client::describe_transaction(const std::string& transactional_id, Reply<env::TransactionDescription> reply) {
  when_known([this, transactional_id, reply](const Status& status) {
    if (!status.ok()) return reply(status.error());
    call(coordinator(transactional_id), RequestType::describe_transaction, NameRequest{transactional_id},
         decoding<env::TransactionDescription>(reply));
  });
}

// Every broker is asked for what it coordinates.
void Client::list_transactions(Reply<std::vector<env::TransactionDescription>> reply) {
  when_known([this, reply](const Status& known) {
    if (!known.ok()) return reply(known.error());
    struct Gathered {
      std::map<std::string, env::TransactionDescription> all;
      Status error;
      size_t left = 0;
    };
    const auto gathered = std::make_shared<Gathered>();
    gathered->left = brokers_.size();
    for (size_t broker = 0; broker < brokers_.size(); ++broker) {
      call({kAnyBroker, static_cast<int32_t>(broker)}, RequestType::list_transactions, NoFields{},
           [gathered, reply](const Status& status, const Bytes& payload) {
             const auto some = decoded<std::vector<env::TransactionDescription>>(status, payload);
             if (!some.ok()) gathered->error = Status(some.error());
             if (some.ok()) {
               for (const env::TransactionDescription& one : some.value()) {
                 gathered->all[one.producer.transactional_id] = one;
               }
             }
             if (--gathered->left != 0) return;
             if (!gathered->error.ok()) return reply(gathered->error.error());
             std::vector<env::TransactionDescription> list;
             for (const auto& [id, one] : gathered->all) list.push_back(one);
             reply(list);
           });
    }
  });
}

// ---- consuming -----------------------------------------------------------------------------------------------

void Client::end_offset(const env::TopicPartition& partition, env::Isolation isolation, Reply<int64_t> reply) {
  when_known([this, partition, isolation, reply](const Status& known) {
    if (!known.ok()) return reply(known.error());
    PartitionId id = 0;
    if (!resolve(partition, id, [reply](const Status& status) { reply(status.error()); })) return;
    call({id}, RequestType::list_offsets, ListOffsetsRequest{id, isolation, false, 0}, decoding<int64_t>(reply));
  });
}

void Client::offsets_for_times(const std::map<env::TopicPartition, TimeUs>& timestamps, env::Isolation isolation,
                               Reply<std::map<env::TopicPartition, std::optional<int64_t>>> reply) {
  when_known([this, timestamps, isolation, reply](const Status& known) {
    if (!known.ok()) return reply(known.error());
    struct Gathered {
      std::map<env::TopicPartition, std::optional<int64_t>> offsets;
      Status error;
      size_t left = 0;
    };
    const auto gathered = std::make_shared<Gathered>();
    gathered->left = timestamps.size();
    const auto one_less = [gathered, reply] {
      if (--gathered->left != 0) return;
      if (!gathered->error.ok()) return reply(gathered->error.error());
      reply(gathered->offsets);
    };
    if (timestamps.empty()) return later([reply] { reply(std::map<env::TopicPartition, std::optional<int64_t>>{}); });
    for (const auto& [partition, timestamp_us] : timestamps) {
      PartitionId id = 0;
      const auto refuse = [gathered, one_less](const Status& status) {
        gathered->error = status;
        one_less();
      };
      if (!resolve(partition, id, refuse)) continue;
      call({id}, RequestType::list_offsets, ListOffsetsRequest{id, isolation, true, timestamp_us},
           [gathered, one_less, partition = partition](const Status& status, const Bytes& payload) {
             const Result<std::optional<int64_t>> offset = offset_or_none(status, payload);
             if (offset.ok()) gathered->offsets[partition] = offset.value();
             if (!offset.ok()) gathered->error = Status(offset.error());
             one_less();
           });
    }
  });
}

// ---- groups --------------------------------------------------------------------------------------------------

void Client::join_group(const std::string& group, const std::string& instance_id, Reply<uint64_t> reply) {
  when_known([this, group, instance_id, reply](const Status& status) {
    if (!status.ok()) return reply(status.error());
    call({image_.group_partition(group)}, RequestType::join_group, JoinGroupRequest{group, instance_id},
         decoding<uint64_t>(reply));
  });
}

void Client::commit_offset(const std::string& group, const std::string& instance_id, uint64_t member_epoch,
                           const env::TopicPartition& partition, int64_t next_offset, Done done) {
  when_known([this, group, instance_id, member_epoch, partition, next_offset, done](const Status& known) {
    if (!known.ok()) return done(known);
    PartitionId id = 0;
    if (!resolve(partition, id, done)) return;
    call({image_.group_partition(group)}, RequestType::offset_commit,
         OffsetCommitRequest{group, instance_id, member_epoch, {{id, next_offset}}, {}, version_},
         [done](const Status& status, Bytes&) { done(status); }, Resend::if_not_executed);
  });
}

void Client::committed_offset(const std::string& group, const env::TopicPartition& partition,
                              Reply<std::optional<int64_t>> reply) {
  when_known([this, group, partition, reply](const Status& known) {
    if (!known.ok()) return reply(known.error());
    PartitionId id = 0;
    if (!resolve(partition, id, [reply](const Status& status) { reply(status.error()); })) return;
    call({image_.group_partition(group)}, RequestType::offset_fetch, OffsetFetchRequest{group, id},
         [reply](const Status& status, const Bytes& payload) { reply(offset_or_none(status, payload)); });
  });
}

}  // namespace onceproof::simulator::log
