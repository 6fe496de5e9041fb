// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/plan.h"

#include <fmt/format.h>

#include "runtime/real/program.h"
#include "scenarios/plan/knobs.h"
#include "scenarios/plan/language_parts.h"
#include "scenarios/plan/nearest_word.h"

namespace onceproof::scenarios {

namespace {

using Problem = std::optional<Contradiction>;

Problem contradiction(std::vector<std::string> settings, std::string message) {
  return Contradiction{std::move(message), std::move(settings), -1, ""};
}

std::string unknown_process(const std::string& name, const ClusterPlan& cluster) {
  if (name.empty()) return "a fault without a target";
  for (const char* known : {"*", "@hit", "jobmanager", "controller", "reader", "every broker", "every task-manager"}) {
    if (name == known) return "";
  }
  const auto [role, number] = split_process_name(name);
  const int count = role == "taskmanager" ? cluster.task_managers : role == "broker" ? cluster.brokers : 0;
  if (number >= 0 && number < count) return "";
  std::vector<std::string> words = {"jobmanager", "controller"};
  for (int i = 0; i < cluster.task_managers; ++i) words.push_back(fmt::format("taskmanager-{}", i));
  for (int i = 0; i < cluster.brokers; ++i) words.push_back(fmt::format("broker-{}", i));
  return unknown_word("process", name, "", words);
}

std::string unknown_partition(const simulator::MoveLeaderFault& fault, const RunPlan& plan) {
  const int32_t partitions = partitions_of(plan, fault.topic);
  if (fault.partition < partitions) return "";
  return fmt::format("a fault moves the leader of partition {} of \"{}\", which has {}", fault.partition,
                     log_topic_words()[static_cast<size_t>(fault.topic)], partitions);
}

std::vector<std::string> processes_of(const simulator::Fault& fault) {
  std::vector<std::string> names;
  if (const auto* crash = std::get_if<simulator::CrashFault>(&fault.action)) names = {crash->target};
  if (const auto* pause = std::get_if<simulator::PauseFault>(&fault.action)) names = {pause->target};
  if (const auto* cut = std::get_if<simulator::PartitionFault>(&fault.action)) names = {cut->target, cut->peer};
  if (const auto* delay = std::get_if<simulator::DelayFault>(&fault.action)) names = {delay->target};
  if (const auto* storage = std::get_if<simulator::StorageFault>(&fault.action)) names = {storage->target};
  if (const auto* stall = std::get_if<simulator::StallFault>(&fault.action)) names = {stall->target};
  if (const auto* slow = std::get_if<simulator::SlowFault>(&fault.action)) names = {slow->target};
  if (const auto* reconnect = std::get_if<simulator::ReconnectFault>(&fault.action)) names = {reconnect->target};
  if (!fault.trigger.by_target.empty()) names.push_back(fault.trigger.by_target);
  return names;
}

Problem find_in_faults(const RunPlan& plan) {
  for (size_t i = 0; i < plan.faults.size(); ++i) {
    const simulator::Fault& fault = plan.faults[i];
    const auto* move = std::get_if<simulator::MoveLeaderFault>(&fault.action);
    if (const std::string message = move != nullptr ? unknown_partition(*move, plan) : ""; !message.empty()) {
      return Contradiction{message, {}, static_cast<int>(i), ""};
    }
    for (const std::string& name : processes_of(fault)) {
      const std::string message = unknown_process(name, plan.cluster);
      if (!message.empty()) return Contradiction{message, {}, static_cast<int>(i), name};
    }
  }
  return {};
}

}  // namespace

int32_t partitions_of(const RunPlan& plan, simulator::LogTopic topic) {
  switch (topic) {
    case simulator::LogTopic::source: return plan.job.source.partitions;
    case simulator::LogTopic::sink: return plan.job.sink.partitions;
    case simulator::LogTopic::transactions: return plan.log.transaction_partitions;
    case simulator::LogTopic::offsets: return plan.log.offsets_partitions;
  }
  return 0;
}

const char* program_version() { return real::program_version(); }

void set_pipeline(RunPlan& plan, PipelineSpec spec) {
  plan.job.plan.nodes = build_pipeline(spec)->graph.nodes;
  plan.pipeline = std::move(spec);
}

void set_pipeline(RunPlan& plan, std::shared_ptr<const api::Pipeline> pipeline) {
  plan.job.plan.nodes = pipeline->graph.nodes;
  plan.own_pipeline = std::move(pipeline);
}

std::shared_ptr<const api::Pipeline> pipeline_of(const RunPlan& plan) {
  if (plan.own_pipeline != nullptr) {
    auto own = std::make_shared<api::Pipeline>(*plan.own_pipeline);
    own->graph.parallelism = plan.job.plan.parallelism;
    own->graph.max_parallelism = plan.job.plan.max_parallelism;
    return own;
  }
  return build_pipeline(plan.pipeline, plan.job.plan.parallelism, plan.job.plan.max_parallelism);
}

RunPlan with_stack(RunPlan plan, const std::string& name, const Stack& stack) {
  plan.guarantee = name;
  apply(stack, plan.job);
  return plan;
}

DurationUs needed_patience_us(const RunPlan& plan) {
  constexpr int kRepeats = 10;
  const simulator::log::ClientOptions& client = plan.log.client;
  return client.request_timeout_us + kRepeats * client.retry_backoff_us + 2 * plan.log.broker.coordinator_load_us +
         plan.job.sink.linger_us;
}

std::optional<Contradiction> find_contradiction(const RunPlan& plan) {
  const int32_t parallelism = plan.job.plan.parallelism;
  const int64_t slots = int64_t{plan.cluster.task_managers} * plan.job.slots_per_task_manager;
  if (parallelism > slots) {
    return contradiction({"parallelism", "cluster.slots", "cluster.task_managers"},
                         fmt::format("parallelism {} needs as many slots, but {} task managers with {} slots have {}",
                                     parallelism, plan.cluster.task_managers, plan.job.slots_per_task_manager, slots));
  }
  if (parallelism > plan.job.plan.max_parallelism) {
    return contradiction({"parallelism", "max_parallelism"},
                         fmt::format("parallelism {} is above max_parallelism {}", parallelism,
                                     plan.job.plan.max_parallelism));
  }
  const simulator::NetworkOptions& network = plan.network;
  if (network.min_us > network.typical_us) {
    return contradiction({"network.min_us", "network.typical_us"},
                         fmt::format("network.min_us {} is above network.typical_us {}", network.min_us,
                                     network.typical_us));
  }
  if (network.typical_us > network.tail_us) {
    return contradiction({"network.typical_us", "network.tail_us"},
                         fmt::format("network.typical_us {} is above network.tail_us {}", network.typical_us,
                                     network.tail_us));
  }
  const graph::HeartbeatConfig& heartbeat = plan.job.heartbeat;
  if (heartbeat.timeout_us <= heartbeat.interval_us) {
    return contradiction({"heartbeat.timeout_ms", "heartbeat.interval_ms"},
                         fmt::format("heartbeat.timeout_ms {} must be above heartbeat.interval_ms {}",
                                     heartbeat.timeout_us / 1000, heartbeat.interval_us / 1000));
  }
  const graph::RestartConfig& restart = plan.job.restart;
  if (restart.strategy == graph::RestartStrategyKind::exponential_delay &&
      restart.initial_backoff_us > restart.max_backoff_us) {
    return contradiction({"restart.initial_backoff_ms", "restart.max_backoff_ms"},
                         fmt::format("restart.initial_backoff_ms {} is above restart.max_backoff_ms {}",
                                     restart.initial_backoff_us / 1000, restart.max_backoff_us / 1000));
  }
  const graph::ChannelConfig& channel = plan.job.channel;
  if (channel.request_backoff_us > channel.request_backoff_max_us) {  // Flink refuses it as well (InputChannel)
    return contradiction({"channel.request_backoff_ms", "channel.request_backoff_max_ms"},
                         fmt::format("channel.request_backoff_ms {} is above channel.request_backoff_max_ms {}: a "
                                     "consumer would never ask for its producer again",
                                     channel.request_backoff_us / 1000, channel.request_backoff_max_us / 1000));
  }
  if (Problem problem = find_in_faults(plan)) return problem;
  const Status consistent = check_consistent(plan.job);
  if (consistent.ok()) return {};
  return contradiction({"transaction_timeout_ms", "checkpoint.interval_ms"}, consistent.error().message);
}

Status check_plan(const RunPlan& plan) {
  const Problem problem = find_contradiction(plan);
  return problem ? Status(ErrorCode::invalid_argument, problem->message) : Status();
}

}  // namespace onceproof::scenarios
