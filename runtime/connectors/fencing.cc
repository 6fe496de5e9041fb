// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/fencing.h"

#include <fmt/format.h>

namespace onceproof::connectors {

std::string transactional_id(const dataflow::TaskDescriptor& task, uint64_t generation, uint64_t index) {
  return fmt::format("{}-{}-{}-{}", task.sink.transactional_id_prefix, task.subtask.subtask, generation, index);
}

void Fencing::run(uint64_t first, uint64_t index, dataflow::Ready done) {
  next_generation_ = first;
  first_index_ = index;
  done_ = std::move(done);
  start_more();
}

void Fencing::start_more() {
  const dataflow::TaskDescriptor& task = context_.descriptor();
  while (next_generation_ < task.generation && running_ < task.sink.probe_window) {
    ++running_;
    probe(next_generation_++, std::exchange(first_index_, 0), context_.env().now());
  }
  if (running_ == 0) done_();
}

// A probe may be repeated after an unknown outcome: a late copy of it raises the epoch of an id that is fenced anyway,
// and an id that it created itself only makes the search go one further.
void Fencing::probe(uint64_t generation, uint64_t index, TimeUs since_us) {
  const dataflow::TaskDescriptor& task = context_.descriptor();
  log_.init_producer(
      transactional_id(task, generation, index), task.sink.transaction_timeout_us,
      [this, generation, index, since_us](const Result<env::ProducerIdentity>& producer) {
        const TimeUs now_us = context_.env().now();
        if (!producer.ok()) {
          const bool again = outcome_unknown(producer.error().code) &&
                             now_us - since_us < context_.descriptor().sink.patience_us;
          if (again) return probe(generation, index, since_us);
          return context_.fail("abort of lingering transactions: " + producer.error().message);
        }
        const env::ProducerIdentity& identity = producer.value();
        if (identity.epoch > 0) {
          context_.hit(env::Point::sink_abort,
                       {.value = identity.producer_id, .epoch = identity.epoch, .text = identity.transactional_id});
          return probe(generation, index + 1, now_us);
        }
        --running_;
        start_more();
      });
}

}  // namespace onceproof::connectors
