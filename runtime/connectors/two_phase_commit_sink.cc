// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/two_phase_commit_sink.h"

#include <fmt/format.h>

#include <algorithm>

namespace onceproof::connectors {

using env::Point;

void TwoPhaseCommitSink::hit(Point point, env::Phase phase, uint64_t checkpoint, const TransactionHandle& transaction) {
  context_.hit(point, phase,
               {.checkpoint = checkpoint,
                .value = transaction.producer_id,
                .epoch = transaction.epoch,
                .text = transaction.transactional_id});
}

// ---- recovery: commit first, then fence ----------------------------------------------------------------

void TwoPhaseCommitSink::open(ByteView restored, dataflow::Ready ready) {
  ready_ = std::move(ready);
  if (!restored.empty() && !decode(restored, restored_)) return context_.fail("sink state does not decode");
  const SeededBugs& bugs = context_.descriptor().bugs;
  for (const auto& [checkpoint, transaction] : restored_.pending) {
    if (bugs.has(SeededBug::abort_pre_committed)) {
      abort(transaction);
    } else if (!bugs.has(SeededBug::forget_pending_commit)) {
      pending_[checkpoint] = {transaction};
    }
  }
  if (pending_.empty()) return fence_earlier();
  for (const auto& [checkpoint, transaction] : restored_.pending) commit_pending(checkpoint);
}

// Only now: until it is known to be committed, nothing may touch the id of what the checkpoint pre-committed.
void TwoPhaseCommitSink::fence_earlier() {
  phase_ = Phase::fencing;
  const uint64_t taken_by = std::max<uint64_t>(restored_.generation, 1);
  const uint64_t known = context_.descriptor().fenced_generation;
  fence(std::max(taken_by, known), taken_by < known ? 0 : restored_.next_index, [this] {
    context_.fenced();
    begin_next();
  });
}

// ---- writing -------------------------------------------------------------------------------------------

void TwoPhaseCommitSink::begin_next() {
  has_records_ = false;
  if (end_of_data_) {
    phase_ = Phase::finished;
    return;
  }
  const bool first = phase_ == Phase::fencing;
  phase_ = Phase::opening;
  begin(index_, [this, first](TransactionHandle transaction, uint64_t index) {
    current_ = std::move(transaction);
    index_ = index;
    phase_ = Phase::writing;
    if (first) {
      context_.hit(Point::restore_sink, {.checkpoint = context_.descriptor().restored_checkpoint});
      return ready_();
    }
    if (finish_) finish(std::exchange(finish_, nullptr));
    context_.resume();
  });
}

void TwoPhaseCommitSink::emit(const dataflow::RecordView& record) {
  has_records_ = true;
  write(record);
}

// After the last record nothing more is written, but what was written is pre-committed like everything else.
void TwoPhaseCommitSink::finish(dataflow::Ready ready) {
  end_of_data_ = true;
  if (phase_ == Phase::opening) {
    finish_ = std::move(ready);
    return;
  }
  flush();
  when_acknowledged(std::move(ready));
}

// What is pre-committed is left alone: the checkpoint that it belongs to may be complete.
void TwoPhaseCommitSink::close() {
  if (phase_ == Phase::writing && has_records_) abort(current_);
}

// ---- pre-commit ----------------------------------------------------------------------------------------

void TwoPhaseCommitSink::prepare_snapshot(uint64_t checkpoint, Bytes& state, dataflow::Ready ready) {
  flush();
  CHECK(!has_unflushed(), "a barrier overtook the opening of a transaction");
  const bool pre_commits = has_records_;
  if (pre_commits) {
    hit(Point::sink_pre_commit, env::Phase::before, checkpoint, current_);
    pending_[checkpoint] = {current_};
    seal();
    ++index_;
  }  // else: the empty transaction stays current; there is nothing to commit
  State snapshot;
  for (const auto& [id, pending] : pending_) snapshot.pending[id] = pending.transaction;
  snapshot.generation = context_.descriptor().generation;
  snapshot.next_index = index_;
  state = encode(snapshot);
  when_acknowledged([this, checkpoint, ready = std::move(ready)] { prove(checkpoint, ready); });
  if (pre_commits) begin_next();
}

// Everything up to the barrier is acknowledged. A transaction may have died since (timed out, fenced), and the log
// would not have said so to one that only waits: what this checkpoint is to certify must be alive now. Also what
// earlier checkpoints left pending, for this one certifies it again.
void TwoPhaseCommitSink::prove(uint64_t checkpoint, dataflow::Ready ready) {
  const auto open = std::make_shared<size_t>(1);
  const auto proven = [this, checkpoint, open, ready = std::move(ready)] {
    if (--*open > 0) return;
    const auto own = pending_.find(checkpoint);
    if (own != pending_.end()) hit(Point::sink_pre_commit, env::Phase::after, checkpoint, own->second.transaction);
    ready();
  };
  std::map<uint64_t, TransactionHandle> due;
  for (const auto& [id, pending] : pending_) {
    if (id <= checkpoint && pending.stage == Stage::pre_committed) due[id] = pending.transaction;
  }
  *open += due.size();
  for (const auto& [id, transaction] : due) {
    prove_alive(transaction, [this, id = id, proven](const Status& status) {
      const auto found = pending_.find(id);
      const bool still_waits = found != pending_.end() && found->second.stage == Stage::pre_committed;
      if (!status.ok() && still_waits) {  // nothing is lost yet: a restart writes it again
        return context_.fail(fmt::format("pre-commit of transaction \"{}\": {}",
                                         found->second.transaction.transactional_id, status.error().message));
      }
      proven();
    });
  }
  proven();
}

// ---- commit --------------------------------------------------------------------------------------------

bool TwoPhaseCommitSink::pending_at_or_below(uint64_t checkpoint) const {
  return !pending_.empty() && pending_.begin()->first <= checkpoint;
}

// Completion of n commits everything pending up to n: also what was pre-committed for checkpoints that failed.
void TwoPhaseCommitSink::checkpoint_complete(uint64_t checkpoint, dataflow::Ready ready) {
  if (!pending_at_or_below(checkpoint)) return ready();
  waiting_commit_.push_back({checkpoint, std::move(ready)});
  std::vector<uint64_t> due;
  for (const auto& [id, pending] : pending_) {
    if (id <= checkpoint && pending.stage == Stage::pre_committed) due.push_back(id);
  }
  for (const uint64_t id : due) commit_pending(id);
}

void TwoPhaseCommitSink::commit_pending(uint64_t checkpoint) {
  const auto found = pending_.find(checkpoint);
  if (found == pending_.end()) return;
  found->second.stage = Stage::committing;
  const TransactionHandle transaction = found->second.transaction;
  hit(Point::sink_commit, env::Phase::before, checkpoint, transaction);
  commit(transaction, [this, checkpoint](End end, const std::string& why) { on_ended(checkpoint, end, why); });
}

void TwoPhaseCommitSink::on_ended(uint64_t checkpoint, End end, const std::string& why) {
  const auto found = pending_.find(checkpoint);
  const TransactionHandle transaction = found->second.transaction;
  if (end == End::unknown) {
    return context_.fail(fmt::format("commit of transaction \"{}\": {}", transaction.transactional_id, why));
  }
  if (end == End::lost) {
    lose(checkpoint, transaction, why);
    if (context_.descriptor().sink.lost_transaction == graph::LostTransaction::fail_job) return;
  } else {
    hit(Point::sink_commit, env::Phase::after, checkpoint, transaction);
  }
  pending_.erase(found);
  if (phase_ == Phase::recovering) {
    if (pending_.empty()) fence_earlier();
    return;
  }
  const auto still_waits = [&](const WaitingCommit& waiting) { return pending_at_or_below(waiting.checkpoint); };
  const auto done = std::stable_partition(waiting_commit_.begin(), waiting_commit_.end(), still_waits);
  std::vector<WaitingCommit> ready(std::make_move_iterator(done), std::make_move_iterator(waiting_commit_.end()));
  waiting_commit_.erase(done, waiting_commit_.end());
  for (const WaitingCommit& waiting : ready) waiting.ready();
}

void TwoPhaseCommitSink::lose(uint64_t checkpoint, const TransactionHandle& transaction, const std::string& why) {
  const std::string words = fmt::format("transaction \"{}\" (epoch {}) of checkpoint {} is lost: {}",
                                        transaction.transactional_id, transaction.epoch, checkpoint, why);
  context_.hit(Point::sink_lost_transaction, {.checkpoint = checkpoint,
                                              .value = transaction.producer_id,
                                              .epoch = transaction.epoch,
                                              .text = words});
  if (context_.descriptor().sink.lost_transaction == graph::LostTransaction::fail_job) {
    context_.fail(words, dataflow::Failure::permanent);
  }
}

}  // namespace onceproof::connectors
