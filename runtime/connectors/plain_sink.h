// SPDX-License-Identifier: Apache-2.0
// Log sink without transactions. flush: at-least-once, a snapshot waits until the log acknowledged everything before
// it. fire_and_forget: acks=0, nothing is awaited and nothing is repeated (Kafka's DeliveryGuarantee.NONE).
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "runtime/connectors/batches.h"

namespace onceproof::connectors {

class PlainSink : public dataflow::SinkOperator {
 public:
  explicit PlainSink(dataflow::TaskContext& context);
  void open(ByteView restored, dataflow::Ready ready) override;
  bool available() const override { return outstanding_.size() < kMaxOutstanding; }
  void emit(const dataflow::RecordView& record) override;
  void prepare_snapshot(uint64_t checkpoint, Bytes& state, dataflow::Ready ready) override;
  void checkpoint_complete(uint64_t, dataflow::Ready ready) override { ready(); }
  void end_of_data() override { flush(); }
  void flush() override;
  bool has_unflushed() const override { return !batches_.empty(); }

 private:
  static constexpr size_t kMaxOutstanding = 16;
  struct Waiting {
    uint64_t checkpoint;
    uint64_t below;  // everything sent before this number must be acknowledged
    dataflow::Ready ready;
  };
  void send(int32_t partition);
  void on_appended(uint64_t number, Status status);

  dataflow::TaskContext& context_;
  const graph::SinkConfig& config_;
  std::unique_ptr<env::Log> log_;
  env::ProducerIdentity producer_;
  Batches batches_;
  uint64_t next_number_ = 0;
  std::set<uint64_t> outstanding_;  // numbers of the batches that the log has not acknowledged
  std::vector<Waiting> waiting_;
};

}  // namespace onceproof::connectors
