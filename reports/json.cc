// SPDX-License-Identifier: Apache-2.0
#include "reports/json.h"

#include <nlohmann/json.hpp>

#include "reports/names.h"

namespace onceproof::reports {

using namespace checkers;
namespace {

constexpr int kSchema = 1;

Json finding_value(const Finding& finding) {
  Json value = {{"checker", finding.checker}, {"kind", finding.kind}, {"story", finding.story}};
  if (finding.at_us >= 0) value["at_us"] = finding.at_us;
  return value;
}

Json position_value(Position position) {
  return {{"partition", partition_of(position)}, {"offset", offset_of(position)}, {"ordinal", ordinal_of(position)}};
}

Json output_value(const OutputRecord& output) {
  return {{"partition", output.partition},
          {"offset", output.offset},
          {"timestamp_us", output.timestamp_us},
          {"key", output.key},
          {"value", output.value},
          {"contributions", output.lineage.size()},
          {"producer_id", output.producer_id},
          {"epoch", output.epoch},
          {"visibility", visibility_name(output.visibility)}};
}

Json ledger_value(const RunReport& run) {
  Json entries = Json::array();
  for (const LedgerEntry& entry : run.verdict.ledger) {
    Json value = position_value(entry.position);
    value["word"] = entry.word;
    value["delivered"] = entry.delivered;
    value["outputs"] = Json::array();
    for (const uint32_t index : entry.outputs) {
      if (index < run.history.outputs.size()) value["outputs"].push_back(output_value(run.history.outputs[index]));
    }
    entries.push_back(std::move(value));
  }
  return {{"total", run.verdict.ledger_total}, {"entries", std::move(entries)}};
}

}  // namespace

std::string to_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json run_value(const RunReport& run) {
  const Verdict& verdict = run.verdict;
  Json value;
  value["scenario"] = run.scenario;
  value["seed"] = run.seed;
  value["claimed"] = to_string(verdict.claimed);
  value["observed"] = observed_text(verdict);
  value["verdict"] = to_string(verdict.outcome);
  value["expected"] = verdict.counts.expected;
  value["delivered"] = verdict.counts.delivered;
  value["lost"] = verdict.counts.lost;
  value["duplicated"] = verdict.counts.duplicated;
  value["phantom"] = verdict.counts.phantom;
  value["corrupted"] = verdict.counts.corrupted;
  value["results"] = verdict.counts.results;
  value["faults"] = {{"armed", run.faults.armed}, {"fired", run.faults.fired}, {"effective", run.faults.effective}};
  value["checkpoints"] = {{"completed", run.checkpoints_completed}, {"aborted", run.checkpoints_aborted}};
  value["restarts"] = run.history.restarts;
  value["trace_hash"] = run.trace_hash;
  value["virtual_seconds"] = static_cast<double>(run.history.ended_us) / 1e6;
  value["events"] = run.events;
  value["job"] = to_string(run.history.job);
  if (!run.history.job_reason.empty()) value["job_reason"] = run.history.job_reason;
  value["evidence"] = verdict.evidence;
  value["why"] = verdict.why;
  value["findings"] = Json::array();
  for (const Finding& finding : verdict.findings) value["findings"].push_back(finding_value(finding));
  return value;
}

Json run_value(const std::vector<RunReport>& runs) {
  Json value;
  value["schema"] = kSchema;
  value["runs"] = Json::array();
  for (const RunReport& run : runs) value["runs"].push_back(run_value(run));
  return value;
}

std::string run_json(const std::vector<RunReport>& runs, int indent) { return to_text(run_value(runs), indent); }

std::string verdict_json(const RunReport& run) {
  Json value;
  value["schema"] = kSchema;
  value.update(run_value(run));
  value["ledger"] = ledger_value(run);
  return to_text(value);
}

}  // namespace onceproof::reports
