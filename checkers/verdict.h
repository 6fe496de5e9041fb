// SPDX-License-Identifier: Apache-2.0
// Verdict: what the checkers say of one run, three-valued and with evidence, and RunReport: a run as the
// reports print it. A run without a violation is valid only when every checker could decide.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkers/history.h"

namespace onceproof::checkers {

enum class Outcome : uint8_t { valid, violated, inconclusive };
const char* to_string(Outcome outcome);

// One finding, told as a story: which record, which epoch, which transaction, which crash.
struct Finding {
  std::string checker;  // "delivery", "order", "reference", "transactions", "liveness"
  std::string kind;     // "lost", "duplicated", "phantom", "corrupted", "out-of-order", "torn", ...
  std::string story;    // English, one or two sentences
  TimeUs at_us = -1;    // -1: no single instant
};

// One contribution that was lost or delivered more than once: a line of the ledger.
struct LedgerEntry {
  Position position = 0;
  uint32_t delivered = 0;         // 0: lost
  std::string word;               // the contribution's own value
  std::vector<uint32_t> outputs;  // indices into History::outputs that contain it
};

struct Counts {
  uint64_t expected = 0;   // contributions of source records
  uint64_t delivered = 0;  // distinct expected contributions that a read_committed reader got
  uint64_t lost = 0;
  uint64_t duplicated = 0;  // extra deliveries, so a contribution that came three times counts twice
  uint64_t phantom = 0;     // contributions that were never in the input
  uint64_t corrupted = 0;   // results whose value disagrees with their own lineage
  uint64_t results = 0;     // the sink's own visible records
};

struct Verdict {
  Guarantee claimed = Guarantee::none;
  Guarantee observed = Guarantee::none;
  Outcome outcome = Outcome::inconclusive;
  std::string why;       // of inconclusive
  std::string evidence;  // one sentence for the table
  Counts counts;
  std::vector<Finding> findings;    // violations only; at most kMaxFindings of each checker and kind, then a summary
  std::vector<LedgerEntry> ledger;  // first kMaxLedger lost or duplicated contributions, by position
  uint64_t ledger_total = 0;
};
inline constexpr size_t kMaxFindings = 5;
inline constexpr size_t kMaxLedger = 200;

struct FaultCounts {
  uint32_t armed = 0, fired = 0, effective = 0;
};

// One run, complete: what `run --json` prints for each guarantee, and what the HTML report draws.
struct RunReport {
  std::string scenario;
  uint64_t seed = 0;
  Verdict verdict;
  FaultCounts faults;
  uint32_t checkpoints_completed = 0;
  uint32_t checkpoints_aborted = 0;
  std::string trace_hash;  // 32 hexadecimal digits
  uint64_t events = 0;
  History history;
};

}  // namespace onceproof::checkers
