// SPDX-License-Identifier: Apache-2.0
// Completed-checkpoint store: the durable list of completed checkpoints. add() returning ok is the commit point of
// the whole two-phase commit; an add() whose outcome is unknown leaves everything on disk, because a later job manager
// may recover exactly that checkpoint (SEMANTICS 1.4). Used by the coordinator of the leading job manager alone.
#pragma once

#include <cstdint>
#include <deque>
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
  template <class Archive>
  void fields(Archive& archive) {
    archive(id, triggered_us, completed_us, states);
  }
};

class CompletedCheckpointStore {
 public:
  // Metadata lie in <directory>/chk-<id>.meta. At least one checkpoint is retained. `storage` must outlive the store.
  CompletedCheckpointStore(env::Storage& storage, std::string directory, int32_t retained);

  // Writes chk-<id>.tmp, syncs, renames to .meta, syncs the directory; then drops the oldest beyond `retained`
  // (metadata first, then the task files that no other checkpoint refers to). Errors:
  //   io_error   it is certainly not stored: its task files may be discarded;
  //   timed_out  it may be stored: nothing may be discarded, and its transactions must stay committable.
  Status add(CompletedCheckpoint checkpoint);

  // After an add() of unknown outcome: decides it, by making the metadata durable and adopting the checkpoint, or by
  // finding that they are not there. Must succeed before a restore from latest(): restoring an older checkpoint would
  // abort transactions that a later job manager then believes committed. Without an open outcome: ok, does nothing.
  Status settle();
  bool outcome_unknown() const { return !unknown_.empty(); }

  // At the start of a job manager: reads what is on disk; returns the latest id, 0 when there is none. A torn .tmp is
  // ignored. io_error, corrupt: the newest metadata (io_error: any) cannot be read. Never falls back to an older
  // checkpoint because of an error, which would repeat committed output (FLINK-22502): try again, or ask a human.
  Result<uint64_t> recover();

  const CompletedCheckpoint* latest() const { return checkpoints_.empty() ? nullptr : &checkpoints_.back(); }
  const std::deque<CompletedCheckpoint>& all() const { return checkpoints_; }  // oldest first
  // Of any checkpoint that was stored or tried, also by earlier job managers: new ids must be higher.
  uint64_t highest_id_seen() const { return highest_id_seen_; }

 private:
  std::string path_of(uint64_t id, const char* suffix) const;
  Result<CompletedCheckpoint> read(uint64_t id);
  void insert(CompletedCheckpoint checkpoint);
  void subsume();
  bool discard(const CompletedCheckpoint& checkpoint);
  bool refers_to(const std::string& file) const;

  env::Storage& storage_;
  std::string directory_;
  int32_t retained_;
  std::deque<CompletedCheckpoint> checkpoints_;  // ascending ids
  std::vector<CompletedCheckpoint> unknown_;     // add() ended with timed_out
  uint64_t highest_id_seen_ = 0;
};

// The leader session counter: reads <directory>/leader-session, adds one and returns the new value (from 1) once it is
// durable. Two job managers never get the same number from it, one after the other.
Result<uint64_t> next_session(env::Storage& storage, const std::string& directory);

}  // namespace onceproof::checkpoint
