// SPDX-License-Identifier: Apache-2.0
#include "reports/json.h"

#include <nlohmann/json.hpp>

#include "reports/json_line.h"
#include "reports/names.h"

namespace onceproof::reports {

using namespace checkers;
using Json = nlohmann::ordered_json;

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

// Only what the point carries: an event is one short line.
void put_event(JsonLine& line, const History& history, const Event& event) {
  line.put("at_us", event.at_us);
  line.put("process", process_name(history, event.process));
  line.put("point", event.point);
  if (event.before) line.put("when", "before");
  if (event.vertex >= 0) line.put("vertex", event.vertex);
  if (event.subtask >= 0) line.put("subtask", event.subtask);
  if (event.checkpoint != 0) line.put("checkpoint", event.checkpoint);
  if (event.attempt != 0) line.put("attempt", event.attempt);
  if (event.value != 0) line.put("value", event.value);
  if (event.epoch != 0) line.put("epoch", event.epoch);
  if (!event.text.empty()) line.put("text", event.text);
}

void put_checkpoint(JsonLine& line, const CheckpointRecord& checkpoint) {
  line.put("id", checkpoint.id);
  line.put("triggered_us", checkpoint.triggered_us);
  line.put("ended_us", checkpoint.ended_us);
  line.put("outcome", outcome_name(checkpoint.outcome));
  if (!checkpoint.reason.empty()) line.put("reason", checkpoint.reason);
}

void put_transaction(JsonLine& line, const TransactionRecord& transaction) {
  line.put("transactional_id", transaction.transactional_id);
  line.put("producer_id", transaction.producer_id);
  line.put("epoch", transaction.epoch);
  line.put("number", transaction.number);
  line.put("checkpoint", transaction.checkpoint);
  line.put("begun_us", transaction.begun_us);
  line.put("decided_us", transaction.decided_us);
  line.put("completed_us", transaction.completed_us);
  line.put("outcome", outcome_name(transaction.outcome));
  line.put("timed_out", transaction.timed_out);
}

void put_fault(JsonLine& line, const FaultRecord& fault) {
  line.put("kind", fault.kind);
  line.put("description", fault.description);
  line.put("fired", fault.fired);
  line.put("effective", fault.effective);
  line.put("fired_us", fault.fired_us);
  line.put("healed_us", fault.healed_us);
}

// An array with one element a line: readable, and a tenth of the lines that indentation would make.
template <class Items, class Put>
void put_lines(std::string& out, const char* name, const Items& items, const Put& put) {
  out += ",\n  \"" + std::string(name) + "\": [";
  bool first = true;
  for (const auto& item : items) {
    out += first ? "\n    " : ",\n    ";
    JsonLine line(out);
    put(line, item);
    line.end();
    first = false;
  }
  out += first ? "]" : "\n  ]";
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
  value["observed"] = to_string(verdict.observed);
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

std::string run_json(const std::vector<RunReport>& runs, int indent) {
  Json value;
  value["schema"] = kSchema;
  value["runs"] = Json::array();
  for (const RunReport& run : runs) value["runs"].push_back(run_value(run));
  return to_text(value, indent);
}

std::string verdict_json(const RunReport& run) {
  Json value;
  value["schema"] = kSchema;
  value.update(run_value(run));
  value["ledger"] = ledger_value(run);
  return to_text(value);
}

std::string history_json(const RunReport& run) {
  const History& history = run.history;
  std::string out = "{\n  \"schema\": " + std::to_string(kSchema);
  const auto put = [&out](const char* name, const Json& value) {
    std::string line = to_text(value, -1);
    line.pop_back();
    out += ",\n  \"" + std::string(name) + "\": " + line;
  };
  put("scenario", run.scenario);
  put("seed", run.seed);
  put("claimed", to_string(history.claimed));
  put("job", to_string(history.job));
  put("job_reason", history.job_reason);
  put("ended_us", history.ended_us);
  put("healed_us", history.healed_us);
  put("input_end_us", history.input_end_us);
  put("quiescent", history.quiescent);
  put("restarts", history.restarts);
  put("processes", history.processes);
  put_lines(out, "vertices", history.vertices, [](JsonLine& line, const VertexName& vertex) {
    line.put("name", vertex.name);
    line.put("parallelism", vertex.parallelism);
  });
  put_lines(out, "faults", history.faults, put_fault);
  put_lines(out, "checkpoints", history.checkpoints, put_checkpoint);
  put_lines(out, "transactions", history.transactions, put_transaction);
  put("ledger", ledger_value(run));
  put_lines(out, "events", history.events,
            [&](JsonLine& line, const Event& event) { put_event(line, history, event); });
  return out + "\n}\n";
}

}  // namespace onceproof::reports
