// SPDX-License-Identifier: Apache-2.0
#include "scenarios/run/bounds.h"

#include <fmt/format.h>

#include <algorithm>

namespace onceproof::scenarios {

namespace {

constexpr DurationUs kSlackUs = seconds(10);

DurationUs longest_restart_delay(const graph::RestartConfig& restart) {
  const bool grows = restart.strategy == graph::RestartStrategyKind::exponential_delay;
  return grows ? restart.max_backoff_us + restart.max_backoff_us * restart.jitter_percent / 100 : restart.delay_us;
}

// A broker that dies is missed, its leaders are elected anew, and their followers are heard of again.
DurationUs log_failover(const simulator::log::ClusterOptions& log) {
  const simulator::log::BrokerOptions& broker = log.broker;
  const DurationUs replicas_us =
      log.replicated() ? broker.session_timeout_us + broker.heartbeat_us + broker.replica_lag_us : 0;
  return replicas_us + broker.registration_retry_us + broker.coordinator_load_us + broker.verify_timeout_us +
         broker.marker_retry_us + 2 * log.client.request_timeout_us + log.client.reconnect_backoff_max_us;
}

DurationUs base_interval(const RunPlan& plan) {
  return std::max(plan.job.checkpoint.interval_us, plan.job.checkpoint.min_pause_us);
}

DurationUs recovery_of(const RunPlan& plan) {
  const graph::JobConfig& job = plan.job;
  const DurationUs heartbeats_us = job.heartbeat.timeout_us + job.heartbeat.interval_us;
  return heartbeats_us + longest_restart_delay(job.restart) + job.cluster.resource_wait_us +
         2 * job.cluster.deploy_timeout_us + job.cluster.cancel_timeout_us + 2 * job.cluster.registration_retry_us +
         job.checkpoint.storage_retry_us + log_failover(plan.log) + kSlackUs;
}

}  // namespace

checkers::Bounds bounds_of(const RunPlan& plan) {
  const graph::JobConfig& job = plan.job;
  const graph::CheckpointConfig& checkpoint = job.checkpoint;
  const DurationUs base_us = base_interval(plan);
  checkers::Bounds bounds;
  bounds.recovery_us = recovery_of(plan);
  const DurationUs backoff_us = 2 * job.channel.request_backoff_max_us;
  const DurationUs patience_us = std::max({job.source.patience_us, job.sink.patience_us, backoff_us,
                                           plan.log.client.delivery_timeout_us,
                                           job.cluster.deploy_timeout_us * (job.cluster.deploy_tries + 1),
                                           job.cluster.cancel_timeout_us * (job.cluster.cancel_tries + 1)});
  bounds.detection_us = bounds.recovery_us + patience_us;
  bounds.checkpoints_fail_us = bounds.detection_us;
  if (checkpoint.enabled) {
    bounds.checkpoints_fail_us += (checkpoint.timeout_us + base_us) * (checkpoint.tolerable_failures + 2);
    bounds.checkpoint_us = 2 * base_us + kSlackUs;
    bounds.commit_us = 2 * base_us + kSlackUs;
  }
  const DurationUs hop_us =
      job.channel.buffer_timeout_us + job.channel.lone_watermark_us * std::max(job.plan.parallelism, 1);
  bounds.result_us = 2 * hop_us + job.sink.linger_us + kSlackUs;
  bounds.read_us = kSlackUs;
  // What is sent to a broker that has just ceased to lead is lost where nobody waits for an answer.
  const bool moves = plan.log.broker.move_leader_us > 0 && job.sink.mode == graph::SinkMode::fire_and_forget;
  bounds.loss_us = moves ? 0 : bounds.recovery_us;
  if (!why_no_progress_is_owed(plan).empty()) bounds = {.recovery_us = bounds.recovery_us};
  return bounds;
}

DurationUs liveness_of(const RunPlan& plan) {
  constexpr int kSteps = 30;  // messages, or calls of the storage, that wait for each other at most
  const simulator::DiskOptions& disk = plan.disk;
  const DurationUs message_us = std::max({plan.network.typical_us, plan.network.tail_us, plan.network.loopback_us,
                                          plan.network.min_us, plan.cpu.per_mail_us});
  const DurationUs call_us = std::max({disk.append_us, disk.sync_us, disk.read_us});
  return plan.liveness_bound_us + recovery_of(plan) + kSteps * (message_us + call_us) +
         2 * plan.log.broker.coordinator_load_us + base_interval(plan) + plan.job.sink.linger_us +
         plan.job.channel.buffer_timeout_us + plan.job.source.fetch_wait_max_us;
}

std::string why_no_progress_is_owed(const RunPlan& plan) {
  const graph::JobConfig& job = plan.job;
  const DurationUs patience_us =
      std::min({plan.log.client.delivery_timeout_us, job.source.patience_us, job.sink.patience_us});
  if (patience_us < needed_patience_us(plan)) {
    return fmt::format("clients of the log give up after {} ms, and a request that has to be repeated may take {} ms",
                       patience_us / 1000, needed_patience_us(plan) / 1000);
  }
  // What a checkpoint takes at least, when the sink has something to flush.
  const DurationUs checkpoint_us =
      job.sink.linger_us + job.channel.buffer_timeout_us + 2 * (plan.network.typical_us + plan.disk.sync_us);
  if (job.checkpoint.enabled && job.checkpoint.timeout_us < checkpoint_us) {
    return fmt::format("a checkpoint is given up after {} ms and may take {} ms", job.checkpoint.timeout_us / 1000,
                       (checkpoint_us + 999) / 1000);
  }
  if (plan.job.sink.mode != graph::SinkMode::transactional) return {};
  const DurationUs needed_us = recovery_of(plan) + 2 * base_interval(plan) + plan.job.checkpoint.timeout_us;
  const DurationUs timeout_us = plan.job.sink.transaction_timeout_us;
  if (timeout_us >= needed_us) return {};
  return fmt::format("transactions time out after {} s, and a recovery and the checkpoint behind it may take {} s",
                     timeout_us / 1'000'000, needed_us / 1'000'000);
}

DurationUs slow_step_of(const RunPlan& plan) {
  const graph::JobConfig& job = plan.job;
  const DurationUs shortest_us =
      std::min({job.heartbeat.timeout_us - job.heartbeat.interval_us, job.checkpoint.timeout_us,
                job.cluster.deploy_timeout_us, job.cluster.cancel_timeout_us, plan.log.client.request_timeout_us,
                plan.log.client.delivery_timeout_us, plan.log.broker.session_timeout_us});
  return std::clamp<DurationUs>(shortest_us / 10, 1, milliseconds(500));
}

}  // namespace onceproof::scenarios
