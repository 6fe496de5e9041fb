// SPDX-License-Identifier: Apache-2.0
// Two-phase commit over the log's transactions (Flink: KafkaSink's ExactlyOnceKafkaWriter and KafkaCommitter). Each
// transaction has a transactional id of its own, prefix-subtask-generation-index: no handle can commit another's
// records. The log still counts a pre-committed transaction as ongoing.
//
// Claim: once an attempt of generation G has fenced, no attempt of a generation below G can open, extend or hold a
// transaction, now or later. It rests on two rules, which hold with whatever the log does late or twice:
//   own      an attempt writes under an id of its own generation only, and only if its one and only request for that id
//            was answered with epoch 0: nobody has initialised the id before
//   in turn  it asks for an index only when it has been given the one before with epoch 0, so it opens no index above
//            one that somebody else initialised first
// A fencing attempt initialises the ids of each earlier generation upwards to the first that answers epoch 0. The ids
// below are raised: what was open is aborted, what is written later is refused. The last one is taken: the old attempt
// will see epoch 1 or more there, and never asks for another (in turn).
//   late init of a zombie         finds the id taken, gets epoch 1 or more and fails; what is left is an empty id
//   init answered late            the zombie believes its epoch 0, but the id is at 1: its first write is refused
//   zombie's next index, racing   log order decides: before the probe, the probe sees epoch 1, aborts, goes on to the
//                                 next; after it, the zombie is refused
//   zombie with several indexes   there is none (in turn), nor does a second life of the same attempt exist for the
//                                 ids of its first (own)
//   an own init with an unknown   is asked again; epoch 0 then says that no copy was executed yet, but a late one may
//   outcome                       fence us at any time, even after the checkpoint completed: the id is burned (it stays
//                                 empty) and the next one is asked for. Any other epoch: a copy or a later attempt, so
//                                 the attempt fails. Costs a restart, never a record.
//   an attempt that dies probing  has only taken ids of attempts that are superseded anyway; the next one meets them as
//                                 epoch 1 and goes one further
//   pre-committed transactions    of the restored checkpoint have lower indexes than the search begins with, and are
//                                 committed before it begins; no other checkpoint of an earlier generation completes
//                                 once G is deployed (job manager)
// A generation's ids are initialised far less often than there are epochs. close() aborts early what fencing would
// abort later; nothing relies on it. Ids without a generation (Flink's INCREMENTING) let a late zombie that restored
// an older checkpoint abort what a newer attempt has pre-committed (word-count seed 0x196).
#pragma once

#include <vector>

#include "runtime/connectors/fencing.h"
#include "runtime/connectors/log_writer.h"
#include "runtime/connectors/two_phase_commit_sink.h"

namespace onceproof::connectors {

class TransactionalSink : public TwoPhaseCommitSink {
 public:
  explicit TransactionalSink(dataflow::TaskContext& context)
      : TwoPhaseCommitSink(context), writer_(context), fencing_(context, writer_.log()) {}
  bool has_unflushed() const override { return writer_.has_unflushed(); }
  void flush() override { writer_.flush(); }
  void retry() override;

 private:
  void fence(uint64_t first, uint64_t index, dataflow::Ready done) override {
    fencing_.run(first, index, std::move(done));
  }
  void begin(uint64_t index, Begun begun) override;
  void write(const dataflow::RecordView& record) override { writer_.add(record); }
  bool has_room() const override { return writer_.has_room(); }
  void when_acknowledged(dataflow::Ready ready) override { writer_.when_acknowledged(std::move(ready)); }
  void seal() override { writer_.use(std::nullopt); }
  void prove_alive(const TransactionHandle& transaction, Proof proof) override;
  void commit(const TransactionHandle& transaction, Ended ended) override;
  void abort(const TransactionHandle& transaction) override {
    writer_.log().abort(transaction, [](const Status&) {});
  }

  enum class Asked : uint8_t { once, again };
  void ask(uint64_t index, Asked asked, TimeUs since_us, Begun begun);
  // A commit that is under way, and since when.
  struct Commit {
    TransactionHandle transaction;
    Ended ended;
    TimeUs since_us = 0;
  };
  void send_commit(const Commit& commit);
  void on_commit_refused(const Commit& commit, const Status& refusal);


  LogWriter writer_;
  Fencing fencing_;
  std::vector<Commit> doubtful_;  // asked about again at the next sink_retry
};

}  // namespace onceproof::connectors
