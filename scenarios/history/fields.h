// SPDX-License-Identifier: Apache-2.0
// The one table of a history's lines and fields: names, ranges and meanings, by which it is written (writer.cc), read
// (reader.cc) and described (schema.cc, docs/history.md). A new field of a history is one line here. A field that may be
// absent then has the value that its structure begins with; the writer leaves it out when it has that value.
#pragma once

#include <limits>

#include "runtime/base/lineage.h"
#include "scenarios/history/document.h"

namespace onceproof::scenarios {

struct Range {
  int64_t low = 0;
  uint64_t high = std::numeric_limits<uint64_t>::max();
};
// So far apart that no sum of times overflows: three thousand years.
inline constexpr int64_t kMostUs = 100'000'000'000'000'000;
inline constexpr Range kTime{-1, kMostUs};            // -1: not recorded, or never
inline constexpr Range kSince{0, kMostUs};            // of a time or a duration that is always known
inline constexpr Range kEventTime{-kMostUs, kMostUs};
inline constexpr Range kOffset{0, 1'000'000'000'000'000'000};
inline constexpr Range kSinkPartition{0, 65'535};
inline constexpr Range kSourcePartition{0, kMaxPartition};
inline constexpr Range kIndex{-1, 1'000'000};

// What reads or writes a group of fields calls them: f.must(name, member, meaning), f.may(name, member, meaning, range).
// The member's type says how it is written: whole numbers, texts, true or false, words, lists; a uint16_t is a process.
template <class Self>
class FieldVisitor {
 public:
  template <class C, class M>
  void must(const char* name, M C::*member, const char* meaning, Range range = {}) {
    static_cast<Self*>(this)->visit(name, true, member, meaning, range);
  }
  // A text that is one of these words.
  template <class C>
  void must_be(const char* name, std::string C::*member, const char* meaning, const std::vector<std::string>& words) {
    static_cast<Self*>(this)->visit_word(name, member, meaning, words);
  }
  template <class C, class M>
  void may(const char* name, M C::*member, const char* meaning, Range range = {}) {
    static_cast<Self*>(this)->visit(name, false, member, meaning, range);
  }
};

// A record of the input with its place, and what a partition's consumer asked for: lines that are no list of History.
struct InputLine : checkers::InputRecord {
  int32_t partition = 0;
  int64_t offset = -1;
};
struct AskedLine {
  int32_t partition = 0;
  std::vector<checkers::Asked> steps;
};

const std::vector<std::string>& condition_kinds();

// ---- the first line ----------------------------------------------------------------------------------------

template <class F>
void fields_of(F&& f, const HistoryHead*) {
  using T = HistoryHead;
  f.may("about", &T::about, "one sentence of what a hand-made history shows");
  f.may("scenario", &T::scenario, "name of the scenario");
  f.may("stack", &T::stack, "name of the stack of parts that ran");
  f.may("place", &T::place, "place among the runs of one folder, which orders them");
  f.may("seed", &T::seed, "the run's seed");
  f.may("trace_hash", &T::trace_hash, "hash over all events of the world, 32 hexadecimal digits");
  f.may("world_events", &T::world_events, "how many events the world handled");
  f.may("source_partitions", &T::source_partitions, "partitions of the source topic; 0: as many as the input lines name",
        {0, kMaxPartition + 1});
  f.may("closed", &T::closed, "the last line is an `end` line; a document that has none was cut off");
}

template <class F>
void fields_of(F&& f, const checkers::Pipeline*) {
  using T = checkers::Pipeline;
  f.must("steps", &T::steps, "what the pipeline computes, in this order");
  f.may("window_us", &T::window_us, "size of the tumbling event-time windows; needed by `count-per-window`", kSince);
  f.may("text", &T::text,
        "a pipeline that these steps cannot say, as a scenario file spells it: the text of `{\"pipeline\": [..]}`; there are no steps then");
}

template <class F>
void configuration_fields(F&& f) {
  using T = checkers::History;
  f.must("claimed", &T::claimed, "the guarantee that the configuration claims");
  f.may("transactional_sink", &T::transactional_sink,
        "the sink writes in transactions, and the `transaction` lines are all that there were");
  f.may("order_claimed", &T::order_claimed, "order is promised");
  f.may("order_within_producer", &T::order_within_producer, "order is promised within one producer only");
  f.may("out_of_orderness_us", &T::out_of_orderness_us, "by how much the source's watermarks lag behind", kSince);
  f.may("liveness_bound_us", &T::liveness_bound_us,
        "how long after the last fault, the input's end and the last progress the job may take to its end; 0: not judged",
        kSince);
  f.may("no_progress_owed", &T::no_progress_owed,
        "why this configuration can stand still for good without a fault; empty: it cannot");
  f.may("reads_recorded", &T::reads_recorded,
        "a reader was watched, and the `read` lines are all that it was given; one such line says so too");
  f.may("store_recorded", &T::store_recorded,
        "the checkpoint store's disk was watched, and the `stored` lines are all that it held; one such line says so too");
  f.may("processes", &T::processes, "names of the processes; a process's number is its place here, from 0");
}

// ---- the last line -----------------------------------------------------------------------------------------

template <class F>
void end_fields(F&& f) {
  using T = checkers::History;
  f.may("job", &T::job, "how the job stood at the end");
  f.may("job_reason", &T::job_reason, "why it failed");
  f.may("stopped", &T::stopped, "why the run was stopped before its end; empty: it was not");
  f.may("ended_us", &T::ended_us, "when the run stopped", kSince);
  f.may("healed_us", &T::healed_us, "when the last fault was over, or the run; 0: there was none", kSince);
  f.may("input_end_us", &T::input_end_us, "when the last input record was available", kSince);
  f.may("progress_us", &T::progress_us, "when a source last went further, or the sink's log did; 0: not recorded", kSince);
  f.may("quiescent", &T::quiescent, "the sink log's last stable offset had reached its end");
  f.may("restarts", &T::restarts, "how often the job, or regions of it, were restarted; all that one failure hits are one");
}

// ---- what went in and what came out --------------------------------------------------------------------------

template <class F>
void fields_of(F&& f, const InputLine*) {
  using T = InputLine;
  f.may("partition", &T::partition, "source partition", kSourcePartition);
  f.may("offset", &T::offset, "offset in its partition, where it is given the next one; -1: the next one",
        {-1, kMaxOffset});
  f.may("timestamp_us", &T::timestamp_us, "event time", kEventTime);
  f.may("visible_us", &T::visible_us, "when it appeared in its partition", kSince);
  f.must("value", &T::value, "its text");
}

template <class F>
void fields_of(F&& f, const checkers::OutputRecord*) {
  using T = checkers::OutputRecord;
  f.may("partition", &T::partition, "sink partition", kSinkPartition);
  f.must("offset", &T::offset, "offset in its partition", kOffset);
  f.may("timestamp_us", &T::timestamp_us, "event time; of a window's result: the window's end - 1", kEventTime);
  f.may("key", &T::key, "its key");
  f.may("value", &T::value, "its text; of a window's result: the count in decimal digits");
  f.may("from", &T::lineage,
        "the input records that it was made from, as [partition, offset] or, of a word, [partition, offset, word from 0]; "
        "one that was counted twice stands here twice");
  f.may("producer_id", &T::producer_id, "who wrote it");
  f.may("epoch", &T::epoch, "of its producer");
  f.may("visibility", &T::visibility, "as the log's markers decide it at the end");
  f.may("at_us", &T::at_us,
        "output: when the log appended it; read: when the reader was given it; -1: not recorded", kTime);
  f.may("decided_us", &T::decided_us,
        "when the marker that decides it was appended behind it; -1: none was, or none is needed", kTime);
  f.may("transaction", &T::transaction,
        "number of its transaction, as that marker names it; 0: undecided, or not recorded");
  f.may("sink", &T::sink, "which of the pipeline's sinks it came out of, from 0; their partitions are numbered through",
        {0, kMaxPartition});
}

// ---- what happened on the way --------------------------------------------------------------------------------

template <class F>
void fields_of(F&& f, const checkers::VertexName*) {
  using T = checkers::VertexName;
  f.must("name", &T::name, "its operators");
  f.may("parallelism", &T::parallelism, "how many subtasks it has", {0, 1'000'000});
}

template <class F>
void fields_of(F&& f, const checkers::TransactionRecord*) {
  using T = checkers::TransactionRecord;
  f.must("transactional_id", &T::transactional_id, "of its producer");
  f.may("producer_id", &T::producer_id, "of the writes");
  f.may("epoch", &T::epoch, "of the writes");
  f.may("number", &T::number, "among those of its id, from 1; 0: not recorded");
  f.may("checkpoint", &T::checkpoint, "the checkpoint that pre-committed it; 0: none did");
  f.may("begun_us", &T::begun_us, "when its first partition was added; -1: not recorded", kTime);
  f.may("decided_us", &T::decided_us, "when its outcome was durable; -1: it has none", kTime);
  f.may("completed_us", &T::completed_us, "when all its markers were written; -1: they are not", kTime);
  f.may("outcome", &T::outcome, "as the coordinator's log has it at the end");
  f.may("timed_out", &T::timed_out, "it was aborted because it took too long");
}

template <class F>
void fields_of(F&& f, const checkers::CheckpointRecord*) {
  using T = checkers::CheckpointRecord;
  f.must("id", &T::id, "its number");
  f.may("triggered_us", &T::triggered_us, "when the sources were told; -1: not recorded", kTime);
  f.may("ended_us", &T::ended_us, "when it was in the store, or aborted; -1: neither", kTime);
  f.may("outcome", &T::outcome, "what became of it");
  f.may("reason", &T::reason, "of an abort");
}

template <class F>
void fields_of(F&& f, const checkers::StoredCheckpoint*) {
  using T = checkers::StoredCheckpoint;
  f.must("id", &T::id, "the checkpoint's number");
  f.must("durable_us", &T::durable_us, "from when on its metadata would have survived a crash", kSince);
  f.may("gone_us", &T::gone_us, "when it was removed; -1: it was still there at the end", kTime);
  f.may("missing", &T::missing, "files that it refers to and that were not durable with it, or not to be read");
  f.may("offsets", &T::offsets,
        "for each source partition the offset behind what had been read, as the disk held it (of a finished source: behind "
        "every offset); empty: not recorded");
  f.may("state_known", &T::state_known, "the keyed state was read, and an entry lasts until its result is out");
  f.may("held", &T::held, "how many contributions the keyed state counts");
  f.may("held_sum", &T::held_sum, "sum of the marks of their positions, modulo 2^64 (`mark_of` in checkers/history.h)");
  f.may("placed_sum", &T::placed_sum,
        "the same with key and window (`placed_mark_of` in checkers/history.h); 0: not recorded, or nothing is held");
  f.may("pending_known", &T::pending_known, "the sinks' state was read, and `pending` is what it names");
  f.may("pending", &T::pending, "producer ids of the transactions that a restore of this checkpoint would commit");
}

template <class F>
void fields_of(F&& f, const checkers::FaultRecord*) {
  using T = checkers::FaultRecord;
  f.must("kind", &T::kind, "crash, partition, delay, ...");
  f.may("description", &T::description, "the fault in words");
  f.may("fired", &T::fired, "it struck");
  f.may("effective", &T::effective, "without it the run would have ended otherwise");
  f.may("fired_us", &T::fired_us, "when it struck; -1: it did not", kTime);
  f.may("healed_us", &T::healed_us, "when it was over, or the run; -1: there was nothing to heal", kTime);
}

template <class F>
void fields_of(F&& f, const checkers::Span*) {
  using T = checkers::Span;
  f.must("from_us", &T::from_us, "when it began", kSince);
  f.must("until_us", &T::until_us, "when it was over", kSince);
}

template <class F>
void fields_of(F&& f, const AskedLine*) {
  using T = AskedLine;
  f.must("partition", &T::partition, "source partition", kSourcePartition);
  f.must("steps", &T::steps,
         "[when (us), offset], both ascending: the source asked for this offset first, done with all below it");
}

template <class F>
void fields_of(F&& f, const checkers::Event*) {
  using T = checkers::Event;
  f.must("at_us", &T::at_us, "when", kSince);
  f.must("process", &T::process, "who hit it, or whom it concerns: a name of `processes`, or its number");
  f.must("point", &T::point, "the protocol point, or the world's own event");
  f.may("before", &T::before, "the hit before the durable effect, not the one after it");
  f.may("vertex", &T::vertex, "number of the vertex; -1: none", kIndex);
  f.may("subtask", &T::subtask, "number of its subtask; -1: none", kIndex);
  f.may("checkpoint", &T::checkpoint, "number of the checkpoint; 0: none");
  f.may("attempt", &T::attempt, "of the subtask; 0: none");
  f.may("value", &T::value,
        "a producer's id (sink points), a process's number (`task-manager.lost`), a session (`leader.elect`), ...");
  f.may("epoch", &T::epoch, "of the producer, or of the leader");
  f.may("reason", &T::reason, "of a `job.restart`: too many checkpoints failed one after the other, or something else did");
  f.may("text", &T::text, "a reason, a transactional id, the other end of a partition, a status");
}

template <class F>
void fields_of(F&& f, const checkers::Bounds*) {
  using T = checkers::Bounds;
  f.may("recovery_us", &T::recovery_us, "from the end of a disturbance until the job is as if nothing had been", kSince);
  f.may("detection_us", &T::detection_us, "how long after a fault is over it can still fail tasks", kSince);
  f.may("checkpoints_fail_us", &T::checkpoints_fail_us, "the same by checkpoints that fail one after the other", kSince);
  f.may("checkpoint_us", &T::checkpoint_us, "from one completed checkpoint to the next", kSince);
  f.may("result_us", &T::result_us, "from when the source is done with all that lets a result out until the log has it",
        kSince);
  f.may("commit_us", &T::commit_us, "from a stored checkpoint until its transactions are decided", kSince);
  f.may("read_us", &T::read_us, "from when a record can be read until the reader has it", kSince);
  f.may("log_recovery_us", &T::log_recovery_us,
        "from the end of a disturbance until the log serves its readers again, whatever the job has to recover", kSince);
  f.may("loss_us", &T::loss_us, "what appears so long after the last disturbance has no reason to be lost", kSince);
  f.may("strike_us", &T::strike_us, "a step of the world that takes so long makes a timeout strike by itself", kSince);
}

template <class F>
void fields_of(F&& f, const checkers::Condition*) {
  using T = checkers::Condition;
  f.must_be("kind", &T::kind, "what is measured", condition_kinds());
  f.may("limit_us", &T::limit_us, "recovery, epoch: so long at most", kSince);
  f.may("limit", &T::limit, "restarts: so many at most");
  f.may("text", &T::text, "the condition in words");
  f.may("setting", &T::setting, "what changes it");
}

// ---- the kinds of lines --------------------------------------------------------------------------------------

// Those that are the lists of a history, element by element. A new list is one line here.
template <class F>
void each_list(F&& f) {
  using T = checkers::History;
  f("condition", &T::conditions, "what the claim takes for granted");
  f("vertex", &T::vertices, "a vertex of the job's graph; for reports");
  f("transaction", &T::transactions, "a transaction, as the coordinators' logs have it");
  f("checkpoint", &T::checkpoints, "a checkpoint that was triggered");
  f("stored", &T::stored, "a checkpoint that the disk held, whatever the runtime said of it");
  f("fault", &T::faults, "a fault that was armed; what fired excuses delays");
  f("slow", &T::slow, "the world itself took long: a mail that waited, a slow disk or message; it excuses delays");
  f("event", &T::events, "a protocol point that was hit, or an event of the world");
}
inline constexpr const char* kInputLine = "input";
inline constexpr const char* kOutputLine = "output";
inline constexpr const char* kReadLine = "read";
inline constexpr const char* kAskedLine = "asked";
inline constexpr const char* kBoundsLine = "bounds";
inline constexpr const char* kEndLine = "end";

// What a history is when its document says nothing: one that a person writes by hand tells of a job that came to its end.
inline checkers::History history_by_default() {
  checkers::History history;
  history.job = checkers::JobStatus::finished;
  history.quiescent = true;
  return history;
}
// A read is of what the log holds at its place, unless its line says otherwise. The place and the time are its own.
inline checkers::OutputRecord read_by_default(const checkers::OutputRecord* in_log) {
  checkers::OutputRecord read;
  if (in_log != nullptr) read = *in_log;
  read.partition = 0;
  read.at_us = -1;
  return read;
}

// ---- words ---------------------------------------------------------------------------------------------------

const std::vector<std::string>& words_of(checkers::Guarantee);
const std::vector<std::string>& words_of(checkers::JobStatus);
const std::vector<std::string>& words_of(checkers::Visibility);
const std::vector<std::string>& words_of(checkers::TransactionOutcome);
const std::vector<std::string>& words_of(checkers::CheckpointOutcome);
const std::vector<std::string>& words_of(checkers::RestartReason);
const std::vector<std::string>& words_of(checkers::Step);
// The protocol points and the world's own events, by names of static lifetime.
const std::vector<const char*>& event_points();

}  // namespace onceproof::scenarios
