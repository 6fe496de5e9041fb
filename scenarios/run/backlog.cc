// SPDX-License-Identifier: Apache-2.0
#include "scenarios/run/backlog.h"

#include <algorithm>

#include "runtime/dataflow/element.h"
#include "runtime/env/log.h"

namespace onceproof::scenarios {

namespace {

constexpr int64_t kPositionBytes = sizeof(Position);

int64_t rounds(int64_t amount, int64_t each) { return (amount + each - 1) / std::max<int64_t>(each, 1); }

// That maps put into a value, at most.
int64_t prefix_bytes(const RunPlan& plan) {
  int64_t bytes = 0;
  for (const StepSpec& step : plan.pipeline) {
    for (const api::Expression& part : step.expression.parts) bytes += static_cast<int64_t>(part.text.size());
  }
  return bytes;
}

// Keys are spread over subtasks, and not evenly.
int64_t largest_share(int64_t amount, int32_t parallelism) {
  return parallelism <= 1 ? amount : amount / parallelism + amount / 4 + 1;
}

// One way, between two processes that have some traffic: order is kept, so that one slow message holds up those behind it.
DurationUs latency_of(const simulator::NetworkOptions& network) {
  constexpr int64_t kBehindOne = 10;
  const int64_t one_in = network.tail_one_in;
  const DurationUs slow_us = one_in == 0 ? 0 : network.tail_us * std::min(kBehindOne, one_in) / one_in;
  return network.typical_us + slow_us;
}

// The windows that are let out together end within a window and what records may be late by.
void count_results(const RunPlan& plan, const checkers::Reference& reference, Workload& workload) {
  const std::vector<checkers::ExpectedResult>& results = reference.results();
  const api::WindowStep* window = api::last_window(reference.pipeline());
  const DurationUs together_us = window->windows.size_us + plan.job.source.out_of_orderness_us;
  int64_t bytes = 0;
  for (size_t first = 0, last = 0; last < results.size(); ++last) {
    const auto bytes_of = [&](const checkers::ExpectedResult& result) {
      return static_cast<int64_t>(env::kLogRecordHeader + result.key.size() + result.value.size()) +
             result.count * kPositionBytes;
    };
    bytes += bytes_of(results[last]);
    for (; results[last].window_end_us - results[first].window_end_us > together_us; ++first) bytes -= bytes_of(results[first]);
    workload.results = std::max(workload.results, static_cast<int64_t>(last - first + 1));
    workload.result_bytes = std::max(workload.result_bytes, bytes);
  }
}

}  // namespace

bool exchanges(const RunPlan& plan) {
  const auto& nodes = plan.job.plan.nodes;
  return std::any_of(nodes.begin(), nodes.end(), [](const graph::LogicalNode& node) {
    return std::any_of(node.inputs.begin(), node.inputs.end(),
                       [](const graph::Input& input) { return input.exchange != graph::Exchange::forward; });
  });
}

Workload workload_of(const RunPlan& plan, const checkers::Reference& reference) {
  Workload workload;
  for (const auto& partition : reference.input().partitions) {
    workload.records += static_cast<int64_t>(partition.size());
    for (const checkers::InputRecord& record : partition) workload.bytes += static_cast<int64_t>(record.value.size());
  }
  workload.elements = reference.contributions();
  const int64_t header = static_cast<int64_t>(dataflow::kRecordHeader) + kPositionBytes;
  Position record = 0;
  int64_t record_bytes = 0;
  for (uint32_t i = 0; i < reference.contributions(); ++i) {
    const Position position = reference.position(i);
    const Position of = make_position(partition_of(position), offset_of(position));
    if (of != record) record_bytes = 0;
    record = of;
    const auto word = static_cast<int64_t>(reference.word(i).size()) + prefix_bytes(plan);
    record_bytes += header + 2 * word;  // key and value
    workload.element_bytes += header + 2 * word;
    workload.longest_bytes = std::max(workload.longest_bytes, record_bytes);
  }
  if (reference.windowed()) count_results(plan, reference, workload);
  return workload;
}

Backlog backlog_of(const RunPlan& plan, const Workload& workload) {
  const graph::JobConfig& job = plan.job;
  const graph::ChannelConfig& channel = job.channel;
  const int32_t parallelism = job.plan.parallelism;
  const DurationUs link_us = latency_of(plan.network);
  const int64_t records = std::max<int64_t>(workload.records, 1);
  const auto bytes_of = [&](int64_t of_records) {
    return std::min(workload.element_bytes, workload.element_bytes / records * of_records + workload.longest_bytes);
  };
  Backlog backlog;
  const auto mails_us = [&](int64_t mails, int64_t bytes) {
    return 2 * (mails * plan.cpu.per_mail_us + bytes / 1024 * plan.cpu.per_kib_us);
  };
  const int64_t helping = job.source.helping_records;
  if (exchanges(plan)) {
    const DurationUs one_way_us = plan.cluster.task_managers > 1 ? std::max(link_us, plan.network.loopback_us)
                                                                 : plan.network.loopback_us;
    backlog.bytes_a_round_trip = int64_t{channel.exclusive_buffers} * channel.buffer_bytes;
    const DurationUs trip_us = 2 * one_way_us + mails_us(int64_t{channel.exclusive_buffers} * parallelism,
                                                         backlog.bytes_a_round_trip * parallelism);
    backlog.round_trip_us = trip_us;
    const auto carry_us = [&](int64_t bytes) {
      return trip_us * rounds(largest_share(bytes, parallelism), backlog.bytes_a_round_trip);
    };
    backlog.channels_us = trip_us * rounds(channel.pool_buffers, channel.exclusive_buffers) + carry_us(bytes_of(helping));
    const int64_t fetched = workload.bytes / records == 0 ? records : job.source.fetch_bytes / (workload.bytes / records) + 1;
    backlog.fetched_us = carry_us(bytes_of(fetched)) + backlog.channels_us;
  }
  const int64_t emitted = workload.elements / records * helping + workload.elements / records + 1;
  const int64_t results = largest_share(std::max(workload.results, std::min(workload.elements, emitted)), parallelism);
  const int64_t bytes = largest_share(std::max(workload.result_bytes, bytes_of(helping)), parallelism);
  const int64_t batches = std::min(results, bytes / job.sink.batch_bytes + job.sink.partitions);
  const DurationUs append_us = 2 * link_us * (plan.log.replicated() ? 2 : 1) + mails_us(2 * parallelism, bytes);
  backlog.sinks_us = append_us * rounds(batches, plan.log.client.max_in_flight);
  return backlog;
}

}  // namespace onceproof::scenarios
