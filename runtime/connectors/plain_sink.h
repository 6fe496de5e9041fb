// SPDX-License-Identifier: Apache-2.0
// Log sink without transactions. flush: at-least-once, a snapshot (and, at the end of the data, the task) waits until
// the log acknowledged everything before it. fire_and_forget: acks=0, nothing is awaited and nothing is repeated
// (Kafka's DeliveryGuarantee.NONE).
#pragma once

#include "runtime/connectors/log_writer.h"

namespace onceproof::connectors {

class PlainSink : public dataflow::SinkOperator {
 public:
  explicit PlainSink(dataflow::TaskContext& context) : context_(context), writer_(context) {}
  void open(ByteView restored, dataflow::Ready ready) override;
  bool available() const override { return writer_.has_room(); }
  void emit(const dataflow::RecordView& record) override { writer_.add(record); }
  void prepare_snapshot(uint64_t checkpoint, Bytes& state, dataflow::Ready ready) override;
  void checkpoint_complete(uint64_t, dataflow::Ready ready) override { ready(); }
  void finish(dataflow::Ready ready) override;
  bool has_unflushed() const override { return writer_.has_unflushed(); }
  void flush() override { writer_.flush(); }

 private:
  dataflow::TaskContext& context_;
  LogWriter writer_;
};

}  // namespace onceproof::connectors
