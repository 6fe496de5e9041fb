// SPDX-License-Identifier: Apache-2.0
// Table: the one way to print a table on a terminal, and the table of verdicts made with it. Returns text,
// writes nothing. Widths count columns, not bytes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "checkers/verdict.h"
#include "reports/options.h"

namespace onceproof::reports {

enum class Align : uint8_t { left, right };
enum class Tone : uint8_t { plain, quiet, strong, good, bad, unsure };  // colour only, when colour is on

struct Column {
  std::string heading;
  Align align = Align::left;
};
struct Cell {
  Cell() = default;
  Cell(std::string cell_text, Tone cell_tone = Tone::plain) : text(std::move(cell_text)), tone(cell_tone) {}
  Cell(const char* cell_text) : text(cell_text) {}  // NOLINT: rows read as {"name", "what it is"}
  std::string text;
  Tone tone = Tone::plain;
};
struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // short rows are filled with empty cells
};

// Light horizontal rules, white space between columns; a newline ends every line. When the table is wider
// than options.width, its last left-aligned column is wrapped (to 16 columns at least), then the others (to their longest
// word), so that only words that are too long stand out.
std::string print_table(const Table& table, const TextOptions& options = {});

// `text` in the colour of `tone`, or as it is when colour is off.
std::string toned(std::string text, Tone tone, const TextOptions& options);

// One row for each run (weakest claim first), or one column where the rows are too wide for the terminal; then one
// sentence of evidence for each, then `control`.
// Checkpoints: "10 of 11" were completed, the others aborted.
std::string verdict_table(const std::vector<checkers::RunReport>& runs, const std::string& control,
                          const TextOptions& options = {});

// "✓ valid", "✗ violated", "? inconclusive".
std::string outcome_text(checkers::Outcome outcome);

}  // namespace onceproof::reports
