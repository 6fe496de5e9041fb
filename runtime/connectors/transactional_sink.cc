// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/transactional_sink.h"

#include <fmt/format.h>

#include <utility>

namespace onceproof::connectors {

using env::TransactionDescription;
using env::TransactionPhase;

// ---- opening -------------------------------------------------------------------------------------------

void TransactionalSink::begin(uint64_t index, Begun begun) {
  ask(index, Asked::once, context().env().now(), std::move(begun));
}

void TransactionalSink::ask(uint64_t index, Asked asked, TimeUs since_us, Begun begun) {
  const dataflow::TaskDescriptor& task = context().descriptor();
  writer_.log().init_producer(
      transactional_id(task, task.generation, index), task.sink.transaction_timeout_us,
      [this, index, asked, since_us, begun = std::move(begun)](const Result<env::ProducerIdentity>& producer) {
        if (!producer.ok()) {
          const Error& error = producer.error();
          const bool in_time = context().env().now() - since_us < context().descriptor().sink.patience_us;
          if (outcome_unknown(error.code) && in_time) return ask(index, Asked::again, since_us, begun);
          const bool never = error.code == ErrorCode::invalid_transaction_timeout;
          return context().fail("no new transaction: " + error.message,
                                never ? dataflow::Failure::permanent : dataflow::Failure::recoverable);
        }
        const env::ProducerIdentity& identity = producer.value();
        if (identity.epoch != 0) {
          return context().fail(
              fmt::format("superseded: \"{}\" is at epoch {}: a later attempt, or a late copy of a request, claimed it",
                          identity.transactional_id, identity.epoch));
        }
        if (asked == Asked::again) return ask(index + 1, Asked::once, since_us, begun);  // burned
        writer_.use(identity);
        begun(identity, index);
      });
}

// ---- pre-commit ----------------------------------------------------------------------------------------

void TransactionalSink::prove_alive(const TransactionHandle& transaction, Proof proof) {
  writer_.log().describe_transaction(
      transaction.transactional_id,
      [transaction, proof = std::move(proof)](const Result<TransactionDescription>& described) {
        if (!described.ok()) return proof(described.error());
        const bool alive =
            described.value().phase == TransactionPhase::ongoing && described.value().producer == transaction;
        if (alive) return proof(Status());
        proof(Status(ErrorCode::producer_fenced, "the log has ended it: it timed out or was fenced"));
      });
}

// ---- commit --------------------------------------------------------------------------------------------

namespace {

bool refused(ErrorCode code) {
  return code == ErrorCode::producer_fenced || code == ErrorCode::invalid_producer_epoch ||
         code == ErrorCode::invalid_txn_state || code == ErrorCode::invalid_producer_id_mapping;
}

// Why a transaction that is neither committed nor alive is gone, from what the log still knows of its id: a timeout
// aborts it under the next epoch; a later init_producer aborts it as well, and leaves the id empty.
std::string cause(const TransactionDescription& found, const TransactionHandle& own) {
  const bool same = found.producer == own;
  switch (found.phase) {
    case TransactionPhase::none: return "the log no longer knows its id";
    case TransactionPhase::aborting:
    case TransactionPhase::aborted:
      return same ? "it was aborted" : "it timed out, and the log aborted it";
    case TransactionPhase::empty:
    case TransactionPhase::ongoing:
    case TransactionPhase::committing:
    case TransactionPhase::committed: break;
  }
  return fmt::format("it was fenced: another producer initialised its id (producer {}, epoch {})",
                     found.producer.producer_id, found.producer.epoch);
}

}  // namespace

void TransactionalSink::commit(const TransactionHandle& transaction, Ended ended) {
  send_commit({transaction, std::move(ended), context().env().now()});
}

void TransactionalSink::send_commit(const Commit& commit) {
  writer_.log().commit(commit.transaction, [this, commit](const Status& status) {
    if (status.ok()) return commit.ended(End::committed, "");
    if (!refused(status.code())) return commit.ended(End::unknown, status.error().message);
    on_commit_refused(commit, status);
  });
}

// A refusal is ambiguous: done (by an earlier try, whose answer was lost) or gone. Only one transaction ever ran under
// this id, and nobody initialises it while its commit may have to be repeated, so what the log knows of the id decides.
// A coordinator that has been replaced and has not heard of it answers from the past: that the id is not known, or is
// where it was before the transaction began, is believed only when it is said for long enough.
void TransactionalSink::on_commit_refused(const Commit& commit, const Status& refusal) {
  writer_.log().describe_transaction(
      commit.transaction.transactional_id,
      [this, commit, why = refusal.error().message](const Result<TransactionDescription>& described) {
        if (!described.ok()) return commit.ended(End::unknown, why + "; " + described.error().message);
        const TransactionDescription& found = described.value();
        const TransactionHandle& own = commit.transaction;
        const bool ours = found.producer.producer_id == own.producer_id;
        const bool committed =
            found.phase == TransactionPhase::committed || found.phase == TransactionPhase::committing;
        if (ours && committed) return commit.ended(End::committed, "");
        if (found.phase == TransactionPhase::ongoing && found.producer == own) return commit.ended(End::unknown, why);
        const bool past = found.phase == TransactionPhase::none ||
                          (found.phase == TransactionPhase::empty && found.producer == own);
        const graph::SinkConfig& config = context().descriptor().sink;
        if (past && context().env().now() - commit.since_us < config.patience_us) {
          doubtful_.push_back(commit);
          if (doubtful_.size() == 1) context().retry_after(config.commit_retry_us);
          return;
        }
        commit.ended(End::lost, cause(found, own));
      });
}

void TransactionalSink::retry() {
  for (const Commit& commit : std::exchange(doubtful_, {})) send_commit(commit);
}

}  // namespace onceproof::connectors
