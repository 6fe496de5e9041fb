// SPDX-License-Identifier: Apache-2.0
// LogCluster: the brokers of one world with their durable store, and the factory of log clients. Make it
// before the World and let it outlive the World: brokers and clients hold references into it.
#pragma once

#include <vector>

#include "simulator/log/log_store.h"
#include "simulator/world.h"

namespace onceproof::simulator::log {

struct BrokerOptions {
  DurationUs max_transaction_timeout_us = seconds(900);  // transaction.max.timeout.ms
  DurationUs expiry_check_us = seconds(10);              // transaction.abort.timed.out.transaction.cleanup.interval.ms
  DurationUs marker_retry_us = milliseconds(500);
  DurationUs verify_timeout_us = seconds(2);
};

struct ClientOptions {
  DurationUs request_timeout_us = seconds(3);
  DurationUs retry_backoff_us = milliseconds(100);
  DurationUs delivery_timeout_us = seconds(30);
};

struct ClusterOptions {
  int32_t brokers = 2;
  BrokerOptions broker;
  ClientOptions client;
  SeededBugs bugs;
};

class LogCluster {
 public:
  explicit LogCluster(ClusterOptions options) : options_(options), store_(options.brokers, options.bugs) {}
  LogCluster(const LogCluster&) = delete;
  LogCluster& operator=(const LogCluster&) = delete;

  // Adds the processes "broker-0", "broker-1", ... and makes Env::open_log() give out clients of this cluster.
  void join(World& world);

  LogStore& store() { return store_; }
  const LogStore& store() const { return store_; }
  const ClusterOptions& options() const { return options_; }
  // Process of each broker index; known once join() has returned.
  const std::vector<env::ProcessId>& processes() const { return processes_; }
  // False from the moment a crash has struck, also inside the crashing handler itself.
  bool alive(int32_t broker) const;

 private:
  ClusterOptions options_;
  LogStore store_;
  World* world_ = nullptr;
  std::vector<env::ProcessId> processes_;
};

}  // namespace onceproof::simulator::log
