// SPDX-License-Identifier: Apache-2.0
// A world for one handler in a unit test: nothing happens by itself. Sends, posts, timers and probe hits are
// recorded; the log answers only when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/dataflow/operator.h"
#include "runtime/env/env.h"
#include "tests/support/memory_storage.h"

namespace onceproof::tests {

// Every call waits in `calls` until the test answers it.
class FakeLog : public env::Log {
 public:
  struct Call {
    std::string what;  // "init p-0-1", "append p-0-1/0", "commit p-0-0", ...
    env::ProducerIdentity producer;
    Reply<env::ProducerIdentity> on_producer;
    Done done;
    Reply<env::TransactionDescription> on_description = {};
    Reply<env::FetchResult> on_fetch = {};
    Reply<int64_t> on_end = {};
    Reply<uint64_t> on_join = {};
    Reply<std::optional<int64_t>> on_offset = {};
    DurationUs wait_us = 0;  // of a fetch
  };
  struct Journal {
    std::deque<Call> calls;
    std::vector<std::string> history;  // every call's `what`, in order
    std::map<std::string, uint16_t> epochs;

    void add(Call call) {
      history.push_back(call.what);
      calls.push_back(std::move(call));
    }
    Call take(const std::string& what) {
      for (auto it = calls.begin(); it != calls.end(); ++it) {
        if (it->what != what) continue;
        Call call = std::move(*it);
        calls.erase(it);
        return call;
      }
      std::string open;
      for (const Call& call : calls) open += call.what + "; ";
      ADD_FAILURE() << "no call \"" << what << "\"; open: " << open;
      return {};
    }
    bool waiting(const std::string& what) const {
      for (const Call& call : calls) {
        if (call.what == what) return true;
      }
      return false;
    }
    // Answers as a log would that knows the ids in `epochs`.
    void grant(const std::string& id) {
      Call call = take("init " + id);
      const auto known = epochs.find(id);
      const uint16_t epoch = known == epochs.end() ? 0 : static_cast<uint16_t>(known->second + 1);
      epochs[id] = epoch;
      call.on_producer(env::ProducerIdentity{id, 7, epoch});
    }
    void ok(const std::string& what) { take(what).done(Status()); }
    void fail(const std::string& what, ErrorCode code) { take(what).done(Status(code, to_string(code))); }
    void fail_init(const std::string& id, ErrorCode code) {
      take("init " + id).on_producer(Error{code, to_string(code)});
    }
    void describe(const std::string& id, env::TransactionPhase phase, uint16_t epoch = 0, uint64_t producer_id = 7) {
      take("describe " + id).on_description(env::TransactionDescription{phase, {id, producer_id, epoch}});
    }
    // Every open proof of life is answered: it lives.
    void alive(const std::string& id) { describe(id, env::TransactionPhase::ongoing); }
    void end(const std::string& partition, int64_t offset) { take("end " + partition).on_end(offset); }
    void joined(uint64_t epoch) { take("join").on_join(epoch); }
    void offset(const std::string& partition, std::optional<int64_t> offset) {
      take("offset " + partition).on_offset(offset);
    }
    void records(const std::string& what, int64_t first, int count) {
      env::FetchResult result;
      for (int i = 0; i < count; ++i) {
        env::append_log_record({first + i, first + i, "", "r" + std::to_string(first + i), ""}, result.batch.records);
      }
      result.batch.count = static_cast<uint32_t>(count);
      result.next_offset = first + count;
      take(what).on_fetch(std::move(result));
    }
  };

  explicit FakeLog(Journal& journal) : journal_(journal) {}
  void init_producer(const std::string& id, DurationUs, Reply<env::ProducerIdentity> reply) override {
    journal_.add({"init " + id, {}, std::move(reply), {}});
  }
  void append(const env::ProducerIdentity& p, const env::TopicPartition& tp, env::RecordBatch, env::Acks,
              Done d) override {
    journal_.add({"append " + p.transactional_id + "/" + std::to_string(tp.partition), p, {}, std::move(d)});
  }
  void commit(const env::ProducerIdentity& p, Done d) override {
    journal_.add({"commit " + p.transactional_id, p, {}, std::move(d)});
  }
  void abort(const env::ProducerIdentity& p, Done d) override {
    journal_.add({"abort " + p.transactional_id, p, {}, std::move(d)});
  }
  void describe_transaction(const std::string& id, Reply<env::TransactionDescription> reply) override {
    Call call;
    call.what = "describe " + id;
    call.on_description = std::move(reply);
    journal_.add(std::move(call));
  }
  void fetch(const env::TopicPartition& tp, int64_t offset, env::Isolation, uint32_t,
             DurationUs max_wait_us, Reply<env::FetchResult> reply) override {
    Call call;
    call.wait_us = max_wait_us;
    call.what = "fetch " + std::to_string(tp.partition) + "@" + std::to_string(offset);
    call.on_fetch = std::move(reply);
    journal_.add(std::move(call));
  }
  void end_offset(const env::TopicPartition& tp, env::Isolation, Reply<int64_t> reply) override {
    Call call;
    call.what = "end " + std::to_string(tp.partition);
    call.on_end = std::move(reply);
    journal_.add(std::move(call));
  }
  void join_group(const std::string&, const std::string&, Reply<uint64_t> reply) override {
    Call call;
    call.what = "join";
    call.on_join = std::move(reply);
    journal_.add(std::move(call));
  }
  void commit_offset(const std::string&, const std::string&, uint64_t epoch, const env::TopicPartition& tp,
                     int64_t offset, Done d) override {
    const std::string what = std::to_string(tp.partition) + "=" + std::to_string(offset);
    journal_.add({"commit " + what + " epoch " + std::to_string(epoch), {}, {}, std::move(d)});
  }
  void committed_offset(const std::string&, const env::TopicPartition& tp,
                        Reply<std::optional<int64_t>> reply) override {
    Call call;
    call.what = "offset " + std::to_string(tp.partition);
    call.on_offset = std::move(reply);
    journal_.add(std::move(call));
  }
  void send_offsets(const env::ProducerIdentity&, const std::string&, const std::string&, uint64_t,
                    const std::map<env::TopicPartition, int64_t>&, Done) override {}
  void list_transactions(Reply<std::vector<env::TransactionDescription>>) override {}
  void offsets_for_times(const std::map<env::TopicPartition, TimeUs>&, env::Isolation,
                         Reply<std::map<env::TopicPartition, std::optional<int64_t>>>) override {}

 private:
  Journal& journal_;
};

struct Sent {
  env::Address to;
  env::MailKind kind;
  Bytes body;
};
struct Posted {
  env::MailKind kind;
  uint64_t a;
  uint64_t b;
  DurationUs delay_us;
};
struct Hit {
  env::Point point;
  env::Phase phase;
  uint64_t checkpoint;
  std::string text;
};

class FakeEnv : public env::Env, env::Clock, env::Scheduler, env::Network, env::Random, env::Probe {
 public:
  TimeUs now_us = 0;
  std::vector<Sent> sent;
  std::vector<Posted> posted;
  std::vector<Hit> hits;
  MemoryStorage disk;
  FakeLog::Journal log;
  bool stopped = false;
  std::vector<env::Endpoint> spawned;

  env::Clock& clock() override { return *this; }
  env::Scheduler& scheduler() override { return *this; }
  env::Network& network() override { return *this; }
  env::Random& random() override { return *this; }
  env::Storage& storage() override { return disk; }
  env::Probe& probe() override { return *this; }
  std::unique_ptr<env::Log> open_log(const std::string&) override { return std::make_unique<FakeLog>(log); }

  int count(env::MailKind kind) const {
    int n = 0;
    for (const Sent& s : sent) n += s.kind == kind ? 1 : 0;
    return n;
  }
  int count(env::Point point) const {
    int n = 0;
    for (const Hit& h : hits) n += h.point == point ? 1 : 0;
    return n;
  }

 private:
  TimeUs now() const override { return now_us; }
  void post(env::MailKind kind, uint64_t a, uint64_t b) override { posted.push_back({kind, a, b, 0}); }
  env::TimerId after(DurationUs delay, env::MailKind kind, uint64_t a, uint64_t b) override {
    posted.push_back({kind, a, b, delay});
    return posted.size();
  }
  void cancel(env::TimerId) override {}
  void spawn(std::string, env::Endpoint endpoint, env::ActorFactory) override { spawned.push_back(endpoint); }
  void stop(env::Endpoint) override { stopped = true; }
  void charge(uint64_t, uint64_t) override {}
  env::Address self() const override { return {1, 100}; }
  void send(const env::Address& to, env::MailKind kind, Bytes body) override {
    sent.push_back({to, kind, std::move(body)});
  }
  void disconnect(env::ProcessId) override {}
  void hang_up(const env::Address&) override {}
  RandomStream fork(std::string_view name) override { return RandomStream(1).fork(name); }
  void hit(env::Point point, env::Phase phase, const env::ProbeArgs& args) override {
    hits.push_back({point, phase, args.checkpoint, std::string(args.text)});
  }
};

class FakeContext : public dataflow::TaskContext {
 public:
  FakeEnv world;
  dataflow::TaskDescriptor task;
  graph::LogicalNode own_node;
  std::vector<std::string> failures;
  bool permanent = false;  // one of them was: a restart cannot help
  int resumed = 0;
  int fenced_calls = 0;

  env::Env& env() override { return world; }
  const dataflow::TaskDescriptor& descriptor() const override { return task; }
  const graph::LogicalNode& node() const override { return own_node; }
  void fail(const std::string& reason, dataflow::Failure failure) override {
    failures.push_back(reason);
    permanent = permanent || failure == dataflow::Failure::permanent;
  }
  void fenced() override { ++fenced_calls; }
  void resume() override { ++resumed; }
  void retry_after(DurationUs wait_us) override { world.posted.push_back({env::MailKind::sink_retry, 0, 0, wait_us}); }
};

}  // namespace onceproof::tests
