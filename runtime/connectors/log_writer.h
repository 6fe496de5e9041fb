// SPDX-License-Identifier: Apache-2.0
// What every log sink writes with: output records collected as batches, one a partition of the topic, a bounded number
// of them on their way, and one question: is everything that was written so far acknowledged? A record with a key goes
// to the key's partition, one without to the subtask's, so per-key (or per-subtask) order is the log's order.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "runtime/dataflow/operator.h"
#include "runtime/env/log.h"

namespace onceproof::connectors {

class LogWriter {
 public:
  // Opens the sink's client of the log. A failed append fails the attempt.
  explicit LogWriter(dataflow::TaskContext& context);

  env::Log& log() { return *log_; }
  // Under which identity batches leave; without one they are collected only.
  void use(std::optional<env::ProducerIdentity> producer) { producer_ = std::move(producer); }

  void add(const dataflow::RecordView& record);
  void flush();  // sends what is collected
  bool has_unflushed() const;
  bool has_room() const { return outstanding_.size() < config_.max_outstanding; }
  // Calls `ready` once the log has acknowledged every batch that was sent before this call (possibly at once).
  void when_acknowledged(dataflow::Ready ready);

 private:
  struct Waiting {
    uint64_t below;  // every batch of a lower number must be acknowledged
    dataflow::Ready ready;
  };
  int32_t partition_of(const dataflow::RecordView& record) const;
  void send(int32_t partition);
  void on_appended(uint64_t number, const Status& status);

  dataflow::TaskContext& context_;
  const graph::SinkConfig& config_;
  std::unique_ptr<env::Log> log_;
  std::optional<env::ProducerIdentity> producer_;
  std::vector<env::RecordBatch> batches_;  // by partition
  uint64_t next_number_ = 0;
  std::set<uint64_t> outstanding_;  // numbers of the batches that the log has not acknowledged
  std::vector<Waiting> waiting_;    // `below` ascends
};

}  // namespace onceproof::connectors
