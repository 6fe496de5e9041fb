// SPDX-License-Identifier: Apache-2.0
#include "reports/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/diagram.h"
#include "reports/html_stories.h"
#include "reports/html_style.h"
#include "reports/html_tables.h"
#include "reports/marks.h"
#include "reports/names.h"
#include "reports/table.h"
#include "reports/text.h"
#include "reports/timeline.h"

namespace onceproof::reports {

using namespace checkers;

namespace {

std::string title_of(const std::vector<const RunReport*>& runs, const ReportContext& context) {
  if (!context.title.empty()) return context.title;
  return runs.empty() ? "no runs" : runs.front()->scenario;
}

std::string badge(Outcome outcome) {
  return fmt::format("<span class=\"badge {}\">{}</span>", to_string(outcome), outcome_text(outcome));
}

// Two runs may claim the same guarantee; the ids of their sections still differ.
std::string anchor_of(size_t index, const RunReport& run) {
  return fmt::format("run-{}-{}", index + 1, to_string(run.verdict.claimed));
}

std::string count_item(const char* name, uint64_t count, bool wrong_if_any, bool allowed) {
  const char* css = "";
  if (wrong_if_any) css = count == 0 ? "zero" : allowed ? "allowed" : "wrong";
  return fmt::format("<div class=\"{}\"><dt>{}</dt><dd>{}</dd></div>", css, name, grouped(count));
}

std::string card(size_t index, const RunReport& run) {
  const Verdict& verdict = run.verdict;
  const bool may_lose = verdict.claimed == Guarantee::at_most_once || verdict.claimed == Guarantee::none;
  const bool may_double = verdict.claimed == Guarantee::at_least_once || verdict.claimed == Guarantee::none;
  std::string out = fmt::format(
      "<article class=\"card {}\" aria-labelledby=\"card-{}\">\n<h3><span id=\"card-{}\">{}</span>{}</h3>\n"
      "<p class=\"observed\">claimed {}, observed <b>{}</b></p>\n<dl class=\"counts\">",
      to_string(verdict.outcome), index, index, to_string(verdict.claimed), badge(verdict.outcome),
      to_string(verdict.claimed), observed_text(verdict));
  if (verdict.outcome == Outcome::valid && verdict.counts.lost + verdict.counts.duplicated > 0) {
    out.insert(out.rfind("<dl"), "<p class=\"kept\">The claim was kept: it allows what is counted here.</p>\n");
  }
  out += count_item("expected", verdict.counts.expected, false, false);
  out += count_item("delivered", verdict.counts.delivered, false, false);
  out += count_item("lost", verdict.counts.lost, true, may_lose);
  out += count_item("duplicated", verdict.counts.duplicated, true, may_double);
  out += "</dl>\n";
  if (!verdict.evidence.empty()) out += "<p>" + html_escape(printable(verdict.evidence)) + "</p>\n";
  if (!verdict.why.empty()) out += "<p><b>Undecided:</b> " + html_escape(printable(verdict.why)) + "</p>\n";
  return out + fmt::format("<a href=\"#{}\">How it went under {}</a>\n</article>\n", anchor_of(index, run),
                           to_string(verdict.claimed));
}

std::string lead(const std::vector<const RunReport*>& runs) {
  size_t valid = 0, violated = 0, undecided = 0;
  for (const RunReport* run : runs) {
    valid += run->verdict.outcome == Outcome::valid;
    violated += run->verdict.outcome == Outcome::violated;
    undecided += run->verdict.outcome == Outcome::inconclusive;
  }
  if (runs.empty()) return "There is no run to report.";
  if (valid == runs.size()) return runs.size() == 1 ? "The guarantee held." : "Each guarantee held as it was claimed.";
  std::string out;
  if (violated > 0)
    out += fmt::format("{} of {} guarantees {} violated. ", violated, runs.size(), violated == 1 ? "was" : "were");
  if (undecided > 0) out += fmt::format("{} of {} could not be decided. ", undecided, runs.size());
  if (valid > 0) out += fmt::format("{} held.", valid);
  return out;
}

// A run with a defect switched on must not pass for one without.
std::string bugs_html(const ReportContext& context) {
  std::string bugs;
  for (const auto& [name, value] : context.configuration) {
    if (name == "seeded bug") bugs += (bugs.empty() ? "" : ", ") + value;
  }
  return bugs.empty() ? "" : fmt::format("<p class=\"bug\"><b>Seeded bug switched on:</b> {}</p>\n", html_escape(bugs));
}

std::string head(const std::vector<const RunReport*>& runs, const ReportContext& context) {
  const std::string title = title_of(runs, context);
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} · onceproof</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#verdicts\">Skip to the verdicts</a>\n"
      "<div class=\"page\">\n<header>\n<p class=\"kicker\">onceproof{}{}</p>\n<h1>{}</h1>\n",
      html_escape(title), html_css(), context.version.empty() ? "" : " ", html_escape(context.version),
      html_escape(title));
  std::string line = html_escape(lead(runs));
  if (!runs.empty()) {
    const RunReport& run = *runs.front();
    line += fmt::format(" Seed <code>0x{:x}</code>, {} {} armed in each run.", run.seed, run.faults.armed,
                        run.faults.armed == 1 ? "fault" : "faults");
  }
  out += "<p class=\"lead\">" + line + "</p>\n" + bugs_html(context) + "<nav aria-label=\"Contents\"><ul>\n<li><a href=\"#verdicts\">Verdicts</a></li>\n";
  for (size_t i = 0; i < runs.size(); ++i) {
    out +=
        fmt::format("<li><a href=\"#{}\">{}</a></li>\n", anchor_of(i, *runs[i]), to_string(runs[i]->verdict.claimed));
  }
  return out +
         "<li><a href=\"#reading\">How to read the diagrams</a></li>\n<li><a href=\"#reproduce\">Reproduce</a></li>\n"
         "<li><a href=\"#configuration\">Configuration</a></li>\n</ul></nav>\n</header>\n<main>\n";
}

std::string verdicts(const std::vector<const RunReport*>& runs, const ReportContext& context) {
  std::string out =
      "<section class=\"part\" id=\"verdicts\" aria-labelledby=\"verdicts-h\">\n<h2 "
      "id=\"verdicts-h\">Verdicts</h2>\n<div class=\"cards\">\n";
  for (size_t i = 0; i < runs.size(); ++i) out += card(i, *runs[i]);
  out += "</div>\n";
  if (!context.control.empty()) {
    std::string control = context.control;
    if (control[0] >= 'a' && control[0] <= 'z') control[0] = static_cast<char>(control[0] - 'a' + 'A');
    out += "<aside class=\"control\" aria-labelledby=\"control-h\"><h3 id=\"control-h\">Control</h3><p>" +
           html_escape(printable(control)) + "</p></aside>\n";
  }
  return out + "<h3>Side by side</h3>\n" + comparison_table(runs) + "</section>\n";
}

std::string details(const std::string& id, const History& history, const Timeline& timeline) {
  if (timeline.windows.empty()) return "<p class=\"quiet\">Nothing in this run asks for a closer look.</p>\n";
  std::string out =
      "<h3>Closer</h3>\n<p class=\"quiet\">Time is stretched: order is exact, distance is not to scale. "
      "The axis counts from the left edge.</p>\n";
  for (size_t i = 0; i < timeline.windows.size(); ++i) {
    const Window& window = timeline.windows[i];
    const char letter = static_cast<char>('A' + i);
    const Detail detail = detail_svg(fmt::format("{}-{}", id, letter), history, timeline, window);
    out += fmt::format("<div class=\"closer{}\">\n", window.main ? "" : " lesser");
    out += fmt::format("<h4>{}. {}</h4>\n<figure><figcaption>{} {} to {}.", letter, html_escape(window.title),
                       html_escape(window.why), instant_text(window.from_us), instant_text(window.to_us));
    if (detail.not_drawn > 0) out += fmt::format(" {} lesser events are not drawn.", grouped(detail.not_drawn));
    out += fmt::format("</figcaption>\n<div class=\"figure\" tabindex=\"0\" role=\"group\" aria-label=\"{}\">",
                       html_escape(window.title)) +
           detail.svg + "</div></figure>\n";
    out += "<details><summary>The events as a list</summary>\n" +
           events_table(timeline, detail.events, fmt::format("Events of {}: {}.", letter, window.title)) +
           "</details>\n</div>\n";
  }
  return out;
}

std::string run_section(size_t index, const RunReport& run) {
  const History& history = run.history;
  const std::string id = anchor_of(index, run);
  const Timeline timeline = timeline_of(history, &run.verdict);
  std::string out = fmt::format(
      "<section class=\"run\" id=\"{}\" aria-labelledby=\"{}-h\">\n<div class=\"run-head\"><h2 "
      "id=\"{}-h\">{}</h2>{}</div>\n"
      "<p>{}</p>\n",
      id, id, id, to_string(run.verdict.claimed), badge(run.verdict.outcome),
      html_escape(printable(run.verdict.evidence)));
  if (!run.verdict.why.empty()) out += "<p><b>Undecided:</b> " + html_escape(printable(run.verdict.why)) + "</p>\n";
  if (!history.job_reason.empty()) {
    out += fmt::format("<p>The job {}: {}</p>\n", to_string(history.job), html_escape(printable(history.job_reason)));
  }
  out += "<h3>What happened to the data</h3>\n" + stories_html(run);
  out +=
      "<h3>The whole run</h3>\n<figure><figcaption>One lane for each process, virtual time to the right. The letters "
      "below the axis mark what is drawn closer further down. Marks that would lie on each other are drawn "
      "once.</figcaption>\n<div class=\"figure\" tabindex=\"0\" role=\"group\" aria-label=\"The whole run\">" +
      overview_svg(id + "-overview", history, timeline) + "</div></figure>\n";
  out += details(id, history, timeline);
  out += "<h3>Faults</h3>\n" + faults_table(history);
  out += "<h3>Checkpoints</h3>\n" + checkpoints_table(history);
  out += "<h3>Transactions</h3>\n" + transactions_table(history);
  return out + "</section>\n";
}

// The points of all runs, so that the legend explains what is drawn and nothing else.
std::set<std::string_view> points_of(const std::vector<const RunReport*>& runs) {
  std::set<std::string_view> points;
  for (const RunReport* run : runs) {
    const Timeline timeline = timeline_of(run->history, &run->verdict);
    for (const Event* event : timeline.events) points.insert(event->point);
  }
  return points;
}

std::string reading(const std::vector<const RunReport*>& runs) {
  const bool aligns = std::any_of(runs.begin(), runs.end(), [](const RunReport* run) {
    return run->history.claimed == Guarantee::exactly_once && !run->history.checkpoints.empty();
  });
  std::string out = fmt::format(
      "<section class=\"part\" id=\"reading\" aria-labelledby=\"reading-h\">\n<h2 id=\"reading-h\">How to read the "
      "diagrams</h2>\n"
      "<p>A mark's shape says what happened; its colour says for which checkpoint, the same in every figure and in the "
      "tables, in eight turns. Red marks are trouble. A pale mark is the moment before a durable effect. Thick lines "
      "are "
      "barriers that travel between tasks, dashed lines are messages of the job manager, dotted lines are requests to "
      "the log."
      "{}</p>\n<ul class=\"legend\">\n",
      aligns ? " A shaded box on a row is an alignment: the first barrier is in, the last one not yet." : "");
  const std::set<std::string_view> points = points_of(runs);
  for (const Mark& mark : marks()) {
    if (!points.contains(mark.point)) continue;
    out += fmt::format("<li>{}<span><b>{}</b> {}</span></li>\n", glyph_icon(mark.glyph, mark.alarming ? "bad" : "e0"),
                       mark.point, mark.meaning);
  }
  const std::pair<const char*, const char*> spans[] = {
      {"down-span", "the process is down"},
      {"cut-span", "the process is cut off from others"},
      {"pause-span", "the process is paused"},
      {"undone", "rewind: this stretch is done again after a restart"},
      {"replay e0", "replay: over at the latest when the next checkpoint completes"}};
  for (const auto& [css, meaning] : spans) {
    out += fmt::format(
        "<li><svg class=\"icon\" width=\"16\" height=\"16\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">"
        "<rect x=\"1\" y=\"2\" width=\"14\" height=\"12\" class=\"{}\"/></svg><span>{}</span></li>\n",
        css, meaning);
  }
  return out + "</ul>\n</section>\n";
}

std::string tail(const ReportContext& context) {
  std::string out =
      "<section class=\"part\" id=\"reproduce\" aria-labelledby=\"reproduce-h\">\n<h2 "
      "id=\"reproduce-h\">Reproduce</h2>\n";
  out += context.command.empty()
             ? "<p>The command was not recorded.</p>\n"
             : "<p>The same version gives the same run, event for event; the trace hash proves it.</p>\n<pre><code>" +
                   html_escape(context.command) + "</code></pre>\n";
  out +=
      "</section>\n<section class=\"part\" id=\"configuration\" aria-labelledby=\"configuration-h\">\n"
      "<h2 id=\"configuration-h\">Configuration</h2>\n" +
      configuration_table(context) + "</section>\n</main>\n<footer><p>Made by onceproof " +
      html_escape(context.version) + ". All times are virtual.</p></footer>\n</div>\n<script>" +
      std::string(html_script()) + "</script>\n</body>\n</html>\n";
  return out;
}

}  // namespace

std::string html_report(const std::vector<RunReport>& runs, const ReportContext& context) {
  const std::vector<const RunReport*> order = weakest_first(runs);
  std::string out = head(order, context) + glyph_definitions() + verdicts(order, context);
  for (size_t i = 0; i < order.size(); ++i) out += run_section(i, *order[i]);
  return out + reading(order) + tail(context);
}

}  // namespace onceproof::reports
