// SPDX-License-Identifier: Apache-2.0
#include "reports/html_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "reports/diagram.h"
#include "reports/html_parts.h"
#include "reports/names.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

namespace {

constexpr size_t kMaxRows = 40;  // of one table
constexpr size_t kMaxEventRows = 150;

std::string more_rows(size_t all, size_t shown) {
  if (all <= shown) return "";
  return fmt::format("<p class=\"quiet\">The first {} of {} are shown; history.jsonl has all.</p>\n", grouped(shown),
                     grouped(all));
}

std::string yes_no(bool yes) { return yes ? "<span class=\"yes\">✓ yes</span>" : "<span class=\"no\">– no</span>"; }

std::string outcome_cell(std::string_view outcome, bool trouble) {
  return cell(outcome, trouble ? "trouble nowrap" : "nowrap");
}

std::string epoch_label(uint64_t checkpoint) {
  if (checkpoint == 0) return "–";
  return fmt::format("{}{}", glyph_icon(Glyph::disc, epoch_class(checkpoint)), checkpoint);
}

}  // namespace

std::string comparison_table(const std::vector<const RunReport*>& runs) {
  std::vector<Heading> headings = {{"measure"}};
  for (const RunReport* run : runs) headings.push_back({to_string(run->verdict.claimed), true});
  std::string out = open_table("comparison",
                               "Counts are contributions of source records, found by lineage, for a reader that sees "
                               "committed records only.",
                               headings);
  using Measure = std::function<std::string(const RunReport&)>;
  const auto count = [](uint64_t number) { return grouped(number); };
  const std::vector<std::pair<const char*, Measure>> measures = {
      {"observed", [](const RunReport& run) { return observed_text(run.verdict); }},
      {"expected", [&](const RunReport& run) { return count(run.verdict.counts.expected); }},
      {"delivered", [&](const RunReport& run) { return count(run.verdict.counts.delivered); }},
      {"lost", [&](const RunReport& run) { return count(run.verdict.counts.lost); }},
      {"duplicated", [&](const RunReport& run) { return count(run.verdict.counts.duplicated); }},
      {"phantom", [&](const RunReport& run) { return count(run.verdict.counts.phantom); }},
      {"corrupted results", [&](const RunReport& run) { return count(run.verdict.counts.corrupted); }},
      {"results in the sink", [&](const RunReport& run) { return count(run.verdict.counts.results); }},
      {"restarts", [&](const RunReport& run) { return count(run.history.restarts); }},
      {"checkpoints completed", [&](const RunReport& run) { return count(run.checkpoints_completed); }},
      {"checkpoints aborted", [&](const RunReport& run) { return count(run.checkpoints_aborted); }},
      {"faults armed / fired / effective",
       [](const RunReport& run) {
         return fmt::format("{} / {} / {}", run.faults.armed, run.faults.fired, run.faults.effective);
       }},
      {"job", [](const RunReport& run) { return std::string(to_string(run.history.job)); }},
      {"virtual time", [](const RunReport& run) { return instant_text(run.history.ended_us); }},
      {"simulator events", [&](const RunReport& run) { return count(run.events); }},
  };
  for (const auto& [name, measure] : measures) {
    out += "<tr>" + row_head(name);
    for (const RunReport* run : runs) out += number_cell(html_escape(measure(*run)));
    out += "</tr>\n";
  }
  out += "<tr>" + row_head("trace hash");
  for (const RunReport* run : runs) {
    out += number_cell(fmt::format("<span class=\"hash\" title=\"{0}\">{1}</span>", html_escape(run->trace_hash),
                                   html_escape(run->trace_hash.substr(0, 12))));
  }
  return out + "</tr>\n" + kCloseTable;
}

std::string checkpoints_table(const History& history) {
  if (history.checkpoints.empty()) return "<p>No checkpoint was triggered.</p>\n";
  std::string out = open_table("checkpoints", "The colour of a checkpoint's dot is its colour in the diagrams.",
                               {{"checkpoint"}, {"triggered", true}, {"duration", true}, {"outcome"}, {"reason"}});
  const size_t shown = std::min(history.checkpoints.size(), kMaxRows);
  for (size_t i = 0; i < shown; ++i) {
    const CheckpointRecord& checkpoint = history.checkpoints[i];
    const DurationUs duration_us = checkpoint.ended_us < 0 ? -1 : checkpoint.ended_us - checkpoint.triggered_us;
    out += "<tr>" + row_head(epoch_label(checkpoint.id)) + number_cell(instant_text(checkpoint.triggered_us)) +
           number_cell(duration_text(duration_us)) +
           outcome_cell(outcome_name(checkpoint.outcome), checkpoint.outcome == CheckpointOutcome::aborted) +
           cell(html_escape(checkpoint.reason)) + "</tr>\n";
  }
  return out + kCloseTable + more_rows(history.checkpoints.size(), shown);
}

std::string transactions_table(const History& history) {
  if (history.transactions.empty()) {
    return history.transactional_sink ? "<p>No transaction was begun.</p>\n"
                                      : "<p>This sink writes without transactions.</p>\n";
  }
  std::string out = open_table(
      "transactions", "A transaction is decided when its outcome is durable, visible when all markers are written.",
      {{"transactional id"},
       {"producer/epoch", true},
       {"checkpoint"},
       {"begun", true},
       {"decided", true},
       {"visible", true},
       {"outcome"}});
  const size_t shown = std::min(history.transactions.size(), kMaxRows);
  for (size_t i = 0; i < shown; ++i) {
    const TransactionRecord& transaction = history.transactions[i];
    const std::string outcome =
        fmt::format("{}{}", outcome_name(transaction.outcome), transaction.timed_out ? ", timed out" : "");
    out += "<tr>" + row_head(html_escape(printable(transaction.transactional_id, 60))) +
           number_cell(fmt::format("{}/{}", transaction.producer_id, transaction.epoch)) +
           cell(epoch_label(transaction.checkpoint)) + number_cell(instant_text(transaction.begun_us)) +
           number_cell(instant_text(transaction.decided_us)) + number_cell(instant_text(transaction.completed_us)) +
           outcome_cell(outcome, transaction.timed_out || transaction.outcome == TransactionOutcome::open) + "</tr>\n";
  }
  return out + kCloseTable + more_rows(history.transactions.size(), shown);
}

std::string faults_table(const History& history) {
  if (history.faults.empty()) return "<p>No fault was armed.</p>\n";
  std::string out =
      open_table("faults", "Armed: in the plan. Fired: it struck. Effective: it changed something.",
                 {{"#", true}, {"kind"}, {"fault"}, {"fired"}, {"effective"}, {"struck", true}, {"healed", true}});
  for (size_t i = 0; i < history.faults.size(); ++i) {
    const FaultRecord& fault = history.faults[i];
    out += "<tr>" + number_cell(std::to_string(i + 1)) + row_head(html_escape(fault.kind)) +
           cell(html_escape(fault.description)) + cell(yes_no(fault.fired), "nowrap") +
           cell(yes_no(fault.effective), "nowrap") + number_cell(instant_text(fault.fired_us)) +
           number_cell(instant_text(fault.healed_us)) + "</tr>\n";
  }
  return out + kCloseTable;
}

std::string events_table(const Timeline& timeline, const std::vector<const Event*>& events, std::string_view caption) {
  std::string out = open_table("events", caption,
                               {{"time", true}, {"process"}, {"point"}, {"task"}, {"checkpoint", true}, {"words"}});
  const size_t shown = std::min(events.size(), kMaxEventRows);
  for (size_t i = 0; i < shown; ++i) {
    const Event& event = *events[i];
    out += "<tr>" + number_cell(fmt::format("{}.{:06} s", event.at_us / seconds(1), event.at_us % seconds(1))) +
           cell(html_escape(timeline.lanes[event.process].name)) +
           row_head(fmt::format("{}{}", event.point, event.before ? " (before)" : "")) +
           cell(event.vertex < 0 ? "" : fmt::format("{}/{}", event.vertex, event.subtask)) +
           number_cell(event.checkpoint == 0 ? "" : std::to_string(event.checkpoint)) +
           cell(html_escape(printable(event.text, 100))) + "</tr>\n";
  }
  return out + kCloseTable + more_rows(events.size(), shown);
}

std::string configuration_table(const ReportContext& context) {
  if (context.configuration.empty()) return "<p>The configuration was not recorded.</p>\n";
  std::string out = open_table("configuration", "The options that the runs were made with.", {{"option"}, {"value"}});
  for (const auto& [name, value] : context.configuration) {
    out += "<tr>" + row_head(html_escape(name)) + cell(html_escape(value)) + "</tr>\n";
  }
  return out + kCloseTable;
}

}  // namespace onceproof::reports
