// SPDX-License-Identifier: Apache-2.0
// A log client that asks nothing by itself: a lambda gets its mails, a test sends through its Env. For tests of what
// the world gives to every client: an endpoint and connections of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "simulator/world.h"

namespace onceproof::test {

class StubLogClient final : public simulator::LogClient {
 public:
  using Handler = std::function<void(env::Env&, env::Mail&)>;
  StubLogClient(env::Env& env, Handler handler) : env_(env), handler_(std::move(handler)) {}
  void on_mail(env::Mail& mail) override { handler_(env_, mail); }
  env::Env& env() { return env_; }

  void init_producer(const std::string&, DurationUs, Reply<env::ProducerIdentity>) override {}
  void append(const env::ProducerIdentity&, const env::TopicPartition&, env::RecordBatch, env::Acks, Done) override {}
  void commit(const env::ProducerIdentity&, Done) override {}
  void abort(const env::ProducerIdentity&, Done) override {}
  void describe_transaction(const std::string&, Reply<env::TransactionDescription>) override {}
  void send_offsets(const env::ProducerIdentity&, const std::string&, const std::string&, uint64_t,
                    const std::map<env::TopicPartition, int64_t>&, Done) override {}
  void list_transactions(Reply<std::vector<env::TransactionDescription>>) override {}
  void offsets_for_times(const std::map<env::TopicPartition, TimeUs>&, env::Isolation,
                         Reply<std::map<env::TopicPartition, std::optional<int64_t>>>) override {}
  void fetch(const env::TopicPartition&, int64_t, env::Isolation, uint32_t, DurationUs,
             Reply<env::FetchResult>) override {}
  void end_offset(const env::TopicPartition&, env::Isolation, Reply<int64_t>) override {}
  void join_group(const std::string&, const std::string&, Reply<uint64_t>) override {}
  void commit_offset(const std::string&, const std::string&, uint64_t, const env::TopicPartition&, int64_t,
                     Done) override {}
  void committed_offset(const std::string&, const env::TopicPartition&, Reply<std::optional<int64_t>>) override {}

 private:
  env::Env& env_;
  Handler handler_;
};

}  // namespace onceproof::test
