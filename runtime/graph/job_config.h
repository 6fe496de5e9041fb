// SPDX-License-Identifier: Apache-2.0
// Job configuration: Flink's options, by their meaning, with Flink's defaults unless a comment says why not.
// There is no guarantee switch: the guarantee follows from the parts (see scenarios/plan/guarantee.h).
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/seeded_bugs.h"
#include "runtime/base/time.h"
#include "runtime/graph/logical_graph.h"

namespace onceproof::graph {

enum class OffsetCommit : uint8_t {
  with_checkpoint,    // offsets are state; the log's group is never asked
  before_processing,  // offsets are committed to the group, then the records are emitted (at-most-once)
};
enum class BarrierMode : uint8_t { aligned, at_least_once };  // execution.checkpointing.mode
enum class SinkMode : uint8_t {
  fire_and_forget,  // DeliveryGuarantee.NONE: acks=0, nothing flushed
  flush,            // AT_LEAST_ONCE: flushed before the snapshot
  transactional,    // EXACTLY_ONCE: two-phase commit over the log's transactions
};

// What becomes of the job when the log no longer has a transaction that a completed checkpoint pre-committed: its
// records are gone for good, and a restart from that checkpoint meets the same again.
enum class LostTransaction : uint8_t {
  fail_job,  // the job ends, with the transaction, the checkpoint and the cause as its reason
  go_on,     // "continue": stated at sink.lost-transaction, then as if it were committed (Flink's KafkaCommitter)
};

struct CheckpointConfig {
  bool enabled = true;
  DurationUs interval_us = seconds(5);
  DurationUs timeout_us = seconds(600);
  DurationUs min_pause_us = 0;
  int32_t max_concurrent = 1;
  int32_t tolerable_failures = 0;
  int32_t retained = 1;
  BarrierMode mode = BarrierMode::aligned;
  uint32_t inline_threshold_bytes = 20 * 1024;  // larger task state goes to a file of its own
  uint32_t id_block = 16;                       // checkpoint ids that are reserved at a time
  DurationUs storage_retry_us = milliseconds(200);
  template <class Archive>
  void fields(Archive& archive) {
    archive(enabled, interval_us, timeout_us, min_pause_us, max_concurrent, tolerable_failures, retained, mode,
            inline_threshold_bytes, id_block, storage_retry_us);
  }
};

struct SourceConfig {
  std::string topic = "input";
  int32_t partitions = 4;
  OffsetCommit offsets = OffsetCommit::with_checkpoint;
  std::string group = "onceproof";
  uint32_t fetch_bytes = 16 * 1024;
  DurationUs fetch_wait_us = milliseconds(500);  // fetch.max.wait.ms
  // A fetch that came back empty is followed by one that waits twice as long, up to this: Kafka's consumer asks an idle
  // partition twice a second, day and night. A record ends every wait at once.
  DurationUs fetch_wait_max_us = seconds(16);
  DurationUs out_of_orderness_us = 0;
  uint32_t helping_records = 64;         // emitted in one mail, before other mail is looked at
  DurationUs patience_us = seconds(30);  // an offset commit that stays unknown for so long fails the attempt
  template <class Archive>
  void fields(Archive& archive) {
    archive(topic, partitions, offsets, group, fetch_bytes, fetch_wait_us, fetch_wait_max_us, out_of_orderness_us,
            helping_records, patience_us);
  }
};

struct SinkConfig {
  std::string topic = "output";
  int32_t partitions = 2;
  SinkMode mode = SinkMode::transactional;
  std::string transactional_id_prefix = "onceproof";
  DurationUs transaction_timeout_us = seconds(900);  // Kafka's transaction.max.timeout.ms; Flink's 1 h would be refused
  DurationUs linger_us = milliseconds(100);
  uint32_t batch_bytes = 16 * 1024;
  LostTransaction lost_transaction = LostTransaction::fail_job;
  uint32_t max_outstanding = 16;         // batches that the log has not acknowledged, before the sink takes no more
  uint32_t probe_window = 16;            // earlier generations that a restored sink fences at once
  // A producer id that the log has not given for so long fails the attempt; a log that does not know a transaction
  // for so long has lost it. It is asked again every commit_retry_us.
  DurationUs patience_us = seconds(30);
  DurationUs commit_retry_us = seconds(1);
  template <class Archive>
  void fields(Archive& archive) {
    archive(topic, partitions, mode, transactional_id_prefix, transaction_timeout_us, linger_us, batch_bytes,
            lost_transaction, max_outstanding, probe_window, patience_us, commit_retry_us);
  }
};

struct ChannelConfig {
  uint32_t buffer_bytes = 4 * 1024;  // Flink's segments are 32 KiB; small ones meet more boundaries
  uint32_t exclusive_buffers = 2;    // credits of a channel: taskmanager.network.memory.buffers-per-channel
  uint32_t pool_buffers = 8;         // a result partition's output buffers before the task stops taking input
  DurationUs buffer_timeout_us = milliseconds(100);
  // A producer with n consumers sends watermarks without data at most every n times this, so that their number grows
  // with the parallelism and not with its square. Flink's pipeline.auto-watermark-interval (200 ms) is fixed.
  DurationUs lone_watermark_us = milliseconds(40);
  // A producer that is not there yet is asked again, the wait doubling up to the maximum; beyond it the consumer
  // fails (taskmanager.network.request-backoff.initial and .max).
  DurationUs request_backoff_us = milliseconds(100);
  DurationUs request_backoff_max_us = seconds(10);
  template <class Archive>
  void fields(Archive& archive) {
    archive(buffer_bytes, exclusive_buffers, pool_buffers, buffer_timeout_us, lone_watermark_us, request_backoff_us,
            request_backoff_max_us);
  }
};

// restart-strategy.type. Flink's default is exponential-delay; a testbed wants to go on at an even pace.
enum class RestartStrategyKind : uint8_t { none, fixed_delay, failure_rate, exponential_delay };
struct RestartConfig {
  RestartStrategyKind strategy = RestartStrategyKind::fixed_delay;
  int32_t attempts = 2'147'483'647;   // fixed-delay.attempts; Flink: 1
  DurationUs delay_us = seconds(1);   // fixed-delay.delay, failure-rate.delay
  int32_t max_failures_per_interval = 1;  // failure-rate.max-failures-per-interval
  DurationUs failure_rate_interval_us = seconds(60);
  DurationUs initial_backoff_us = seconds(1);  // exponential-delay.*
  DurationUs max_backoff_us = seconds(60);
  int32_t backoff_multiplier_percent = 150;
  DurationUs reset_backoff_threshold_us = seconds(3600);
  int32_t jitter_percent = 10;
  int32_t attempts_before_reset = 2'147'483'647;  // attempts-before-reset-backoff
};

struct HeartbeatConfig {  // Flink: 10 s and 50 s; shorter here, so that a run meets them
  DurationUs interval_us = seconds(2);
  DurationUs timeout_us = seconds(5);
  template <class Archive>
  void fields(Archive& archive) {
    archive(interval_us, timeout_us);
  }
};

// What the cluster's parts wait for each other. Deadlines repeat a request; after so many tries it has failed.
struct ClusterConfig {
  DurationUs registration_retry_us = milliseconds(500);  // doubled up to the maximum (cluster.registration.*)
  DurationUs registration_retry_max_us = seconds(30);
  DurationUs resource_wait_us = seconds(2);    // the first deployment waits so long for all task managers
  DurationUs deploy_timeout_us = seconds(2);   // Flink: pekko.ask.timeout, 10 s
  int32_t deploy_tries = 3;                    // then the region fails
  DurationUs cancel_timeout_us = seconds(2);   // Flink: task.cancellation.interval, 30 s
  int32_t cancel_tries = 5;                    // then the task manager is given up (task.cancellation.timeout)
};

struct JobConfig {
  std::string name = "job";
  LogicalGraph plan;  // what the operators do is the program's
  CheckpointConfig checkpoint;
  SourceConfig source;
  SinkConfig sink;
  ChannelConfig channel;
  RestartConfig restart;
  HeartbeatConfig heartbeat;
  ClusterConfig cluster;
  int32_t slots_per_task_manager = 2;
  SeededBugs bugs;
};

}  // namespace onceproof::graph
