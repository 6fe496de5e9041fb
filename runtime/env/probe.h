// SPDX-License-Identifier: Apache-2.0
// Probe: the named protocol points. The runtime hits them as it goes; the world may listen (history,
// reports) and strike there (faults). A hit never changes the caller's path: when a fault kills the process
// at a point, the rest of the handler runs into seams that no longer do anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace onceproof::env {

// X(identifier, "printed-name", "actor that hits it", what, recorded)
// recorded: kept one by one in the history (the others are only counted).
#define ONCEPROOF_PROTOCOL_POINTS(X)                                                                                   \
  X(checkpoint_trigger, "checkpoint.trigger", "coordinator", "a checkpoint was triggered at the sources", true)        \
  X(checkpoint_ack, "checkpoint.ack", "coordinator", "an acknowledgement arrived", true)                               \
  X(checkpoint_store, "checkpoint.store", "coordinator", "metadata is written durably (before/after)", true)           \
  X(checkpoint_complete, "checkpoint.complete", "coordinator", "the checkpoint is in the store", true)                 \
  X(checkpoint_abort, "checkpoint.abort", "coordinator", "a pending checkpoint was aborted", true)                     \
  X(checkpoint_notify, "checkpoint.notify", "task", "a task learnt that a checkpoint completed", true)                 \
  X(barrier_inject, "barrier.inject", "source task", "the barrier enters the stream", true)                            \
  X(barrier_arrive, "barrier.arrive", "task", "a barrier was consumed from one channel", true)                         \
  X(barrier_align, "barrier.align", "task", "barriers of all channels are in", true)                                   \
  X(barrier_forward, "barrier.forward", "task", "the barrier was sent downstream", true)                               \
  X(snapshot_sync, "snapshot.sync", "task", "the synchronous part of the snapshot", true)                              \
  X(snapshot_async, "snapshot.async", "task", "the asynchronous part: state written (before/after)", true)             \
  X(source_offset_commit, "source.offset-commit", "source task", "offsets committed to the log (before/after)", true) \
  X(source_emit, "source.emit", "source task", "a batch of records was emitted", false)                                \
  X(sink_flush, "sink.flush", "sink task", "buffered records are acknowledged by the log", true)                       \
  X(sink_pre_commit, "sink.pre-commit", "sink task", "the transaction is flushed and in the snapshot (before/after)",  \
    true)                                                                                                              \
  X(sink_commit, "sink.commit", "sink task", "the transaction's commit (before: sent, after: acknowledged)", true)     \
  X(sink_abort, "sink.abort", "sink task", "a lingering transaction was aborted", true)                                \
  X(sink_lost_transaction, "sink.lost-transaction", "sink task", "a pre-committed transaction is gone from the log",   \
    true)                                                                                                              \
  X(txn_init, "txn.init", "broker", "a producer id and epoch were given out", true)                                    \
  X(txn_add_partitions, "txn.add-partitions", "broker", "a partition joined a transaction", true)                      \
  X(txn_prepare, "txn.prepare", "broker", "the outcome is in the transaction log (before/after)", true)                \
  X(txn_marker, "txn.marker", "broker", "a control marker is appended (before/after)", true)                                       \
  X(txn_complete, "txn.complete", "broker", "all markers are written", true)                                           \
  X(txn_timeout, "txn.timeout", "broker", "a transaction timed out and is aborted", true)                              \
  X(coordinator_load, "coordinator.load", "broker", "a coordinator's state was read back (before/after)", true)         \
  X(log_append, "log.append", "broker", "a leader appends a batch (before/after)", false)                              \
  X(log_replicate, "log.replicate", "broker", "a follower appends what its leader sent (before/after)", false)         \
  X(leader_change, "leader.change", "controller", "partitions get another leader or epoch (before/after)", true)       \
  X(log_fenced, "log.fenced", "broker", "a request of an older epoch or member was refused", true)                     \
  X(restore_begin, "restore.begin", "coordinator", "tasks are about to be redeployed", true)                           \
  X(restore_state, "restore.state", "task", "operator and keyed state were restored", true)                            \
  X(restore_sink, "restore.sink", "sink task", "restored transactions are committed, lingering ones aborted", true)    \
  X(restore_done, "restore.done", "task", "the attempt is running", true)                                              \
  X(task_failed, "task.failed", "task", "an attempt failed by itself", true)                                           \
  X(task_canceled, "task.canceled", "task", "an attempt was cancelled", true)                                          \
  X(task_finished, "task.finished", "task", "an attempt finished", true)                                               \
  X(task_manager_lost, "task-manager.lost", "job manager", "a task manager was declared dead", true)                   \
  X(task_manager_registered, "task-manager.registered", "job manager", "a task manager registered", true)              \
  X(job_restart, "job.restart", "job manager", "a region is being restarted", true)                                    \
  X(job_status, "job.status", "job manager", "the job changed its status", true)                                       \
  X(execution_state, "execution.state", "job manager", "its view of an attempt changed state", false)                  \
  X(leader_elect, "leader.elect", "job manager", "a job manager took a new session", true)                             \
  X(timer_fire, "timer.fire", "task", "an event-time timer fired", false)                                              \
  X(window_late, "window.late", "task", "a late record was dropped", true)                                             \
  X(watermark_advance, "watermark.advance", "task", "the task's watermark advanced", false)                            \
  X(storage_append, "storage.append", "storage", "bytes are appended to a file (before/after)", false)                 \
  X(storage_sync, "storage.sync", "storage", "a file is made durable (before/after)", false)                           \
  X(storage_rename, "storage.rename", "storage", "a file takes another's name (before/after)", false)                  \
  X(storage_sync_directory, "storage.sync-directory", "storage", "renames are made durable (before/after)", false)     \
  X(storage_remove, "storage.remove", "storage", "a file is removed (before/after)", false)                            \
  X(storage_list, "storage.list", "storage", "a directory is listed (before/after)", false)                            \
  X(storage_read, "storage.read", "storage", "a file is read (before/after)", false)

enum class Point : uint8_t {
#define X(identifier, name, actor, what, recorded) identifier,
  ONCEPROOF_PROTOCOL_POINTS(X)
#undef X
};
inline constexpr int kPointCount = 0
#define X(identifier, name, actor, what, recorded) +1
    ONCEPROOF_PROTOCOL_POINTS(X)
#undef X
    ;

struct PointInfo {
  const char* name;
  const char* actor;
  const char* what;
  bool recorded;
};
const PointInfo& info(Point point);
std::optional<Point> point_named(std::string_view name);

// A point with a durable effect is hit twice: just before and just after the effect. Others: after only.
enum class Phase : uint8_t { before, after };

struct ProbeArgs {
  int32_t vertex = -1;  // index of the execution vertex's job vertex
  int32_t subtask = -1;
  uint64_t checkpoint = 0;     // 0: none
  uint64_t attempt = 0;        // execution attempt id; 0: not a task
  uint64_t value = 0;          // point-specific number: producer id, count, peer process, ...
  uint32_t epoch = 0;          // producer epoch
  std::string_view text = {};  // point-specific words: transactional id, reason
};

class Probe {
 public:
  virtual ~Probe() = default;
  virtual void hit(Point point, Phase phase, const ProbeArgs& args) = 0;
  void hit(Point point, const ProbeArgs& args) { hit(point, Phase::after, args); }
};

}  // namespace onceproof::env
