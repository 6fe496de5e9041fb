// SPDX-License-Identifier: Apache-2.0
#include "reports/html_stories.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "checkers/text.h"
#include "reports/html_parts.h"
#include "reports/ledger.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

namespace {

constexpr size_t kMostStories = 6;   // told; the others are counted
constexpr size_t kMostRows = 8;      // of a story's ledger
constexpr size_t kMostWindows = 8;
constexpr size_t kMostFindings = 5;  // of one kind

std::string noun_of(const RunReport& run) { return run.verdict.counts_words ? "word" : "record"; }

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string escaped(const std::string& text) { return html_escape(printable(text)); }

std::string heading(const Story& story) {
  const bool damage = !story.first.empty();
  const char* tag = story.forbidden ? "<span class=\"tag bad\">✗ forbidden</span>"
                                    : "<span class=\"tag\">allowed by the claim</span>";
  return fmt::format("<h4>{} {}</h4>\n", html_escape(capital(damage ? story.what : "What is wrong: " + story.what)), tag);
}

std::string steps_html(const Story& story) {
  if (story.steps.empty()) return "";
  std::string out = fmt::format("<p class=\"quiet\">{}, step by step:</p>\n<ol class=\"steps\">\n", escaped(story.first));
  for (const StoryStep& step : story.steps) {
    out += fmt::format("<li><span class=\"when\">{}</span> <span>{}</span></li>\n",
                       step.at_us < 0 ? "–" : instant_text(step.at_us), escaped(step.text));
  }
  return out + "</ol>\n";
}

std::string windows_html(const Story& story) {
  if (story.windows.empty() || story.windows.front().window_end_us == 0) return "";
  std::string list;
  for (size_t i = 0; i < std::min(story.windows.size(), kMostWindows); ++i) {
    const WindowDamage& window = story.windows[i];
    list += fmt::format("{}the window that ends at {}: {}", i == 0 ? "" : "; ", time_text(window.window_end_us),
                        grouped(window.lost + window.duplicated));
  }
  const uint64_t more = story.windows_total - std::min<uint64_t>(story.windows_total, kMostWindows);
  return fmt::format("<p>By window, the worst first: {}{}.</p>\n", html_escape(list),
                     more > 0 ? fmt::format("; and {}", count_text(more, "other window")) : "");
}

std::string ledger_html(const RunReport& run, size_t number, const LedgerContext& context) {
  const Story& story = run.verdict.stories[number];
  std::string rows;
  size_t shown = 0;
  for (const LedgerEntry& entry : run.verdict.ledger) {
    if (entry.story != number || shown == kMostRows) continue;
    ++shown;
    const std::string delivered =
        entry.delivered == 0 ? "<span class=\"trouble\">✗ lost</span>" : fmt::format("{}×", entry.delivered);
    const std::vector<std::string> lines = context.outputs_of(entry);
    std::string outputs;
    for (const std::string& line : lines) outputs += "<li>" + html_escape(line) + "</li>";
    rows += "<tr>" + row_head(word_html(entry.word)) +
            cell(html_escape(position_text(entry.position, run.verdict.counts_words)), "nowrap") +
            number_cell(delivered) + cell(lines.empty() ? "none" : "<ul>" + outputs + "</ul>") + "</tr>\n";
  }
  if (rows.empty()) return "";
  const uint64_t all = std::max<uint64_t>(story.lost + story.duplicated, shown);
  const std::string caption = fmt::format("The first {} of {}.", shown, grouped(all));
  const std::string noun = noun_of(run);
  return open_table("ledger", caption, {{noun}, {"position in the input"}, {"delivered", true}, {"in these results"}}) +
         rows + kCloseTable;
}

std::string findings_html(const Verdict& verdict, const std::vector<uint32_t>& findings) {
  std::map<std::string, size_t> told;
  std::string out;
  for (const uint32_t number : findings) {
    const Finding& finding = verdict.findings[number];
    if (++told[finding.kind] > kMostFindings + 1) continue;
    out += fmt::format("<li><span class=\"kind\">{}</span>{} {}</li>\n", html_escape(finding.kind),
                       finding.at_us < 0 ? "" : fmt::format(" <span class=\"quiet\">at {}</span>", instant_text(finding.at_us)),
                       escaped(finding.story));
  }
  return out.empty() ? "" : "<ul class=\"findings\">\n" + out + "</ul>\n";
}

std::string story_html(const RunReport& run, size_t number, const LedgerContext& context) {
  const Story& story = run.verdict.stories[number];
  std::string out = "<article class=\"story\">\n" + heading(story);
  if (!story.first.empty()) out += fmt::format("<p>{}.</p>\n", escaped(capital(story.why)));
  out += findings_html(run.verdict, story.findings);
  out += steps_html(story);
  out += windows_html(story);
  out += ledger_html(run, number, context);
  if (!story.consequences.empty()) {
    out += "<details><summary>What follows from it</summary>\n" + findings_html(run.verdict, story.consequences) +
           "</details>\n";
  }
  return out + "</article>\n";
}

}  // namespace

std::string stories_html(const RunReport& run) {
  const std::vector<Story>& stories = run.verdict.stories;
  if (stories.empty()) {
    return run.verdict.counts.lost + run.verdict.counts.duplicated == 0 && run.verdict.findings.empty()
               ? "<p>Nothing was lost and nothing came twice.</p>\n"
               : "<p>The checkers told no story of this run; the counts above are all there is.</p>\n";
  }
  const LedgerContext context(run.history);
  std::string out;
  const size_t told = std::min(stories.size(), kMostStories);
  for (size_t i = 0; i < told; ++i) out += story_html(run, i, context);
  if (told < stories.size()) {
    out += fmt::format("<p class=\"quiet\">{} not told here; verdict.json has the findings.</p>\n",
                       count_text(stories.size() - told, "other cause"));
  }
  return out;
}

}  // namespace onceproof::reports
