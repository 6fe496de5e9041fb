// SPDX-License-Identifier: Apache-2.0
#include "scenarios/run/history_builder.h"

#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "runtime/base/lineage.h"
#include "runtime/graph/execution_graph.h"
#include "scenarios/plan/guarantee.h"
#include "scenarios/run/bounds.h"
#include "simulator/log/extract.h"

namespace onceproof::scenarios {

namespace {

using checkers::History;

checkers::Visibility visibility_of(simulator::log::Visibility visibility) {
  switch (visibility) {
    case simulator::log::Visibility::committed: return checkers::Visibility::committed;
    case simulator::log::Visibility::aborted: return checkers::Visibility::aborted;
    case simulator::log::Visibility::open: return checkers::Visibility::open;
    case simulator::log::Visibility::non_transactional: break;
  }
  return checkers::Visibility::non_transactional;
}

checkers::TransactionOutcome outcome_of(simulator::log::Outcome outcome) {
  switch (outcome) {
    case simulator::log::Outcome::committed: return checkers::TransactionOutcome::committed;
    case simulator::log::Outcome::aborted: return checkers::TransactionOutcome::aborted;
    case simulator::log::Outcome::open: break;
  }
  return checkers::TransactionOutcome::open;
}

void convert(const std::vector<simulator::log::SinkRecord>& records, std::vector<checkers::OutputRecord>& out) {
  out.reserve(records.size());
  for (const simulator::log::SinkRecord& record : records) {
    checkers::OutputRecord& output = out.emplace_back();
    output.partition = record.partition;
    output.offset = record.offset;
    output.timestamp_us = record.timestamp_us;
    output.key = record.key;
    output.value = record.value;
    output.producer_id = record.producer_id;
    output.epoch = record.epoch;
    output.visibility = visibility_of(record.visibility);
    output.at_us = record.at_us;
    output.decided_us = record.decided_us;
    output.transaction = record.transaction;
    CHECK(decode_lineage(record.lineage, output.lineage), "the log returned a lineage that was never written");
    output.lineage.sort();
  }
}

// When, and why not, from the points; whether, from the disk.
void add_checkpoints(const std::vector<simulator::PointHit>& points, History& history) {
  std::map<uint64_t, size_t> checkpoints;
  TimeUs last_restart_us = -1;
  for (const simulator::PointHit& hit : points) {
    const std::string_view name = hit.name;
    // One failure restarts every region that it hits, at one instant.
    if (name == "job.restart" && std::exchange(last_restart_us, hit.at_us) != hit.at_us) ++history.restarts;
    if (name == "leader.elect" && hit.value > 1) ++history.restarts;
    if (name == "checkpoint.trigger" && !hit.before) {
      checkpoints[hit.checkpoint] = history.checkpoints.size();
      history.checkpoints.push_back({hit.checkpoint, hit.at_us, -1, checkers::CheckpointOutcome::pending, ""});
    } else if (name == "checkpoint.abort" && !hit.before && checkpoints.contains(hit.checkpoint)) {
      checkers::CheckpointRecord& checkpoint = history.checkpoints[checkpoints.at(hit.checkpoint)];
      checkpoint.outcome = checkers::CheckpointOutcome::aborted;
      checkpoint.ended_us = hit.at_us;
      checkpoint.reason = hit.text;
    }
  }
  for (const checkers::StoredCheckpoint& stored : history.stored) {  // complete, whoever could or could not say so
    const auto found = checkpoints.find(stored.id);
    if (found == checkpoints.end()) continue;
    checkers::CheckpointRecord& checkpoint = history.checkpoints[found->second];
    checkpoint.outcome = checkers::CheckpointOutcome::completed;
    checkpoint.ended_us = stored.durable_us;
    checkpoint.reason.clear();
  }
}

// The checkpoint coordinator's words, as the job manager repeats them (runtime/checkpoint/coordinator.cc).
checkers::RestartReason reason_of(const simulator::PointHit& hit) {
  const bool checkpoints = std::string_view(hit.name) == "job.restart" &&
                           hit.text.find("Exceeded checkpoint tolerable failure threshold") != std::string::npos;
  return checkpoints ? checkers::RestartReason::checkpoints : checkers::RestartReason::failure;
}

void add_events(std::vector<simulator::PointHit> points, History& history) {
  history.events.reserve(points.size());
  for (simulator::PointHit& hit : points) {
    history.events.push_back({hit.at_us, hit.process, hit.name, hit.before, reason_of(hit), hit.vertex, hit.subtask,
                              hit.checkpoint, hit.attempt, hit.value, hit.epoch, std::move(hit.text)});
  }
}

// A pre-commit speaks of the transaction that was under way at the time: the last one of its id and epoch that had
// begun, or the first one when its records were still on their way. In the classic protocol a late request may open
// an id again under the same epoch; that later transaction is nobody's.
void assign_checkpoints(const std::vector<simulator::PointHit>& points,
                        std::vector<checkers::TransactionRecord>& transactions) {
  using Key = std::tuple<std::string_view, uint64_t, uint32_t>;
  std::map<Key, std::vector<size_t>> by_writer;  // in the order of their beginnings
  for (size_t i = 0; i < transactions.size(); ++i) {
    const checkers::TransactionRecord& record = transactions[i];
    by_writer[{record.transactional_id, record.producer_id, record.epoch}].push_back(i);
  }
  for (const simulator::PointHit& hit : points) {
    if (std::string_view(hit.name) != "sink.pre-commit" || !hit.before) continue;
    const auto found = by_writer.find({hit.text, hit.value, hit.epoch});
    if (found == by_writer.end()) continue;
    size_t under_way = found->second.front();
    for (const size_t i : found->second) {
      if (transactions[i].begun_us <= hit.at_us) under_way = i;
    }
    transactions[under_way].checkpoint = hit.checkpoint;
  }
}

void add_transactions(const std::vector<simulator::PointHit>& points, const simulator::log::LogCluster& log,
                      History& history) {
  for (const simulator::log::TransactionEntry& entry : simulator::log::transaction_history(log)) {
    checkers::TransactionRecord& record = history.transactions.emplace_back();
    record.transactional_id = entry.transactional_id;
    record.producer_id = entry.producer_id;
    record.epoch = entry.epoch;
    record.number = entry.number;
    record.begun_us = entry.begun_us;
    record.decided_us = entry.decided_us;
    record.completed_us = entry.completed_us;
    record.timed_out = entry.timed_out;
    record.outcome = outcome_of(entry.outcome);
  }
  assign_checkpoints(points, history.transactions);
}

}  // namespace

History build_history(const RunPlan& plan, const graph::ExecutionGraph& graph, simulator::World& world,
                      const simulator::log::LogCluster& log, const simulator::log::ReaderJournal& journal,
                      const Workload& workload, std::vector<checkers::StoredCheckpoint> stored) {
  History history;
  history.store_recorded = true;
  history.reads_recorded = true;
  history.stored = std::move(stored);
  Derivation derivation = derive(plan.job);
  history.claimed = derivation.guarantee;
  history.conditions = std::move(derivation.conditions);
  history.transactional_sink = plan.job.sink.mode == graph::SinkMode::transactional;
  history.order_claimed = plan.job.sink.mode != graph::SinkMode::fire_and_forget || world.reconnections() == 0;
  history.order_within_producer = derivation.order == Order::within_attempt;
  history.processes = world.process_names();
  for (const graph::Vertex& vertex : graph.vertices)
    history.vertices.push_back({vertex.name, vertex.parallelism});
  convert(simulator::log::sink_records(log, plan.job.sink.topic), history.outputs);
  convert(simulator::log::observed_records(log, journal), history.observed);
  std::vector<simulator::PointHit> points = world.take_points();
  add_checkpoints(points, history);
  add_transactions(points, log, history);
  add_events(std::move(points), history);
  for (const simulator::FaultStatus& fault : world.faults()) {
    // One that was never over excuses all of the run, up to its end.
    const TimeUs over_us = fault.in_force ? world.now() : fault.healed_us;
    history.faults.push_back({fault.kind, fault.description, fault.fired, fault.effective, fault.fired_us, over_us});
    if (fault.fired) history.healed_us = std::max({history.healed_us, fault.fired_us, over_us});
  }
  for (const simulator::SlowSpan& slow : world.slow_steps()) history.slow.push_back({slow.from_us, slow.until_us});
  for (int32_t partition = 0; partition < plan.job.source.partitions; ++partition) {
    std::vector<checkers::Asked>& asked = history.asked.emplace_back();
    for (const auto& each : log.asked({plan.job.source.topic, partition})) asked.push_back({each.at_us, each.offset});
  }
  history.bounds = bounds_of(plan, workload);
  history.no_progress_owed = why_no_progress_is_owed(plan, workload);
  history.out_of_orderness_us = plan.job.source.out_of_orderness_us;
  history.ended_us = world.now();
  history.liveness_bound_us = liveness_of(plan, workload);
  history.quiescent = simulator::log::quiescent(log);
  return history;
}

}  // namespace onceproof::scenarios
