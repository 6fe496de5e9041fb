// SPDX-License-Identifier: Apache-2.0
// LogCalls: the asynchronous calls of env::Log as straight lines, for tests: each waits until it is answered.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/log_under_test.h"

namespace onceproof::test {

inline env::RecordBatch batch_of(const std::vector<std::string>& values) {
  env::RecordBatch batch;
  for (const std::string& value : values)
    env::append_log_record({.key = {}, .value = value, .lineage = {}}, batch.records);
  batch.count = static_cast<uint32_t>(values.size());
  return batch;
}

inline std::vector<std::string> values_of(const env::RecordBatch& batch) {
  std::vector<std::string> values;
  ByteView bytes = batch.records;
  env::LogRecord record;
  while (env::next_log_record(bytes, record)) values.emplace_back(record.value);
  EXPECT_EQ(values.size(), batch.count);
  return values;
}

class LogCalls {
 public:
  explicit LogCalls(LogUnderTest& log) : log_(log) {}

  Result<env::ProducerIdentity> try_init(int client, const std::string& id, DurationUs timeout_us = seconds(60)) {
    return wait<env::ProducerIdentity>([&](auto reply) { log_.client(client).init_producer(id, timeout_us, reply); });
  }
  env::ProducerIdentity init(int client, const std::string& id, DurationUs timeout_us = seconds(60)) {
    const auto identity = try_init(client, id, timeout_us);
    EXPECT_TRUE(identity.ok()) << identity.error().message;
    return identity.ok() ? identity.value() : env::ProducerIdentity{};
  }
  ErrorCode append(int client, const env::ProducerIdentity& producer, int32_t partition,
                   const std::vector<std::string>& values) {
    return wait_done([&](auto done) {
      log_.client(client).append(producer, {"out", partition}, batch_of(values), env::Acks::all, done);
    });
  }
  ErrorCode commit(int client, const env::ProducerIdentity& producer) {
    return wait_done([&](auto done) { log_.client(client).commit(producer, done); });
  }
  ErrorCode abort(int client, const env::ProducerIdentity& producer) {
    return wait_done([&](auto done) { log_.client(client).abort(producer, done); });
  }
  Result<env::FetchResult> fetch(int client, int32_t partition, int64_t offset, env::Isolation isolation,
                                 DurationUs wait_us = 0) {
    return wait<env::FetchResult>([&](auto reply) {
      log_.client(client).fetch({"out", partition}, offset, isolation, 1 << 20, wait_us, reply);
    });
  }
  // All that a reader from the beginning gets now.
  std::vector<std::string> read(int32_t partition, env::Isolation isolation = env::Isolation::read_committed) {
    std::vector<std::string> all;
    for (int64_t offset = 0;;) {
      const auto result = fetch(3, partition, offset, isolation);
      EXPECT_TRUE(result.ok());
      if (!result.ok()) return all;
      for (std::string& value : values_of(result.value().batch)) all.push_back(std::move(value));
      if (result.value().next_offset == offset) return all;
      offset = result.value().next_offset;
    }
  }
  int64_t end(int32_t partition, env::Isolation isolation) {
    const auto end = wait<int64_t>([&](auto reply) {
      log_.client(3).end_offset({"out", partition}, isolation, reply);
    });
    EXPECT_TRUE(end.ok());
    return end.ok() ? end.value() : -1;
  }
  // Until the markers are written everywhere.
  bool settled(int32_t partition) {
    for (int i = 0; i < 100; ++i) {
      if (end(partition, env::Isolation::read_committed) == end(partition, env::Isolation::read_uncommitted))
        return true;
      log_.advance(milliseconds(100));
    }
    return false;
  }

  template <class T, class Call>
  Result<T> wait(Call call) {
    auto answer = std::make_shared<std::optional<Result<T>>>();
    int answers = 0;
    bool inside = true;
    call([answer, &answers, &inside](Result<T> result) {
      EXPECT_FALSE(inside) << "a callback never runs inside the call";
      ++answers;
      *answer = std::move(result);
    });
    inside = false;
    const bool in_time = log_.run_until([&] { return answer->has_value(); }, seconds(120));
    EXPECT_TRUE(in_time) << "the call was never answered";
    if (!in_time) return Error{ErrorCode::timed_out, "never answered"};
    EXPECT_EQ(answers, 1);
    return std::move(**answer);
  }
  template <class Call>
  ErrorCode wait_done(Call call) {
    const auto result = wait<bool>([&](auto reply) {
      call([reply](const Status& status) { reply(status.ok() ? Result<bool>(true) : Result<bool>(status.error())); });
    });
    return result.code();
  }

 private:
  LogUnderTest& log_;
};

}  // namespace onceproof::test
