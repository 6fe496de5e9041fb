// SPDX-License-Identifier: Apache-2.0
// The two-phase commit of a sink with checkpoints, whatever the outside is (Flink: TwoPhaseCommitSinkFunction).
// A sink: RECOVERING (commits what the restored checkpoint pre-committed) -> FENCING (takes from earlier attempts what
// they left open) -> OPENING (a transaction) <-> WRITING -> FINISHED (the data are over: no further transaction).
// A transaction, each at most once:
//   begun -> written -> PRE_COMMITTED  its handle is in the snapshot, everything in it is acknowledged, and the outside
//                                      has said, after that, that it is alive; only then is the snapshot acknowledged
//   PRE_COMMITTED -> COMMITTING        when that checkpoint or a later one completed, or a sink restored from it opens
//   COMMITTING -> committed            the only way to be forgotten
//   COMMITTING -> lost                 the outside has it no more: sink.lost-transaction says which and why, and the
//                                      configured policy ends the job or goes on. Never "probably committed already":
//                                      hiding that is the oldest bug of such sinks (FLINK-7784)
// A transaction that never gets pre-committed is nobody's: a later attempt's fencing aborts it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "runtime/dataflow/operator.h"
#include "runtime/env/log.h"

namespace onceproof::connectors {

// Names a transaction to anybody who has to end it. An outside that has no producers leaves their fields 0.
using TransactionHandle = env::ProducerIdentity;

class TwoPhaseCommitSink : public dataflow::SinkOperator {
 public:
  explicit TwoPhaseCommitSink(dataflow::TaskContext& context) : context_(context) {}
  dataflow::StateFormat state_format() const final { return {"pending-transactions"}; }
  void open(ByteView restored, dataflow::Ready ready) final;
  bool available() const final { return phase_ == Phase::finished || (phase_ == Phase::writing && has_room()); }
  void emit(const dataflow::RecordView& record) final;
  void prepare_snapshot(uint64_t checkpoint, Bytes& state, dataflow::Ready ready) final;
  void checkpoint_complete(uint64_t checkpoint, dataflow::Ready ready) final;
  void finish(dataflow::Ready ready) final;
  void close() final;

 protected:
  enum class End : uint8_t { committed, lost, unknown };  // lost: certain. unknown: a restart may repair it
  using Begun = std::function<void(TransactionHandle, uint64_t index)>;
  using Proof = std::function<void(Status)>;
  using Ended = std::function<void(End, const std::string& why)>;

  // ---- the outside (has_unflushed and flush of SinkOperator belong to it as well) ----
  // Ends for good what generations [first, own) may have open or open later, in `first` from `index` on.
  virtual void fence(uint64_t first, uint64_t index, dataflow::Ready done) = 0;
  // Begins the transaction `index` of this generation; may skip indexes, and answers with the one that it took.
  virtual void begin(uint64_t index, Begun begun) = 0;
  virtual void write(const dataflow::RecordView& record) = 0;  // into the transaction that was begun last
  virtual bool has_room() const = 0;
  virtual void when_acknowledged(dataflow::Ready ready) = 0;  // everything that was flushed before
  virtual void seal() = 0;                                    // nothing more is written before the next begin
  virtual void prove_alive(const TransactionHandle& transaction, Proof proof) = 0;
  virtual void commit(const TransactionHandle& transaction, Ended ended) = 0;  // may be repeated
  virtual void abort(const TransactionHandle& transaction) = 0;                // best effort

  dataflow::TaskContext& context() const { return context_; }

 private:
  enum class Phase : uint8_t { recovering, fencing, opening, writing, finished };
  enum class Stage : uint8_t { pre_committed, committing };
  struct Pending {
    TransactionHandle transaction;
    Stage stage = Stage::pre_committed;
  };
  struct WaitingCommit {
    uint64_t checkpoint;
    dataflow::Ready ready;
  };
  struct State {  // what a snapshot holds
    std::map<uint64_t, TransactionHandle> pending;
    uint64_t generation = 0;  // of the sink that took it, and
    uint64_t next_index = 0;  // its lowest index that no pending transaction uses
    template <class Archive>
    void fields(Archive& archive) {
      archive(pending, generation, next_index);
    }
  };
  void fence_earlier();
  void begin_next();
  void prove(uint64_t checkpoint, dataflow::Ready ready);
  void commit_pending(uint64_t checkpoint);
  void on_ended(uint64_t checkpoint, End end, const std::string& why);
  void lose(uint64_t checkpoint, const TransactionHandle& transaction, const std::string& why);
  bool pending_at_or_below(uint64_t checkpoint) const;
  void hit(env::Point point, env::Phase phase, uint64_t checkpoint, const TransactionHandle& transaction);

  dataflow::TaskContext& context_;
  Phase phase_ = Phase::recovering;
  State restored_;
  TransactionHandle current_;  // while writing
  bool has_records_ = false;   // in the current transaction
  uint64_t index_ = 0;         // of the current (or next) transaction
  std::map<uint64_t, Pending> pending_;  // by checkpoint, until its end is known
  std::vector<WaitingCommit> waiting_commit_;
  bool end_of_data_ = false;
  dataflow::Ready ready_;   // of open
  dataflow::Ready finish_;  // of finish, while a transaction is being opened
};

}  // namespace onceproof::connectors
