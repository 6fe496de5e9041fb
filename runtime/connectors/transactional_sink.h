// SPDX-License-Identifier: Apache-2.0
// Transactional log sink: two-phase commit over the log's transactions (Flink: TwoPhaseCommitSinkFunction and
// KafkaSink's ExactlyOnceKafkaWriter/KafkaCommitter).
//   pre-commit  everything written before the barrier is acknowledged inside transaction n, whose identity
//               (transactional id, producer id, epoch) is in the snapshot; the log still counts it as ongoing
//   commit      when checkpoint n completed; or, after a failure, when a sink restored from n opens
// Transactional ids are prefix-subtask-generation-index. The index grows by one a transaction and has no gaps, so a
// restored sink finds every lingering transaction by initialising ids upwards until one is new, in each generation
// since the one that took the snapshot: that aborts what was open under the id and raises its epoch, which fences the
// attempt that opened it. A sink touches only generations below its own. Ids without a generation (Flink's
// INCREMENTING) let a late zombie that restored an older checkpoint abort what a newer attempt has pre-committed
// (word-count seed 0x196).
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/connectors/batches.h"

namespace onceproof::connectors {

class TransactionalSink : public dataflow::SinkOperator {
 public:
  explicit TransactionalSink(dataflow::TaskContext& context);
  void open(ByteView restored, dataflow::Ready ready) override;
  bool available() const override {
    return phase_ == Phase::finished || (phase_ == Phase::writing && current_->outstanding < kMaxOutstanding);
  }
  void emit(const dataflow::RecordView& record) override;
  void prepare_snapshot(uint64_t checkpoint, Bytes& state, dataflow::Ready ready) override;
  void checkpoint_complete(uint64_t checkpoint, dataflow::Ready ready) override;
  void end_of_data() override;
  void flush() override;
  bool has_unflushed() const override { return !batches_.empty(); }
  void close() override;

 private:
  static constexpr int kMaxOutstanding = 16;
  enum class Phase : uint8_t {
    recovering,  // committing what the restored checkpoint pre-committed
    probing,     // aborting lingering transactions
    opening,     // between a barrier and the next transaction's producer id
    writing,
    finished,  // no more data: no further transaction is opened
  };
  struct Transaction {
    env::ProducerIdentity identity;
    int outstanding = 0;  // batches that the log has not acknowledged
    bool has_records = false;
    bool committing = false;
    bool recovered = false;  // from the restored state: flushed long ago
  };
  struct Waiting {
    uint64_t checkpoint;
    dataflow::Ready ready;
  };
  struct State {  // what a snapshot holds
    std::map<uint64_t, env::ProducerIdentity> pending;
    uint64_t generation = 0;  // of the sink that took it, and
    uint64_t next_index = 0;  // its lowest index that no pending transaction uses
    template <class Archive>
    void fields(Archive& archive) {
      archive(pending, generation, next_index);
    }
  };

  void recover_next();
  void probe();
  void open_transaction();
  void send(int32_t partition);
  void on_flushed();
  void commit(uint64_t checkpoint);
  void on_committed(uint64_t checkpoint, const Status& status);
  bool pending_at_or_below(uint64_t checkpoint) const;
  std::string transactional_id(uint64_t generation, uint64_t index) const;
  void hit(env::Point point, env::Phase phase, uint64_t checkpoint, const env::ProducerIdentity& identity);

  dataflow::TaskContext& context_;
  const graph::SinkConfig& config_;
  std::unique_ptr<env::Log> log_;
  Batches batches_;
  Phase phase_ = Phase::recovering;
  const uint64_t generation_;
  uint64_t index_ = 0;              // of the current (or next) transaction
  uint64_t probed_generation_ = 0;  // while probing: where the next id to look at lies
  uint64_t probed_index_ = 0;
  std::shared_ptr<Transaction> current_;
  std::map<uint64_t, std::shared_ptr<Transaction>> pending_;  // by checkpoint, until the commit is acknowledged
  std::vector<Waiting> waiting_flush_;
  std::vector<Waiting> waiting_commit_;
  bool end_of_data_ = false;
  dataflow::Ready ready_;
};

}  // namespace onceproof::connectors
