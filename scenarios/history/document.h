// SPDX-License-Identifier: Apache-2.0
// The history as a document: everything that the judges use, one JSON object a line, versioned (docs/history.md). Written
// and read by the one table in fields.h. Whatever the text is, reading it gives a document that can be judged or an error
// that names the place; no document reaches a CHECK of the checkers.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "checkers/history.h"
#include "checkers/verdict.h"
#include "runtime/base/result.h"

namespace onceproof::scenarios {

inline constexpr const char* kHistorySchema = "onceproof-history";
inline constexpr int64_t kHistoryVersion = 1;
inline constexpr const char* kHistoryFile = "history.jsonl";

// Which run it was: told in the verdict, and judged by nobody.
struct HistoryHead {
  std::string about;  // one sentence of what a hand-made history shows
  std::string scenario;
  std::string stack;
  uint32_t place = 0;  // among the runs of one folder
  uint64_t seed = 0;
  std::string trace_hash;
  uint64_t world_events = 0;
  int32_t source_partitions = 0;  // 0: as many as its input lines name
  bool closed = false;            // its last line is the end; one that has none was cut off
};

struct HistoryDocument {
  HistoryHead head;
  checkers::Pipeline pipeline;
  std::shared_ptr<const checkers::Input> input;
  checkers::History history;
};

// Given the document piece by piece, whole lines at a time; the first error ends the writing and is returned.
using HistorySink = std::function<Status(std::string_view)>;
// Fills in what the head says of the document itself (source_partitions, closed).
Status write_history(HistoryHead head, const checkers::Pipeline& pipeline, const checkers::Input& input,
                     const checkers::History& history, const HistorySink& sink);

// The lines that write_history() makes of it: how many facts a history has.
uint64_t count_lines(const checkers::Input& input, const checkers::History& history);

// `name` stands before the line's number in an error: "history.jsonl:12: ...". Errors are invalid_argument, or io_error
// when the stream fails.
Result<HistoryDocument> read_history(std::istream& text, const std::string& name);

// The report of the run that the document tells of, judged again.
checkers::RunReport judge_document(HistoryDocument document);

}  // namespace onceproof::scenarios
