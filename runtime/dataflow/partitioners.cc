// SPDX-License-Identifier: Apache-2.0
#include "runtime/dataflow/partitioners.h"

#include "runtime/graph/key_groups.h"

namespace onceproof::dataflow {

namespace {

class ForwardPartitioner : public Partitioner {
 public:
  using Partitioner::Partitioner;
  void emit(const RecordView& record) override { partition_.emit(0, record); }
};

// Keys are not shipped, the receiver selects again (as in Flink).
class KeyPartitioner : public Partitioner {
 public:
  KeyPartitioner(ResultPartition& partition, std::unique_ptr<KeySelector> selector, int32_t max_parallelism)
      : Partitioner(partition), selector_(std::move(selector)), max_parallelism_(max_parallelism) {}
  void emit(const RecordView& record) override {
    const auto subpartitions = static_cast<int32_t>(partition_.subpartitions());
    const int32_t key_group = graph::key_group_of(selector_->key_of(record, scratch_), max_parallelism_);
    partition_.emit(static_cast<uint32_t>(graph::subtask_of(key_group, max_parallelism_, subpartitions)), record);
  }

 private:
  const std::unique_ptr<KeySelector> selector_;
  const int32_t max_parallelism_;
  Bytes scratch_;
};

// The producers begin their rounds at different subtasks, so that few records from many producers spread as well.
class RebalancePartitioner : public Partitioner {
 public:
  RebalancePartitioner(ResultPartition& partition, int32_t subtask)
      : Partitioner(partition), next_(static_cast<uint32_t>(subtask) % partition.subpartitions()) {}
  void emit(const RecordView& record) override {
    partition_.emit(next_, record);
    next_ = (next_ + 1) % partition_.subpartitions();
  }

 private:
  uint32_t next_;
};

class BroadcastPartitioner : public Partitioner {
 public:
  using Partitioner::Partitioner;
  void emit(const RecordView& record) override {
    for (uint32_t i = 0; i < partition_.subpartitions(); ++i) partition_.emit(i, record);
  }
};

}  // namespace

std::unique_ptr<Partitioner> make_partitioner(graph::Exchange exchange, ResultPartition& partition,
                                              std::unique_ptr<KeySelector> selector, int32_t max_parallelism,
                                              int32_t subtask) {
  switch (exchange) {
    case graph::Exchange::forward: return std::make_unique<ForwardPartitioner>(partition);
    case graph::Exchange::hash:
      return std::make_unique<KeyPartitioner>(partition, std::move(selector), max_parallelism);
    case graph::Exchange::rebalance: return std::make_unique<RebalancePartitioner>(partition, subtask);
    case graph::Exchange::broadcast: return std::make_unique<BroadcastPartitioner>(partition);
  }
  CHECK(false, "an exchange that partitions nothing");
}

}  // namespace onceproof::dataflow
