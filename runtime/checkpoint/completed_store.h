// SPDX-License-Identifier: Apache-2.0
// Completed-checkpoint store: the durable list of completed checkpoints. That one is stored is the commit point of the
// whole two-phase commit. Checkpoints are added in any order and overlap; of each the store says what became of it
// (stored, certainly not stored, unknown) and settles the unknown by reading back: that stays on disk, because a later
// job manager may recover exactly that checkpoint. Used by the leading job manager's actor alone; answers come as
// callbacks inside its handlers (env::Storage), never within the call. Files:
//
// <directory>/completed/chk-<id>.meta   a checkpoint; .tmp: being written
// <directory>/chk-<id>/...              the state files of its tasks, which the tasks write
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/env/storage.h"
#include "runtime/graph/execution_graph.h"

namespace onceproof::checkpoint {

// One subtask's snapshot: small ones inline, others in a file of their own (a full Storage path). One of both is used.
struct TaskState {
  graph::SubtaskId subtask;
  Bytes inline_state;
  std::string file;
  template <class Archive>
  void fields(Archive& archive) {
    archive(subtask, inline_state, file);
  }
};

struct CompletedCheckpoint {
  uint64_t id = 0;  // from 1, ascending, with gaps
  TimeUs triggered_us = 0;
  TimeUs completed_us = 0;
  std::vector<TaskState> states;
  std::vector<graph::SubtaskId> finished = {};  // have nothing to restore: they were at their end
  template <class Archive>
  void fields(Archive& archive) {
    archive(id, triggered_us, completed_us, states, finished);
  }
};

enum class Outcome : uint8_t { stored, not_stored, unknown };
const char* to_string(Outcome outcome);

class CompletedCheckpointStore {
 public:
  using Answer = std::function<void(Outcome)>;

  // At least one checkpoint is retained. `storage` must outlive the store.
  CompletedCheckpointStore(env::Storage& storage, std::string directory, int32_t retained);

  // Once for each id, in any order of the ids and while others are under way. The answers:
  //   stored      durable: the commit point has passed. Older ones beyond `retained` are removed behind its back.
  //   not_stored  certainly not there, and never will be; its state files are removed;
  //   unknown     it may be durable: nothing is discarded and its transactions must stay committable. settle() it.
  void add(CompletedCheckpoint checkpoint, Answer answer);
  // Decides an unknown one, by making the directory durable and reading it back. unknown again: the storage refused,
  // try later. An id whose fate is known is answered as well.
  void settle(uint64_t id, Answer answer);
  // Waits for what is being added and settles what is unknown: true when the fate of every checkpoint is known. Must
  // precede a restore from latest(): restoring an older checkpoint aborts transactions that a later job manager would
  // believe committed.
  void settle_all(std::function<void(bool)> answer);

  // At the start of a job manager: reads what is on disk; answers the latest id, 0 when there is none. A torn .tmp is
  // ignored. io_error, corrupt: the newest metadata (io_error: any) cannot be read. Never falls back to an older
  // checkpoint because of an error, which would repeat committed output (FLINK-22502): try again, or ask a human.
  void recover(env::Storage::Reply<uint64_t> reply);

  Outcome outcome_of(uint64_t id) const;       // unknown while it is being added; not_stored of one that was subsumed
  const CompletedCheckpoint* latest() const;   // of those stored; valid until something newer is stored
  std::vector<uint64_t> stored_ids() const;    // ascending; without those that are being removed
  // Of any checkpoint that was stored or tried, also by earlier job managers.
  uint64_t highest_id_seen() const { return highest_id_seen_; }

  // Removes state files, in the background, unless a checkpoint of the store has them. What cannot be removed now is
  // tried again when the next checkpoint is stored.
  void discard_file(const std::string& file);
  // All files in the state directory of a checkpoint that will not be stored, also torn ones that nobody reported.
  void discard_directory(uint64_t id);
  // The directories of all checkpoints below `id` that are not in the store: what earlier job managers left.
  void discard_directories_below(uint64_t id);

 private:
  //  state        does (its call of the storage)   ok: goes to   failed: goes to
  enum class State : uint8_t {
    clearing,    // removes a torn .tmp              writing       refused
    writing,     // appends to .tmp                  syncing       refused
    syncing,     // syncs .tmp                       renaming      refused
    renaming,    // renames .tmp to .meta            publishing    unknown
    publishing,  // syncs the directory              stored        unknown
    unknown,     // - until settle(): confirming; when something newer is stored: sweeping
    confirming,  // syncs the directory              reading       unknown
    reading,     // reads .meta back                 stored        refused (not found), unknown
    stored,      // - until it is subsumed: retiring
    refused,     // - at once: sweeping
    sweeping,    // removes .tmp                     retiring      retiring
    retiring,    // removes .meta                    unlinking     lingering
    unlinking,   // syncs the directory              gone          lingering
    lingering,   // - until the next one is stored: sweeping
    gone,        // its state files are removed and it is forgotten
  };
  struct Transition;
  static const Transition kTransitions[];

  struct Entry {
    CompletedCheckpoint checkpoint;
    State state = State::clearing;
    std::vector<Answer> answers;  // told when its fate is decided, or found undecidable for now
  };

  std::string path_of(uint64_t id, const char* suffix) const;
  std::string directory_of(uint64_t id) const;
  void enter(uint64_t id, State state);
  void call(uint64_t id, State state);
  void called(uint64_t id, State state, const Status& status);
  void read_back(uint64_t id);
  void answer(uint64_t id, Outcome outcome);
  void answer_waiters();
  void subsume();
  void forget(uint64_t id);
  bool refers_to(const std::string& file) const;
  Result<CompletedCheckpoint> parse(uint64_t id, const Result<Bytes>& file) const;
  void recover_listed(const env::Storage::Paths& paths, env::Storage::Reply<uint64_t> reply);
  void recover_next(std::vector<uint64_t> ids, env::Storage::Reply<uint64_t> reply);

  env::Storage& storage_;
  const std::string directory_;
  const std::string completed_;  // <directory>/completed
  const int32_t retained_;
  std::map<uint64_t, Entry> entries_;
  std::vector<std::function<void(bool)>> waiters_;  // of settle_all()
  std::vector<std::string> litter_;                 // state files that could not be removed
  uint64_t highest_id_seen_ = 0;
};

}  // namespace onceproof::checkpoint
