// SPDX-License-Identifier: Apache-2.0
#include "runtime/connectors/log_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/hash.h"

namespace onceproof::connectors {

LogWriter::LogWriter(dataflow::TaskContext& context)
    : context_(context),
      config_(context.descriptor().sink),
      log_(context.env().open_log(fmt::format("sink-{}", context.descriptor().subtask.subtask))),
      batches_(static_cast<size_t>(config_.partitions)) {}

int32_t LogWriter::partition_of(const dataflow::RecordView& record) const {
  const auto subtask = static_cast<uint64_t>(context_.descriptor().subtask.subtask);
  return static_cast<int32_t>((record.key.empty() ? subtask : hash64(record.key)) % batches_.size());
}

void LogWriter::add(const dataflow::RecordView& record) {
  const int32_t partition = partition_of(record);
  env::RecordBatch& batch = batches_[static_cast<size_t>(partition)];
  env::append_log_record({0, record.timestamp_us, record.key, record.value, record.lineage.raw()}, batch.records);
  ++batch.count;
  if (batch.records.size() >= config_.batch_bytes) send(partition);
}

bool LogWriter::has_unflushed() const {
  return std::any_of(batches_.begin(), batches_.end(), [](const env::RecordBatch& batch) { return batch.count > 0; });
}

void LogWriter::flush() {
  for (int32_t partition = 0; partition < config_.partitions; ++partition) send(partition);
}

void LogWriter::send(int32_t partition) {
  env::RecordBatch& batch = batches_[static_cast<size_t>(partition)];
  if (!producer_ || batch.count == 0) return;
  const bool forget = config_.mode == graph::SinkMode::fire_and_forget;
  const uint64_t number = next_number_++;
  if (!forget) outstanding_.insert(number);
  log_->append(*producer_, {config_.topic, partition}, std::exchange(batch, {}),
               forget ? env::Acks::none : env::Acks::all, [this, forget, number](const Status& status) {
                 if (!forget) on_appended(number, status);
               });
}

// Acknowledgements come out of order across partitions: who waits, waits for batches by number, never for a count.
void LogWriter::on_appended(uint64_t number, const Status& status) {
  if (!status.ok()) return context_.fail("append: " + status.error().message);
  outstanding_.erase(number);
  const uint64_t oldest = outstanding_.empty() ? next_number_ : *outstanding_.begin();
  const auto end =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) { return waiting.below > oldest; });
  std::vector<Waiting> done(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  for (const Waiting& waiting : done) waiting.ready();
  context_.resume();
}

void LogWriter::when_acknowledged(dataflow::Ready ready) {
  if (outstanding_.empty()) return ready();
  waiting_.push_back({next_number_, std::move(ready)});
}

}  // namespace onceproof::connectors
