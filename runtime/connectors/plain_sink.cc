// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/plain_sink.h"

#include <fmt/format.h>

namespace onceproof::connectors {

PlainSink::PlainSink(dataflow::TaskContext& context)
    : context_(context), config_(context.descriptor().sink), batches_(config_, context.descriptor().subtask.subtask) {}

void PlainSink::open(ByteView, dataflow::Ready ready) {
  log_ = context_.env().open_log(fmt::format("sink-{}", context_.descriptor().subtask.subtask));
  log_->init_producer("", config_.transaction_timeout_us,
                      [this, ready = std::move(ready)](Result<env::ProducerIdentity> producer) {
                        if (!producer.ok()) return context_.fail("no producer id: " + producer.error().message);
                        producer_ = producer.take();
                        ready();
                      });
}

void PlainSink::emit(const dataflow::RecordView& record) {
  const int32_t partition = batches_.add(record);
  if (batches_.bytes(partition) >= config_.batch_bytes) send(partition);
}

void PlainSink::flush() {
  for (int32_t partition = 0; partition < batches_.partitions(); ++partition) send(partition);
}

void PlainSink::send(int32_t partition) {
  if (batches_.bytes(partition) == 0) return;
  const bool forget = config_.mode == graph::SinkMode::fire_and_forget;
  const uint64_t number = next_number_++;
  if (!forget) outstanding_.insert(number);
  log_->append(producer_, {config_.topic, partition}, batches_.take(partition),
               forget ? env::Acks::none : env::Acks::all, [this, forget, number](Status status) {
                 if (!forget) on_appended(number, std::move(status));
               });
}

// Acknowledgements come out of order across partitions: a snapshot waits for the batches sent before it, by number.
void PlainSink::on_appended(uint64_t number, Status status) {
  if (!status.ok()) return context_.fail("append: " + status.error().message);
  outstanding_.erase(number);
  const uint64_t oldest = outstanding_.empty() ? next_number_ : *outstanding_.begin();
  std::vector<Waiting> done;
  while (!waiting_.empty() && waiting_.front().below <= oldest) {
    done.push_back(std::move(waiting_.front()));
    waiting_.erase(waiting_.begin());
  }
  for (const Waiting& snapshot : done) {
    context_.hit(env::Point::sink_flush, {.checkpoint = snapshot.checkpoint});
    snapshot.ready();
  }
  context_.resume();
}

void PlainSink::prepare_snapshot(uint64_t checkpoint, Bytes&, dataflow::Ready ready) {
  flush();
  if (config_.mode == graph::SinkMode::fire_and_forget) return ready();
  if (outstanding_.empty()) {
    context_.hit(env::Point::sink_flush, {.checkpoint = checkpoint});
    return ready();
  }
  waiting_.push_back({checkpoint, next_number_, std::move(ready)});
}

}  // namespace onceproof::connectors
