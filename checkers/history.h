// SPDX-License-Identifier: Apache-2.0
// History: everything that checkers and reports may know about a run. Plain data, recorded by the world
// (the log's contents, readers, protocol points), never by reaching into runtime objects. Depends on
// runtime/base alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/hash.h"
#include "runtime/base/lineage.h"
#include "runtime/base/time.h"

namespace onceproof::checkers {

enum class Guarantee : uint8_t { none, at_most_once, at_least_once, exactly_once };
const char* to_string(Guarantee guarantee);  // "at-least-once"

// ---- what went in ------------------------------------------------------------------------------------
struct InputRecord {
  std::string value;
  TimeUs timestamp_us = 0;
  TimeUs visible_us = 0;  // when it appeared in its partition
};
// partitions[p][o] is the record at offset o of source partition p.
struct Input {
  std::vector<std::vector<InputRecord>> partitions;
};

// What the pipeline is meant to compute, in the words of a history's first line.
enum class Step : uint8_t {
  split_words,       // one record for each maximal run of bytes other than ASCII white space; lineage gets the ordinal
  map_prefix,        // value -> "processed_" + value
  key_by_value,      // key = value
  count_per_window,  // tumbling event-time window of window_us; result: key = word, value = decimal count,
                     // timestamp = window end - 1
};
struct Pipeline {
  std::vector<Step> steps;
  DurationUs window_us = 0;
  std::string text;  // any other pipeline: as a scenario file spells it, {"pipeline": [..]}; the steps are then none
};

// ---- what came out -----------------------------------------------------------------------------------
enum class Visibility : uint8_t { committed, aborted, open, non_transactional };
struct OutputRecord {
  int32_t partition = 0;  // those of all sinks are numbered through
  int64_t offset = 0;
  TimeUs timestamp_us = 0;  // event time
  std::string key;
  std::string value;
  Lineage lineage;  // sorted, a multiset
  uint64_t producer_id = 0;
  uint32_t epoch = 0;
  Visibility visibility = Visibility::non_transactional;  // as decided by the log's markers at the end
  TimeUs at_us = -1;        // when the log appended it; of a read: when the reader was given it. -1: not recorded
  TimeUs decided_us = -1;   // when the marker that decides it was appended behind it; -1: none was, or none is needed
  uint64_t transaction = 0;  // TransactionRecord::number, as that marker names it; 0: undecided, or not recorded
  uint32_t sink = 0;  // which of the pipeline's sinks, in the order of their operators
};

// ---- what happened on the way ------------------------------------------------------------------------
enum class TransactionOutcome : uint8_t { open, committed, aborted };
struct TransactionRecord {
  std::string transactional_id;
  uint64_t producer_id = 0;
  uint32_t epoch = 0;        // of the writes
  uint64_t number = 0;       // among those of its id; 0: not recorded
  uint64_t checkpoint = 0;   // the checkpoint that pre-committed it; 0: none did
  TimeUs begun_us = -1;      // first partition added
  TimeUs decided_us = -1;    // prepare-commit or prepare-abort was durable
  TimeUs completed_us = -1;  // all markers written
  TransactionOutcome outcome = TransactionOutcome::open;
  bool timed_out = false;
};

enum class CheckpointOutcome : uint8_t { pending, completed, aborted };
struct CheckpointRecord {
  uint64_t id = 0;
  TimeUs triggered_us = -1;
  TimeUs ended_us = -1;  // in the store, or aborted
  CheckpointOutcome outcome = CheckpointOutcome::pending;
  std::string reason;  // of an abort
};

// What the disk held, whatever the runtime said of it.
struct StoredCheckpoint {
  uint64_t id = 0;
  TimeUs durable_us = -1;            // its metadata would have survived a crash from here on
  TimeUs gone_us = -1;               // removed; -1: still there at the end
  std::vector<std::string> missing;  // files that it refers to and that were not durable with it, or not to be read
  // What it holds, read from the disk when it became durable.
  std::vector<int64_t> offsets;  // for each source partition the offset behind what had been read; empty: not recorded
  bool state_known = false;      // the keyed state was read, and an entry lasts until its result is out
  uint64_t held = 0;             // how many contributions the keyed state counts
  uint64_t held_sum = 0;         // of mark_of() of each, modulo 2^64: what they are, in eight bytes
  uint64_t placed_sum = 0;       // of the same with their key and window, placed_mark_of(); 0: not recorded
  bool pending_known = false;    // the sinks' state was read
  std::vector<int64_t> pending;  // producer ids of the transactions that a restore commits
};
// Sums of marks tell sets of positions apart.
constexpr uint64_t mark_of(Position position) {
  uint64_t mark = (position + 1) * 0x9e3779b97f4a7c15ull;
  mark = (mark ^ (mark >> 32)) * 0xd6e8feb86659fd93ull;
  mark = (mark ^ (mark >> 29)) * 0xbf58476d1ce4e5b9ull;
  return mark ^ (mark >> 32);
}

// And this one in which window of which key each was counted.
inline uint64_t place_of(std::string_view key, TimeUs window_end_us) {
  return hash64(key) + static_cast<uint64_t>(window_end_us) * 0x9e3779b97f4a7c15ull;
}
constexpr uint64_t placed_mark_of(Position position, uint64_t place) { return mark_of(position ^ place); }

struct FaultRecord {
  std::string kind;         // "crash", "partition", ...
  std::string description;  // "crash taskmanager-1 at sink.pre-commit (2nd), restart after 2 s"
  bool fired = false;
  bool effective = false;  // it changed something: a message was lost or delayed, a process died, ...
  TimeUs fired_us = -1;
  TimeUs healed_us = -1;  // -1: nothing to heal; the run's end: it was still in force
};

// One recorded hit of a protocol point (runtime/env/probe.h), or one of the world's own events
// ("process.crash", "process.restart", "process.pause", "process.resume", "network.partition", "network.heal",
// "reader.read").
enum class RestartReason : uint8_t { failure, checkpoints };  // too many checkpoints failed one after the other
struct Event {
  TimeUs at_us = 0;
  uint16_t process = 0;    // index into History::processes
  const char* point = "";  // a printed name with static lifetime
  bool before = false;     // the hit before the durable effect
  RestartReason reason = RestartReason::failure;  // of a job.restart
  int32_t vertex = -1;
  int32_t subtask = -1;
  uint64_t checkpoint = 0;
  uint64_t attempt = 0;
  uint64_t value = 0;
  uint32_t epoch = 0;
  std::string text;
};

struct Span {
  TimeUs from_us = 0, until_us = 0;
};
// A source asked for this offset, further than any had asked before: it is done with what lies below.
struct Asked {
  TimeUs at_us = 0;
  int64_t offset = 0;
  bool operator==(const Asked&) const = default;
};

// How long things may take while nothing excuses a delay; 0: not judged. From the configuration.
struct Bounds {
  DurationUs recovery_us = 0;          // from the end of a disturbance until the job is as if nothing had been
  DurationUs detection_us = 0;         // a fault can fail tasks until so long after it is over
  DurationUs checkpoints_fail_us = 0;  // and so long by checkpoints that fail one after the other
  DurationUs checkpoint_us = 0;        // from one completed checkpoint to the next
  DurationUs result_us = 0;            // from when the source is done with all that lets a result out until the log has it
  DurationUs commit_us = 0;            // from a stored checkpoint until its transactions are decided
  DurationUs read_us = 0;              // from when a record can be read until the reader has it
  DurationUs log_recovery_us = 0;      // from the end of a disturbance until the log serves its readers again
  DurationUs loss_us = 0;              // what appears so long after the last disturbance has no reason to be lost
  DurationUs strike_us = 0;            // a step of the world that takes so long makes a timeout strike by itself
};

// What a claim takes for granted, as plain data. `kind` names what conditions.cc measures:
//   "recovery"  limit_us: so long at most may a completed checkpoint's transactions wait for their commit
//   "epoch"     limit_us: so old at most may a transaction be when its checkpoint completes
//   "restarts"  limit: so often at most is the job restarted before it is given up
//   "readers"   that they read committed data only; the history's reader does
//   "connections"  that no client of the log loses one; without, no order is claimed
struct Condition {
  std::string kind;
  DurationUs limit_us = 0;
  int64_t limit = 0;
  std::string text;     // "every recovery takes less than 24000 ms"
  std::string setting;  // what changes it: "transaction_timeout_ms"
};

enum class JobStatus : uint8_t { running, finished, failed };
const char* to_string(JobStatus status);

struct VertexName {
  std::string name;  // "log source -> split"
  int32_t parallelism = 1;
};

struct History {
  Guarantee claimed = Guarantee::none;  // derived from the configuration, by the scenario
  bool transactional_sink = false;
  // False: nobody promises any order. A sink that neither awaits nor numbers its batches (acks=0), whose client had to
  // connect anew: what it had sent on the old connection may arrive behind what it sent on the new one.
  bool order_claimed = true;
  // Nobody fences an earlier attempt, and what it had not yet written is not read again (or not awaited): what a zombie
  // still sends may arrive behind its successor's records, and order holds within one producer only.
  bool order_within_producer = false;
  std::vector<std::string> processes;  // "jobmanager", "taskmanager-0", ...
  std::vector<VertexName> vertices;
  std::vector<OutputRecord> outputs;   // the sink topic's final content: partition, then offset order
  std::vector<OutputRecord> observed;  // what a read_committed reader saw during the run, in the order it saw it
  bool reads_recorded = false;         // there was such a reader: what it did not see, it was not given
  std::vector<TransactionRecord> transactions;
  std::vector<CheckpointRecord> checkpoints;
  bool store_recorded = false;           // the disk was watched: `stored` is all that it held
  std::vector<StoredCheckpoint> stored;  // in the order of their times
  std::vector<FaultRecord> faults;
  std::vector<Span> slow;                    // the world itself took long: a mail that waited, a slow disk or message
  std::vector<std::vector<Asked>> asked;     // for each source partition, ascending; empty: not recorded
  std::vector<Event> events;                 // in time order
  JobStatus job = JobStatus::running;
  std::string job_reason;            // of a failure
  std::string stopped;               // why the run was stopped before its end; empty: it was not
  TimeUs ended_us = 0;               // virtual time at which the run stopped
  TimeUs healed_us = 0;              // the last fault was over, or the run was; 0: there was none
  Bounds bounds;
  std::vector<Condition> conditions;   // of the claim
  std::string no_progress_owed;  // why this configuration can stand still for good without a fault; empty: it cannot
  DurationUs out_of_orderness_us = 0;  // of the source's watermarks
  DurationUs liveness_bound_us = 0;  // how long after healed_us, the input's end and the last progress more may take
  TimeUs input_end_us = 0;           // when the last input record was available
  TimeUs progress_us = 0;            // when a source last went further, or the sink's log did; 0: not recorded
  bool quiescent = false;            // the sink log's last stable offset reached its high watermark
  uint32_t restarts = 0;
};

}  // namespace onceproof::checkers
