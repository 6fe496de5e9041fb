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

// A broker that dies is missed, its leaders are elected anew, their followers are heard of again, and clients that were
// turned away meanwhile ask again.
DurationUs log_failover(const RunPlan& plan) {
  const simulator::log::BrokerOptions& broker = plan.log.broker;
  const simulator::log::ClientOptions& client = plan.log.client;
  const DurationUs replicas_us =
      plan.log.replicated() ? broker.session_timeout_us + broker.heartbeat_us + broker.replica_lag_us + broker.replica_wait_us : 0;
  return replicas_us + broker.registration_retry_us + broker.coordinator_load_us + broker.verify_timeout_us +
         broker.marker_retry_us + client.request_timeout_us + needed_patience_us(plan) +
         std::max(client.reconnect_backoff_us, client.reconnect_backoff_max_us);
}

DurationUs base_interval(const RunPlan& plan) {
  return std::max(plan.job.checkpoint.interval_us, plan.job.checkpoint.min_pause_us);
}

DurationUs longest_message(const RunPlan& plan) {
  const simulator::NetworkOptions& network = plan.network;
  return std::max({network.typical_us, network.tail_one_in == 0 ? 0 : network.tail_us, network.loopback_us, network.min_us});
}

// Tasks are deployed at once, each by a message of its own, and started one after the other.
DurationUs deployment_spread(const RunPlan& plan) {
  return longest_message(plan) + 2 * plan.job.plan.parallelism * (plan.cpu.per_mail_us + plan.cpu.per_kib_us);
}

// A consumer that was there before its producer asks again after the first wait, or when the doubled one is over.
DurationUs longest_request_wait(const RunPlan& plan) {
  return plan.job.channel.request_backoff_us + 2 * deployment_spread(plan);
}

DurationUs recovery_of(const RunPlan& plan) {
  const graph::JobConfig& job = plan.job;
  const DurationUs heartbeats_us = job.heartbeat.timeout_us + job.heartbeat.interval_us;
  return heartbeats_us + longest_restart_delay(job.restart) + job.cluster.resource_wait_us +
         2 * job.cluster.deploy_timeout_us + job.cluster.cancel_timeout_us + 2 * job.cluster.registration_retry_us +
         job.checkpoint.storage_retry_us + (exchanges(plan) ? longest_request_wait(plan) : 0) +
         (job.sink.mode == graph::SinkMode::transactional ? job.sink.commit_retry_us : 0) + log_failover(plan) + kSlackUs;
}

DurationUs shortest_timeout(const RunPlan& plan) {
  const graph::JobConfig& job = plan.job;
  return std::min({job.heartbeat.timeout_us - job.heartbeat.interval_us, job.checkpoint.timeout_us,
                   job.cluster.deploy_timeout_us, job.cluster.cancel_timeout_us, plan.log.client.request_timeout_us,
                   plan.log.client.delivery_timeout_us, plan.log.broker.session_timeout_us});
}

// How long a consumer asks for a producer that is not there.
DurationUs request_patience_of(const graph::ChannelConfig& channel) {
  DurationUs patience_us = 0;
  for (DurationUs wait_us = channel.request_backoff_us; wait_us <= channel.request_backoff_max_us; wait_us *= 2) {
    patience_us += wait_us;
  }
  return patience_us;
}

// Timeouts that an answer on an ordinary day does not meet: whoever has them never gets one.
std::string why_answers_come_late(const RunPlan& plan) {
  const simulator::log::BrokerOptions& broker = plan.log.broker;
  const graph::JobConfig& job = plan.job;
  const DurationUs mail_us = plan.cpu.per_mail_us + plan.cpu.per_kib_us / 4;  // a small one
  const DurationUs answer_us = 2 * (plan.network.typical_us + mail_us);
  const int32_t tasks = 2 * job.plan.parallelism;
  struct Timeout {
    const char* what;
    DurationUs timeout_us, needed_us;
  };
  const Timeout timeouts[] = {
      {"a request to the log is given up", plan.log.client.request_timeout_us,
       answer_us * (plan.log.replicated() ? 2 : 1) + 2 * mail_us},
      {"a leader waits for its transaction coordinator", broker.verify_timeout_us, answer_us},
      {"a broker is missed after its heartbeat", plan.log.replicated() ? broker.session_timeout_us : answer_us,
       answer_us / 2 + (plan.log.replicated() ? broker.heartbeat_us : 0)},
      {"a task manager is missed after its heartbeat", job.heartbeat.timeout_us - job.heartbeat.interval_us, answer_us},
      {"deployments are given up", job.cluster.deploy_timeout_us * job.cluster.deploy_tries,
       answer_us + tasks * mail_us},
  };
  for (const Timeout& each : timeouts) {
    if (each.timeout_us >= each.needed_us) continue;
    return fmt::format("{} after {} ms, and an answer takes {} ms", each.what, each.timeout_us / 1000,
                       (each.needed_us + 999) / 1000);
  }
  return {};
}

std::string why_consumers_give_up(const RunPlan& plan) {
  const DurationUs patience_us = request_patience_of(plan.job.channel);
  const DurationUs spread_us = deployment_spread(plan);
  if (patience_us >= spread_us) return {};
  return fmt::format("a consumer asks for its producer for {} ms, and the producer's deployment may come {} ms later",
                     patience_us / 1000, (spread_us + 999) / 1000);
}

// What a checkpoint takes at least when it is behind what sources emit as they catch up, and the sink has all of it to
// flush.
std::string why_checkpoints_fail(const RunPlan& plan, const Workload& workload) {
  const graph::JobConfig& job = plan.job;
  if (!job.checkpoint.enabled) return {};
  const DurationUs steps_us =
      job.sink.linger_us + job.channel.buffer_timeout_us + 2 * (plan.network.typical_us + plan.disk.sync_us);
  const Backlog backlog = backlog_of(plan, workload);
  if (job.checkpoint.timeout_us >= steps_us + backlog.channels_us + backlog.sinks_us) return {};
  if (job.checkpoint.timeout_us < steps_us) {
    return fmt::format("a checkpoint is given up after {} ms and may take {} ms", job.checkpoint.timeout_us / 1000,
                       (steps_us + 999) / 1000);
  }
  return fmt::format("a checkpoint is given up after {} ms and may take {} ms: {} ms behind what a source emits at once, "
                     "for a channel carries {} bytes in {} ms, and {} ms until the sink's batches are acknowledged",
                     job.checkpoint.timeout_us / 1000,
                     (steps_us + backlog.channels_us + backlog.sinks_us + 999) / 1000, backlog.channels_us / 1000,
                     backlog.bytes_a_round_trip, backlog.round_trip_us / 1000, backlog.sinks_us / 1000);
}

}  // namespace

checkers::Bounds bounds_of(const RunPlan& plan, const Workload& workload) {
  const graph::JobConfig& job = plan.job;
  const graph::CheckpointConfig& checkpoint = job.checkpoint;
  const DurationUs base_us = base_interval(plan);
  const Backlog backlog = backlog_of(plan, workload);
  const DurationUs backlog_us = backlog.channels_us + backlog.sinks_us;
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
    bounds.checkpoint_us = 2 * base_us + backlog_us + kSlackUs;
    bounds.commit_us = 2 * base_us + kSlackUs;
  }
  const DurationUs hop_us =
      job.channel.buffer_timeout_us + job.channel.lone_watermark_us * std::max(job.plan.parallelism, 1);
  const auto exchanges = std::count_if(job.plan.nodes.begin(), job.plan.nodes.end(), [](const graph::LogicalNode& node) {
    return std::any_of(node.inputs.begin(), node.inputs.end(),
                       [](const graph::Input& input) { return input.exchange != graph::Exchange::forward; });
  });
  bounds.result_us = (std::max<int64_t>(exchanges, 1) + 1) * hop_us + job.sink.linger_us + backlog_us + kSlackUs;
  bounds.read_us = kSlackUs;
  bounds.log_recovery_us = log_failover(plan) + plan.log.broker.session_timeout_us;
  // What is sent to a broker that has just ceased to lead is lost where nobody waits for an answer.
  const bool moves = plan.log.broker.move_leader_us > 0 && job.sink.mode == graph::SinkMode::fire_and_forget;
  bounds.loss_us = moves ? 0 : bounds.recovery_us;
  bounds.strike_us = shortest_timeout(plan);
  if (!why_no_progress_is_owed(plan, workload).empty()) {
    bounds = {.recovery_us = bounds.recovery_us, .strike_us = bounds.strike_us};
  }
  return bounds;
}

DurationUs liveness_of(const RunPlan& plan, const Workload& workload) {
  constexpr int kSteps = 30;  // messages, or calls of the storage, that wait for each other at most
  const simulator::DiskOptions& disk = plan.disk;
  const DurationUs message_us = std::max(longest_message(plan), plan.cpu.per_mail_us);
  const Backlog backlog = backlog_of(plan, workload);
  const DurationUs call_us = std::max({disk.append_us, disk.sync_us, disk.read_us});
  return plan.liveness_bound_us + recovery_of(plan) + backlog.fetched_us + backlog.sinks_us + kSteps * (message_us + call_us) +
         2 * plan.log.broker.coordinator_load_us + base_interval(plan) + plan.job.sink.linger_us +
         plan.job.channel.buffer_timeout_us + plan.job.source.fetch_wait_max_us;
}

std::string why_no_progress_is_owed(const RunPlan& plan, const Workload& workload) {
  const graph::JobConfig& job = plan.job;
  const DurationUs patience_us =
      std::min({plan.log.client.delivery_timeout_us, job.source.patience_us, job.sink.patience_us});
  if (patience_us < needed_patience_us(plan)) {
    return fmt::format("clients of the log give up after {} ms, and a request that has to be repeated may take {} ms",
                       patience_us / 1000, needed_patience_us(plan) / 1000);
  }
  if (std::string why = why_answers_come_late(plan); !why.empty()) return why;
  if (exchanges(plan)) {
    if (std::string why = why_consumers_give_up(plan); !why.empty()) return why;
  }
  if (std::string why = why_checkpoints_fail(plan, workload); !why.empty()) return why;
  if (plan.job.sink.mode != graph::SinkMode::transactional) return {};
  const DurationUs needed_us = recovery_of(plan) + 2 * base_interval(plan) + plan.job.checkpoint.timeout_us;
  const DurationUs timeout_us = plan.job.sink.transaction_timeout_us;
  if (timeout_us >= needed_us) return {};
  return fmt::format("transactions time out after {} s, and a recovery and the checkpoint behind it may take {} s",
                     timeout_us / 1'000'000, needed_us / 1'000'000);
}

DurationUs slow_step_of(const RunPlan& plan) {
  return std::clamp<DurationUs>(shortest_timeout(plan) / 10, 1, milliseconds(500));
}

}  // namespace onceproof::scenarios
