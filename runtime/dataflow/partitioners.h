// SPDX-License-Identifier: Apache-2.0
// The end of a chain at an exchange: which subpartitions of the result partition a record goes to (Flink: ForwardPartitioner,
// KeyGroupStreamPartitioner, RebalancePartitioner, BroadcastPartitioner).
#pragma once

#include <memory>

#include "runtime/dataflow/program.h"
#include "runtime/dataflow/result_partition.h"

namespace onceproof::dataflow {

class Partitioner : public Output {
 public:
  explicit Partitioner(ResultPartition& partition) : partition_(partition) {}
  void emit_watermark(TimeUs watermark_us) override { partition_.emit_watermark(watermark_us); }

 protected:
  ResultPartition& partition_;
};

// `selector` of a hash exchange alone; `subtask` is the producer's, where a round begins.
std::unique_ptr<Partitioner> make_partitioner(graph::Exchange exchange, ResultPartition& partition,
                                              std::unique_ptr<KeySelector> selector, int32_t max_parallelism,
                                              int32_t subtask);

}  // namespace onceproof::dataflow
