// SPDX-License-Identifier: Apache-2.0
#include "reports/marks.h"

namespace onceproof::reports {

const std::vector<Mark>& marks() {
  static const std::vector<Mark> kMarks = {
      {"checkpoint.trigger", Glyph::disc, "trigger", 3, false, "the coordinator triggers a checkpoint"},
      {"barrier.inject", Glyph::tick, "inject", 2, false, "a source puts the barrier into the stream"},
      {"barrier.arrive", Glyph::dot, "", 1, false, "the barrier arrives on one channel"},
      {"barrier.align", Glyph::ring, "aligned", 2, false, "the barriers of all channels are in"},
      {"barrier.forward", Glyph::right, "", 1, false, "the barrier is sent downstream"},
      {"snapshot.sync", Glyph::box, "", 1, false, "snapshot, synchronous part"},
      {"snapshot.async", Glyph::square, "snapshot", 2, false, "snapshot, asynchronous part is written"},
      {"source.offset-commit", Glyph::tick, "offsets", 2, false, "offsets are committed to the log before their records are emitted"},
      {"sink.flush", Glyph::dot, "", 0, false, "the log has acknowledged the sink's records"},
      {"sink.pre-commit", Glyph::gem, "pre-commit", 3, false, "the transaction is flushed and in the snapshot"},
      {"checkpoint.ack", Glyph::dot, "", 1, false, "an acknowledgement arrives"},
      {"checkpoint.store", Glyph::square, "store", 2, false, "the checkpoint's metadata is durable"},
      {"checkpoint.complete", Glyph::star, "complete", 3, false, "the checkpoint is complete: the commit point"},
      {"checkpoint.notify", Glyph::dot, "", 1, false, "a task learns that the checkpoint is complete"},
      {"sink.commit", Glyph::diamond, "commit", 3, false, "the transaction's commit is sent, then acknowledged"},
      {"sink.abort", Glyph::barred, "abort", 3, false, "a lingering transaction is aborted"},
      {"txn.init", Glyph::ring, "init", 1, false, "a producer id and epoch are given out"},
      {"txn.prepare", Glyph::square, "decided", 2, false, "the outcome is in the transaction log"},
      {"txn.marker", Glyph::tick, "", 0, false, "a control marker is appended"},
      {"txn.complete", Glyph::box, "", 1, false, "all markers are written: readers can see it"},
      {"txn.timeout", Glyph::barred, "timed out", 3, true, "a transaction timed out and is aborted"},
      {"log.fenced", Glyph::barred, "fenced", 3, true, "a request of an older epoch or member is refused"},
      {"checkpoint.abort", Glyph::cross, "checkpoint aborted", 3, true, "a pending checkpoint is aborted"},
      {"process.crash", Glyph::saltire, "crash", 3, true, "the process dies"},
      {"process.restart", Glyph::up, "process is back", 3, false, "the process starts again"},
      {"process.pause", Glyph::tick, "pause", 3, true, "the process stops running but is not dead"},
      {"process.resume", Glyph::up, "resume", 3, false, "the paused process runs on"},
      {"network.partition", Glyph::saltire, "cut off", 3, true, "the network is cut"},
      {"network.heal", Glyph::up, "healed", 3, false, "the network is whole again"},
      {"task.failed", Glyph::cross, "task failed", 2, true, "an attempt fails by itself"},
      {"task.canceled", Glyph::cross, "", 0, false, "an attempt is cancelled"},
      {"task.finished", Glyph::box, "finished", 1, false, "an attempt finishes"},
      {"task-manager.lost", Glyph::saltire, "task manager lost", 3, true, "the job manager gives up a task manager"},
      {"task-manager.registered", Glyph::up, "registered", 2, false, "a task manager registers"},
      {"job.restart", Glyph::up, "job restart", 3, true, "the failed region is restarted"},
      {"restore.begin", Glyph::up, "restore", 2, false, "tasks are about to be redeployed"},
      {"restore.state", Glyph::ring, "", 0, false, "state is restored"},
      {"restore.sink", Glyph::gem, "sink restored", 2, false, "restored transactions are settled"},
      {"restore.done", Glyph::up, "running", 2, false, "the new attempt is running"},
      {"leader.elect", Glyph::up, "new leader", 3, false, "a job manager takes a new session"},
      {"job.status", Glyph::dot, "", 1, false, "the job changes its status"},
      {"source.read", Glyph::dot, "to", 2, false, "a source is done with all records below this offset"},
      {"log.append-new", Glyph::box, "+", 2, false, "the log gets a batch: so many new records"},
      {"log.append-again", Glyph::barred, "again", 3, true, "the log gets records that count what was counted before"},
      {"log.shown", Glyph::star, "visible", 2, false, "a transaction's records can be read from here on"},
      {"log.discarded", Glyph::cross, "discarded", 3, false, "a transaction's records are aborted: nobody may read them"},
      {"reader.read", Glyph::disc, "reads", 2, false, "the read_committed reader sees so many records"},
      {"record.step", Glyph::gem, "", 3, false, "the record that is followed: the steps that are listed above"},
  };
  return kMarks;
}

const Mark* mark_of(const checkers::Event& event) {
  for (const Mark& mark : marks()) {
    if (is(event, mark.point)) return &mark;
  }
  return nullptr;
}

}  // namespace onceproof::reports
