// SPDX-License-Identifier: Apache-2.0
#include "reports/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/names.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

namespace {

constexpr size_t kNarrowest = 16;  // of a wrapped column
constexpr size_t kGap = 2;         // between columns: white space separates, lines only frame

const char* escape_of(Tone tone) {
  switch (tone) {
    case Tone::plain: return "";
    case Tone::quiet: return "\x1b[2m";
    case Tone::strong: return "\x1b[1m";
    case Tone::good: return "\x1b[32m";
    case Tone::bad: return "\x1b[1;31m";
    case Tone::unsure: return "\x1b[33m";
  }
  return "";
}

const Cell& cell_at(const std::vector<Cell>& row, size_t column) {
  static const Cell kEmpty;
  return column < row.size() ? row[column] : kEmpty;
}

size_t total_of(const std::vector<size_t>& widths) {
  size_t total = widths.empty() ? 0 : (widths.size() - 1) * kGap;
  for (const size_t width : widths) total += width;
  return total;
}

std::vector<size_t> natural_widths(const Table& table) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    size_t width = display_width(table.columns[i].heading);
    for (const auto& row : table.rows) width = std::max(width, display_width(printable(cell_at(row, i).text)));
    widths.push_back(width);
  }
  return widths;
}

// The longest word of a column: narrower it cannot be without breaking one.
size_t longest_word(const Table& table, size_t column) {
  size_t longest = 0;
  const auto look = [&](const std::string& text) {
    for (const std::string& word : wrap(text, 1)) longest = std::max(longest, display_width(word));
  };
  look(table.columns[column].heading);
  for (const auto& row : table.rows) look(printable(cell_at(row, column).text));
  return longest;
}

// The last left-aligned column gives way first, then the others, from the right, as far as their words allow.
std::vector<size_t> column_widths(const Table& table, const TextOptions& options) {
  std::vector<size_t> widths = natural_widths(table);
  const auto room = static_cast<size_t>(std::max(options.width, 1));
  const auto narrow = [&](size_t column, size_t least) {
    const size_t total = total_of(widths);
    if (total <= room || widths[column] <= least) return;
    widths[column] -= std::min(widths[column] - least, total - room);
  };
  for (size_t i = widths.size(); i-- > 0;) {
    if (table.columns[i].align != Align::left) continue;
    narrow(i, kNarrowest);
    break;
  }
  for (size_t i = widths.size(); i-- > 0;) narrow(i, std::max(longest_word(table, i), size_t{4}));
  return widths;
}

std::string repeated(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

void put_rule(std::string& out, const std::vector<size_t>& widths) {
  out += repeated("─", total_of(widths)) + "\n";
}

void put_row(std::string& out, const Table& table, const std::vector<size_t>& widths, const std::vector<Cell>& row,
             const TextOptions& options) {
  std::vector<std::vector<std::string>> lines;
  size_t height = 1;
  for (size_t i = 0; i < widths.size(); ++i) {
    lines.push_back(wrap(printable(cell_at(row, i).text), widths[i]));
    height = std::max(height, lines.back().size());
  }
  for (size_t line = 0; line < height; ++line) {
    size_t gap = 0;  // white space owed before the next word, so that no line ends in it
    for (size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) gap += kGap;
      const std::string text = line < lines[i].size() ? lines[i][line] : "";
      const size_t used = display_width(text);
      const size_t padding = widths[i] > used ? widths[i] - used : 0;
      const bool right = table.columns[i].align == Align::right;
      if (right) gap += padding;
      if (!text.empty()) {
        out += std::string(gap, ' ') + toned(text, cell_at(row, i).tone, options);
        gap = 0;
      }
      if (!right) gap += padding;
    }
    out += '\n';
  }
}

Tone tone_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::valid: return Tone::good;
    case Outcome::violated: return Tone::bad;
    case Outcome::inconclusive: return Tone::unsure;
  }
  return Tone::plain;
}

Cell count_cell(uint64_t count) { return {grouped(count), count == 0 ? Tone::quiet : Tone::strong}; }

std::vector<Cell> verdict_row(const RunReport& run) {
  const Verdict& verdict = run.verdict;
  std::string checkpoints = grouped(run.checkpoints_completed);
  if (run.checkpoints_aborted > 0) {
    checkpoints += fmt::format(" of {}", grouped(uint64_t{run.checkpoints_completed} + run.checkpoints_aborted));
  }
  return {
      {to_string(verdict.claimed), Tone::strong},
      {observed_text(verdict), tone_of(verdict.outcome)},
      {grouped(verdict.counts.expected)},
      {grouped(verdict.counts.delivered)},
      count_cell(verdict.counts.lost),
      count_cell(verdict.counts.duplicated),
      {grouped(run.history.restarts)},
      {checkpoints},
      {outcome_text(verdict.outcome), tone_of(verdict.outcome)},
  };
}

// A table's columns as rows, with `count` of its rows, from `first` on, as columns.
Table turned(const Table& table, size_t first, size_t count) {
  Table out;
  out.columns.push_back(table.columns[0]);
  for (size_t row = first; row < first + count; ++row) out.columns.push_back({table.rows[row][0].text});
  for (size_t column = 1; column < table.columns.size(); ++column) {
    auto& cells = out.rows.emplace_back();
    cells.emplace_back(table.columns[column].heading, Tone::quiet);
    for (size_t row = first; row < first + count; ++row) cells.push_back(table.rows[row][column]);
  }
  return out;
}

// The cells stay in one piece: where the table is too wide it is turned, in as many pieces as the terminal asks for.
std::string print_whole(const Table& table, const TextOptions& options) {
  TextOptions unwrapped = options;
  unwrapped.width = 10'000;
  const auto room = static_cast<size_t>(std::max(options.width, 1));
  if (total_of(natural_widths(table)) <= room) return print_table(table, unwrapped);
  std::string out;
  for (size_t first = 0; first < table.rows.size();) {
    size_t count = table.rows.size() - first;
    while (count > 1 && total_of(natural_widths(turned(table, first, count))) > room) --count;
    out += print_table(turned(table, first, count), unwrapped);
    first += count;
  }
  return out;
}

// "exactly-once   Every one of the ..." with the lines after the first indented to the sentence.
void put_sentence(std::string& out, const std::string& label, size_t label_width, const std::string& sentence,
                  const TextOptions& options) {
  const size_t indent = label_width + 2;
  const size_t width =
      std::max<size_t>(24, static_cast<size_t>(std::max(options.width, 1)) -
                               std::min<size_t>(indent, static_cast<size_t>(std::max(options.width, 1))));
  bool first = true;
  for (const std::string& line : wrap(sentence, width)) {
    out += first ? toned(label, Tone::strong, options) + std::string(label_width - display_width(label), ' ')
                 : std::string(label_width, ' ');
    out += "  " + line + '\n';
    first = false;
  }
}

}  // namespace

std::string toned(std::string text, Tone tone, const TextOptions& options) {
  if (!options.colour || tone == Tone::plain) return text;
  return escape_of(tone) + text + "\x1b[0m";
}

std::string print_table(const Table& table, const TextOptions& options) {
  if (table.columns.empty()) return "";
  const std::vector<size_t> widths = column_widths(table, options);
  std::vector<Cell> heading;
  for (const Column& column : table.columns) heading.emplace_back(column.heading, Tone::quiet);
  std::string out;
  put_rule(out, widths);
  put_row(out, table, widths, heading, options);
  put_rule(out, widths);
  for (const auto& row : table.rows) put_row(out, table, widths, row, options);
  put_rule(out, widths);
  return out;
}

std::string outcome_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::valid: return "✓ valid";
    case Outcome::violated: return "✗ violated";
    case Outcome::inconclusive: return "? inconclusive";
  }
  return "? unknown";
}

std::string verdict_table(const std::vector<RunReport>& runs, const std::string& control, const TextOptions& options) {
  Table table;
  table.columns = {{"claimed"},
                   {"observed"},
                   {"expected", Align::right},
                   {"delivered", Align::right},
                   {"lost", Align::right},
                   {"duplicated", Align::right},
                   {"restarts", Align::right},
                   {"checkpoints", Align::right},
                   {"verdict"}};
  const std::vector<const RunReport*> order = weakest_first(runs);
  size_t label_width = display_width("control");
  for (const RunReport* run : order) {
    table.rows.push_back(verdict_row(*run));
    label_width = std::max(label_width, display_width(to_string(run->verdict.claimed)));
  }
  std::string out = print_whole(table, options);
  for (const RunReport* run : order) {
    std::string sentence = printable(run->verdict.evidence);
    const bool told = run->verdict.evidence.find(run->verdict.why) != std::string::npos;
    if (run->verdict.outcome == Outcome::inconclusive && !told) {
      if (!sentence.empty()) sentence += ' ';
      sentence += "Inconclusive: " + printable(run->verdict.why);
    }
    if (sentence.empty()) sentence = "No evidence was recorded.";
    put_sentence(out, to_string(run->verdict.claimed), label_width, sentence, options);
  }
  if (!control.empty()) put_sentence(out, "control", label_width, printable(control), options);
  return out;
}

}  // namespace onceproof::reports
