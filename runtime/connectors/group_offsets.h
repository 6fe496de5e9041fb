// SPDX-License-Identifier: Apache-2.0
// Offsets that are committed to the log's group before their records are emitted (at-most-once). Invariant: `certain`
// is called only when the group holds the offset and nothing that is still on its way can move it back, neither a late
// copy of an own commit nor an earlier member. A later member of the same instance id fences this one (KIP-345).
// After a commit whose outcome is unknown a copy of it may be executed at any time, so: commit again until it is
// certain (a refusal: somebody newer has joined, the attempt fails), join again, which fences all copies, and look
// whether the group still stands where we left it: if not, a newer member had joined in between and read on.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/dataflow/operator.h"
#include "runtime/env/log.h"

namespace onceproof::connectors {

class GroupOffsets {
 public:
  GroupOffsets(dataflow::TaskContext& context, env::Log& log, std::string instance_id)
      : context_(context), log_(log), instance_id_(std::move(instance_id)) {}

  // Joins, then reads where the group stands: whatever an earlier member commits later is refused.
  void open(const std::vector<int32_t>& partitions, dataflow::Ready ready);
  int64_t committed(int32_t partition) const { return entries_.at(partition).committed; }
  // One at a time for each partition.
  void commit(int32_t partition, int64_t next_offset, dataflow::Ready certain);

 private:
  enum class Phase : uint8_t {
    joining,   // for the first time, or again
    member,    // commits go out
    doubtful,  // a copy of a commit may be about: no new ones go out, those under way are brought to an end
  };
  enum class Stage : uint8_t { idle, waiting, sent, stored };
  struct Entry {
    int64_t committed = 0;  // what the group holds for certain
    int64_t wanted = 0;     // what is being committed
    Stage stage = Stage::idle;
    TimeUs since_us = 0;
    dataflow::Ready certain;
  };
  env::TopicPartition topic_partition(int32_t partition) const;
  void join(dataflow::Ready joined);
  void load(int32_t partition, const dataflow::Ready& loaded);
  void send(int32_t partition);
  void on_committed(int32_t partition, const Status& status);
  void join_again();
  void settle();

  dataflow::TaskContext& context_;
  env::Log& log_;
  const std::string instance_id_;
  Phase phase_ = Phase::joining;
  bool first_ = true;  // joining for the first time
  uint64_t member_epoch_ = 0;
  std::map<int32_t, Entry> entries_;  // by partition
  size_t loading_ = 0;
  size_t in_flight_ = 0;
};

}  // namespace onceproof::connectors
