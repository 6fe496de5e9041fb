// SPDX-License-Identifier: Apache-2.0
// Verdict: what the checkers say of one run, three-valued and with evidence, and RunReport: a run as the
// reports print it. A run without a violation is valid only when every checker could decide.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkers/cause.h"
#include "checkers/history.h"

namespace onceproof::checkers {

enum class Outcome : uint8_t { valid, violated, inconclusive };
const char* to_string(Outcome outcome);

// What a finding is about, where that is one thing: findings are put under their common cause by it.
struct Subject {
  enum class Of : uint8_t {
    nothing,
    contribution,  // index into the reference's
    result,        // index into the reference's
    transaction,   // index into History::transactions
    restart,       // at the finding's own time
  };
  Of of = Of::nothing;
  uint32_t index = 0;
};

// One finding, told as a story: which record, which epoch, which transaction, which crash.
struct Finding {
  std::string checker;  // "delivery", "order", "reference", "transactions", "liveness"
  std::string kind;     // "lost", "duplicated", "phantom", "corrupted", "out-of-order", "torn", ...
  std::string story;    // English, one or two sentences
  TimeUs at_us = -1;    // -1: no single instant
  Subject subject;
};

// One instant on the way of one record.
struct StoryStep {
  TimeUs at_us = -1;  // -1: not recorded
  std::string text;   // "producer 7 (epoch 0) writes ..."
};
struct WindowDamage {
  TimeUs window_end_us = 0;  // 0: the pipeline has no windows
  uint64_t lost = 0;
  uint64_t duplicated = 0;
};

// Everything that has one cause: one record followed from its source to its loss or second delivery, and everything else
// counted under it. Damage that the claim allows has a story too; a finding without damage is one of its own.
struct Story {
  Cause cause;
  bool forbidden = false;  // by the claim
  uint64_t lost = 0;
  uint64_t duplicated = 0;
  std::string what;        // "lost 12 words", "stuck"
  std::string why;         // the cause, in a sentence
  std::string first;       // the record that is followed; empty: no damage
  std::vector<StoryStep> steps;            // its way, in time order
  std::vector<WindowDamage> windows;  // the worst first, at most kMaxWindows
  uint64_t windows_total = 0;
  std::vector<uint32_t> findings;     // indices into Verdict::findings: what is wrong in itself
  std::vector<uint32_t> consequences;  // the same: what follows from it
};

// One contribution that was lost or delivered more than once: a line of the ledger.
struct LedgerEntry {
  Position position = 0;
  uint32_t delivered = 0;         // 0: lost
  std::string word;               // the contribution's own value
  std::vector<uint32_t> outputs;  // indices into History::outputs that contain it; of a lost one, those that nobody may see
  uint32_t story = 0;             // index into Verdict::stories
  uint32_t contribution = 0;      // index into the reference's
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

// What the faults of this run met: by the log, the disk and the sources' own requests. A run in which nothing was at
// stake when a fault struck is no evidence that its guarantee survives faults.
struct Trial {
  uint32_t rewinds = 0;    // restarts that went back behind what had been read
  uint32_t recovered = 0;  // transactions that a checkpoint had pre-committed, and that were committed behind a restart
  uint32_t aborted = 0;    // transactions with records that were under way when a fault struck, and were aborted
  std::vector<TimeUs> struck_us;  // for each fault of the plan: when; -1: never
  bool any() const { return rewinds + recovered + aborted > 0; }
};

// A condition of the claim that did not hold.
struct Breach {
  std::string condition;  // Condition::kind
  DurationUs took_us = 0;
  uint64_t lost = 0;    // contributions that only this breach explains
  bool damaged = false;  // it did something to the data, or the job was given up
  std::string story;    // which condition, by how much, and what it did
};

struct Verdict {
  Guarantee claimed = Guarantee::none;
  Guarantee observed = Guarantee::none;
  Outcome outcome = Outcome::inconclusive;
  std::string why;       // of inconclusive
  std::string evidence;  // one sentence for the table
  Counts counts;
  std::vector<Finding> findings;    // violations only; at most kMaxFindings of each checker and kind, then a summary
  std::vector<Story> stories;       // what is forbidden first, the worst first
  std::vector<LedgerEntry> ledger;  // at most kMaxLedger lost or duplicated contributions, in the order of the stories
  uint64_t ledger_total = 0;
  bool counts_words = false;  // a contribution is a word of its record, not all of it
  Trial trial;
  std::vector<Breach> breaches;
};
inline constexpr size_t kMaxFindings = 5;
inline constexpr size_t kMaxLedger = 200;
inline constexpr size_t kMaxWindows = 20;

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
