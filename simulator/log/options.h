// SPDX-License-Identifier: Apache-2.0
// Options of a log cluster: plain data, integers only, Kafka's defaults unless a comment says otherwise.
#pragma once

#include "runtime/base/seeded_bugs.h"
#include "runtime/base/time.h"
#include "simulator/log/transaction_state.h"

namespace onceproof::simulator::log {

struct BrokerOptions {
  DurationUs max_transaction_timeout_us = seconds(900);  // transaction.max.timeout.ms
  DurationUs expiry_check_us = seconds(10);              // transaction.abort.timed.out.transaction.cleanup.interval.ms
  DurationUs marker_retry_us = milliseconds(500);
  DurationUs verify_timeout_us = seconds(2);
  DurationUs coordinator_load_us = 0;                // how long reading a coordinator's state back takes
  DurationUs session_timeout_us = seconds(9);        // broker.session.timeout.ms
  DurationUs heartbeat_us = seconds(2);              // broker.heartbeat.interval.ms
  DurationUs registration_retry_us = milliseconds(500);
  DurationUs replica_lag_us = seconds(5);            // replica.lag.time.max.ms; Kafka: 30 s
  DurationUs replica_wait_us = milliseconds(500);    // replica.fetch.wait.max.ms
  DurationUs replica_backoff_us = milliseconds(500);  // a fetch without answer is repeated; Kafka: 1 s
  uint32_t replica_fetch_bytes = 1 << 20;
  DurationUs move_leader_us = 0;  // the controller moves one leader this often, round and round; 0: never
};

struct ClientOptions {
  DurationUs request_timeout_us = seconds(3);
  DurationUs retry_backoff_us = milliseconds(100);
  // After a lost connection to a broker nothing is sent there for so long; doubled while there is no answer.
  DurationUs reconnect_backoff_us = milliseconds(50);
  DurationUs reconnect_backoff_max_us = seconds(1);
  DurationUs delivery_timeout_us = seconds(30);
  int32_t max_in_flight = 5;  // batches of one producer and partition; at most 5, which is what brokers remember
};

struct ClusterOptions {
  int32_t brokers = 2;
  int32_t replication_factor = 1;  // of every topic, also the internal ones; at most `brokers`
  int32_t min_isr = 1;             // min.insync.replicas
  int32_t transaction_partitions = 4;
  int32_t offsets_partitions = 4;
  TransactionVersion transaction_version = TransactionVersion::v2;  // a fresh cluster's
  int32_t last_epoch = 32766;  // producer epochs go to here; a small number makes rotation of producer ids common
  BrokerOptions broker;
  ClientOptions client;
  SeededBugs bugs;
  bool replicated() const { return replication_factor > 1 && brokers > 1; }
};

}  // namespace onceproof::simulator::log
