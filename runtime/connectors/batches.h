// SPDX-License-Identifier: Apache-2.0
// What both log sinks share: output records collected as batches, one a partition of the topic. A record with a key
// goes to the key's partition, one without to the subtask's, so per-key (or per-subtask) order is the log's order.
#pragma once

#include <vector>

#include "runtime/base/hash.h"
#include "runtime/dataflow/operator.h"
#include "runtime/env/log.h"

namespace onceproof::connectors {

class Batches {
 public:
  Batches(const graph::SinkConfig& config, int32_t subtask)
      : subtask_(subtask), batches_(static_cast<size_t>(config.partitions)) {}

  // Returns the partition that the record went to.
  int32_t add(const dataflow::RecordView& record) {
    const auto partitions = static_cast<uint64_t>(batches_.size());
    const uint64_t choice = record.key.empty() ? static_cast<uint64_t>(subtask_) : hash64(record.key);
    const auto partition = static_cast<int32_t>(choice % partitions);
    positions_.clear();
    for (size_t i = 0; i < record.lineage.count(); ++i) positions_.push_back(record.lineage[i]);
    lineage_.clear();
    encode_lineage(positions_, lineage_);
    env::RecordBatch& batch = batches_[static_cast<size_t>(partition)];
    env::append_log_record({0, record.timestamp_us, record.key, record.value, lineage_}, batch.records);
    ++batch.count;
    return partition;
  }
  size_t bytes(int32_t partition) const { return batches_[static_cast<size_t>(partition)].records.size(); }
  bool empty() const {
    for (const env::RecordBatch& batch : batches_) {
      if (batch.count > 0) return false;
    }
    return true;
  }
  int32_t partitions() const { return static_cast<int32_t>(batches_.size()); }
  env::RecordBatch take(int32_t partition) { return std::exchange(batches_[static_cast<size_t>(partition)], {}); }

 private:
  const int32_t subtask_;
  std::vector<env::RecordBatch> batches_;
  std::vector<Position> positions_;
  Bytes lineage_;
};

}  // namespace onceproof::connectors
