// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/effects.h"

#include <limits>

#include "runtime/base/bytes.h"
#include "runtime/base/hash.h"

namespace onceproof::scenarios {

namespace {

void add_outputs(const std::vector<checkers::OutputRecord>& outputs, ByteWriter& writer) {
  writer.fixed<uint64_t>(outputs.size());
  for (const checkers::OutputRecord& output : outputs) {
    writer.fixed(output.partition);
    writer.fixed(output.offset);
    writer.fixed(output.timestamp_us);
    writer.string(output.key);
    writer.string(output.value);
    writer.fixed(output.epoch);
    writer.fixed(static_cast<uint8_t>(output.visibility));
    for (const Position position : output.lineage) writer.fixed(position);
  }
}

}  // namespace

uint64_t end_state(const checkers::History& history) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.fixed(static_cast<uint8_t>(history.job));
  writer.fixed(history.restarts);
  writer.fixed<uint8_t>(history.quiescent ? 1 : 0);
  add_outputs(history.outputs, writer);
  add_outputs(history.observed, writer);
  for (const checkers::TransactionRecord& transaction : history.transactions) {
    writer.string(transaction.transactional_id);
    writer.fixed(transaction.epoch);
    writer.fixed(transaction.checkpoint);
    writer.fixed(static_cast<uint8_t>(transaction.outcome));
    writer.fixed<uint8_t>(transaction.timed_out ? 1 : 0);
  }
  for (const checkers::CheckpointRecord& checkpoint : history.checkpoints) {
    writer.fixed(checkpoint.id);
    writer.fixed(static_cast<uint8_t>(checkpoint.outcome));
    writer.string(checkpoint.reason);
  }
  return hash64(bytes);
}

RunPlan without_fault(RunPlan plan, size_t fault) {
  simulator::Trigger never;
  never.point = env::Point::job_status;
  never.nth = std::numeric_limits<uint32_t>::max();
  plan.faults[fault].trigger = never;
  return plan;
}

Result<bool> is_effective(Session& session, const RunPlan& plan, size_t fault, uint64_t state) {
  const Result<RunResult> without = session.run(without_fault(plan, fault), Recording::state);
  if (!without.ok()) return without.error();
  return end_state(without.value().report.history) != state;
}

Status measure_effects(Session& session, const RunPlan& plan, RunResult& result) {
  const uint64_t state = end_state(result.report.history);
  result.report.faults.effective = 0;
  for (size_t i = 0; i < result.report.history.faults.size(); ++i) {
    checkers::FaultRecord& fault = result.report.history.faults[i];
    fault.effective = false;
    if (!fault.fired) continue;
    const Result<bool> effective = is_effective(session, plan, i, state);
    if (!effective.ok()) return effective.error();
    fault.effective = effective.value();
    result.report.faults.effective += effective.value() ? 1 : 0;
  }
  return {};
}

}  // namespace onceproof::scenarios
