// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/plain_sink.h"

namespace onceproof::connectors {

void PlainSink::open(ByteView, dataflow::Ready ready) {
  const DurationUs timeout_us = context_.descriptor().sink.transaction_timeout_us;
  writer_.log().init_producer(
      "", timeout_us, [this, ready = std::move(ready)](const Result<env::ProducerIdentity>& producer) {
        if (!producer.ok()) return context_.fail("no producer id: " + producer.error().message);
        writer_.use(producer.value());
        ready();
      });
}

void PlainSink::prepare_snapshot(uint64_t checkpoint, Bytes&, dataflow::Ready ready) {
  writer_.flush();
  if (context_.descriptor().sink.mode == graph::SinkMode::fire_and_forget) return ready();
  writer_.when_acknowledged([this, checkpoint, ready = std::move(ready)] {
    context_.hit(env::Point::sink_flush, {.checkpoint = checkpoint});
    ready();
  });
}

void PlainSink::finish(dataflow::Ready ready) {
  writer_.flush();
  writer_.when_acknowledged(std::move(ready));
}

}  // namespace onceproof::connectors
