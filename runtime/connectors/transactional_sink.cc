// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/transactional_sink.h"

#include <fmt/format.h>

#include <algorithm>

namespace onceproof::connectors {

using env::Point;

TransactionalSink::TransactionalSink(dataflow::TaskContext& context)
    : context_(context),
      config_(context.descriptor().sink),
      batches_(config_, context.descriptor().subtask.subtask),
      generation_(context.descriptor().generation),
      current_(std::make_shared<Transaction>()) {}

std::string TransactionalSink::transactional_id(uint64_t generation, uint64_t index) const {
  return fmt::format("{}-{}-{}-{}", config_.transactional_id_prefix, context_.descriptor().subtask.subtask, generation,
                     index);
}

void TransactionalSink::hit(Point point, env::Phase phase, uint64_t checkpoint, const env::ProducerIdentity& identity) {
  context_.hit(point, phase,
               {.checkpoint = checkpoint,
                .value = identity.producer_id,
                .epoch = identity.epoch,
                .text = identity.transactional_id});
}

// ---- recovery: commit first, then abort what lingers ---------------------------------------------------

void TransactionalSink::open(ByteView restored, dataflow::Ready ready) {
  ready_ = std::move(ready);
  log_ = context_.env().open_log(fmt::format("sink-{}", context_.descriptor().subtask.subtask));
  State state;
  if (!restored.empty() && !decode(restored, state)) return context_.fail("sink state does not decode");
  probed_generation_ = state.generation == 0 ? 1 : state.generation;
  probed_index_ = state.next_index;
  const SeededBugs& bugs = context_.descriptor().bugs;
  for (const auto& [checkpoint, identity] : state.pending) {
    auto transaction = std::make_shared<Transaction>();
    transaction->identity = identity;
    transaction->recovered = true;
    if (bugs.has(SeededBug::abort_pre_committed)) {
      log_->init_producer(identity.transactional_id, config_.transaction_timeout_us, [](auto) {});
    } else if (!bugs.has(SeededBug::forget_pending_commit)) {
      pending_[checkpoint] = std::move(transaction);
    }
  }
  recover_next();
}

void TransactionalSink::recover_next() {
  if (!pending_.empty()) return commit(pending_.begin()->first);
  phase_ = Phase::probing;
  probe();
}

// Lingering: opened by a generation from the snapshot's on and below our own, and not pre-committed in the snapshot.
void TransactionalSink::probe() {
  if (probed_generation_ >= generation_) return open_transaction();
  log_->init_producer(transactional_id(probed_generation_, probed_index_), config_.transaction_timeout_us,
                      [this](Result<env::ProducerIdentity> producer) {
                        if (!producer.ok())
                          return context_.fail("abort of lingering transactions: " + producer.error().message);
                        if (producer.value().epoch > 0) {
                          hit(Point::sink_abort, env::Phase::after, 0, producer.value());
                          ++probed_index_;
                        } else {  // a new id: this generation opened no more
                          ++probed_generation_;
                          probed_index_ = 0;
                        }
                        probe();
                      });
}

// ---- writing -------------------------------------------------------------------------------------------

void TransactionalSink::emit(const dataflow::RecordView& record) {
  const int32_t partition = batches_.add(record);
  if (phase_ == Phase::writing && batches_.bytes(partition) >= config_.batch_bytes) send(partition);
}

void TransactionalSink::flush() {
  if (phase_ != Phase::writing) return;
  for (int32_t partition = 0; partition < batches_.partitions(); ++partition) send(partition);
}

void TransactionalSink::send(int32_t partition) {
  if (batches_.bytes(partition) == 0) return;
  const std::shared_ptr<Transaction> transaction = current_;
  ++transaction->outstanding;
  transaction->has_records = true;
  log_->append(transaction->identity, {config_.topic, partition}, batches_.take(partition), env::Acks::all,
               [this, transaction](Status status) {
                 if (!status.ok()) return context_.fail("append: " + status.error().message);
                 --transaction->outstanding;
                 on_flushed();
                 context_.resume();
               });
}

// After the last record nothing more is written, but what was written is pre-committed like everything else.
void TransactionalSink::end_of_data() {
  end_of_data_ = true;
  flush();
}

void TransactionalSink::open_transaction() {
  current_ = std::make_shared<Transaction>();
  if (end_of_data_) {
    phase_ = Phase::finished;
    return;
  }
  const bool first = phase_ == Phase::probing;
  phase_ = Phase::opening;
  log_->init_producer(transactional_id(generation_, index_), config_.transaction_timeout_us,
                      [this, first](Result<env::ProducerIdentity> producer) {
                        if (!producer.ok()) return context_.fail("no new transaction: " + producer.error().message);
                        current_->identity = producer.take();
                        phase_ = Phase::writing;
                        if (first) {
                          context_.hit(Point::restore_sink, {.checkpoint = context_.descriptor().restored_checkpoint});
                          return ready_();
                        }
                        if (end_of_data_) flush();
                        context_.resume();
                      });
}

// What is pre-committed is left alone: the checkpoint that it belongs to may be complete.
void TransactionalSink::close() {
  if (phase_ == Phase::writing && current_->has_records) log_->abort(current_->identity, [](const Status&) {});
}

// ---- pre-commit ----------------------------------------------------------------------------------------

void TransactionalSink::prepare_snapshot(uint64_t checkpoint, Bytes& state, dataflow::Ready ready) {
  flush();
  CHECK(batches_.empty(), "a barrier overtook the opening of a transaction");
  if (current_->has_records) {
    hit(Point::sink_pre_commit, env::Phase::before, checkpoint, current_->identity);
    pending_[checkpoint] = current_;
    ++index_;
    open_transaction();
  }  // else: the empty transaction stays current; there is nothing to commit
  State snapshot;
  for (const auto& [id, transaction] : pending_) snapshot.pending[id] = transaction->identity;
  snapshot.generation = generation_;
  snapshot.next_index = index_;
  state = encode(snapshot);
  waiting_flush_.push_back({checkpoint, std::move(ready)});
  on_flushed();
}

// A snapshot is ready when its own transaction and every pending older one are flushed.
void TransactionalSink::on_flushed() {
  while (!waiting_flush_.empty()) {
    const uint64_t checkpoint = waiting_flush_.front().checkpoint;
    for (const auto& [id, transaction] : pending_) {
      if (id <= checkpoint && transaction->outstanding > 0) return;
    }
    const Waiting done = std::move(waiting_flush_.front());
    waiting_flush_.erase(waiting_flush_.begin());
    const auto own = pending_.find(checkpoint);
    if (own != pending_.end()) hit(Point::sink_pre_commit, env::Phase::after, checkpoint, own->second->identity);
    done.ready();
  }
}

// ---- commit --------------------------------------------------------------------------------------------

bool TransactionalSink::pending_at_or_below(uint64_t checkpoint) const {
  return !pending_.empty() && pending_.begin()->first <= checkpoint;
}

// Completion of n commits everything pending up to n: also what was pre-committed for checkpoints that failed.
void TransactionalSink::checkpoint_complete(uint64_t checkpoint, dataflow::Ready ready) {
  if (!pending_at_or_below(checkpoint)) return ready();
  waiting_commit_.push_back({checkpoint, std::move(ready)});
  std::vector<uint64_t> due;
  for (const auto& [id, transaction] : pending_) {
    if (id <= checkpoint && !transaction->committing) due.push_back(id);
  }
  for (const uint64_t id : due) commit(id);
}

void TransactionalSink::commit(uint64_t checkpoint) {
  const std::shared_ptr<Transaction> transaction = pending_[checkpoint];
  transaction->committing = true;
  hit(Point::sink_commit, env::Phase::before, checkpoint, transaction->identity);
  log_->commit(transaction->identity, [this, checkpoint](const Status& status) { on_committed(checkpoint, status); });
}

// No error is "probably committed already": a fenced or expired transaction here is lost data, and hiding it is the
// oldest bug of such sinks (FLINK-7784). The attempt fails; whether the restart can repair it is the log's to say.
void TransactionalSink::on_committed(uint64_t checkpoint, const Status& status) {
  if (!status.ok()) return context_.fail("commit: " + status.error().message);
  const auto found = pending_.find(checkpoint);
  hit(Point::sink_commit, env::Phase::after, checkpoint, found->second->identity);
  pending_.erase(found);
  if (phase_ == Phase::recovering) return recover_next();
  std::vector<Waiting> done;
  for (auto it = waiting_commit_.begin(); it != waiting_commit_.end();) {
    if (pending_at_or_below(it->checkpoint)) {
      ++it;
      continue;
    }
    done.push_back(std::move(*it));
    it = waiting_commit_.erase(it);
  }
  for (const Waiting& waiting : done) waiting.ready();
}

}  // namespace onceproof::connectors
