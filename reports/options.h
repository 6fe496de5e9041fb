// SPDX-License-Identifier: Apache-2.0
// Options: what a report needs to know beyond the runs themselves. The caller (the command line) fills it;
// reports never ask the world for a time, a path or a terminal, so the same runs give the same bytes.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace onceproof::reports {

struct ReportContext {
  std::string title;                                               // "word-count"; empty: the runs' scenario
  std::string command;                                             // reproduces the runs, complete
  std::string version;                                             // "0.1.0"
  std::string control;                                             // what the weaker guarantees prove about this seed
  std::vector<std::pair<std::string, std::string>> configuration;  // name, value; in the order to be printed
};

struct TextOptions {
  bool colour = false;  // ANSI; colour never stands alone, symbols and words say the same
  int width = 100;      // of tables and sentences, in columns
};

}  // namespace onceproof::reports
