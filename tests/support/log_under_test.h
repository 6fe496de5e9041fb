// SPDX-License-Identifier: Apache-2.0
// LogUnderTest: what the log's contract suite asks of an implementation, so that the simulator's model and a
// real Kafka run the same tests. Time passes only inside run_until() and advance().
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/env/log.h"

namespace onceproof::test {

class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;
  // With several brokers neighbouring partitions of a topic are led by different ones. Before the first call.
  virtual void create_topic(const std::string& name, int32_t partitions) = 0;
  // Clients 0..3 live in processes of their own.
  virtual env::Log& client(int index) = 0;
  virtual TimeUs now() = 0;
  // False when the condition did not become true within `limit`.
  virtual bool run_until(const std::function<bool()>& condition, DurationUs limit) = 0;
  virtual void advance(DurationUs duration) = 0;
  // How long a transaction beyond its timeout may live on at the most.
  virtual DurationUs expiry_slack() const = 0;
  virtual DurationUs max_transaction_timeout() const = 0;
  virtual bool transactions_v2() const = 0;
  // Leaders and coordinators change all the time.
  virtual bool moving() const = 0;
};

enum class LogFault {
  none,
  coordinator_crash_before_prepare,  // at the first decision: nothing is durable yet
  coordinator_crash_after_prepare,   // at the first decision: durable, neither answered nor marked
  leader_crash_at_first_marker,
  leader_crash_at_first_append,  // at one of the first: written, not answered
  answers_are_lost,  // some answers are so late that the client asks again
};
struct LogUnderTestFactory {
  std::string name;
  std::function<std::unique_ptr<LogUnderTest>(LogFault)> make;
};

}  // namespace onceproof::test
