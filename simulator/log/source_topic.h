// SPDX-License-Identifier: Apache-2.0
// SourceTopic: the immutable content of an input topic, encoded once and shared by many runs. A record is
// there from an instant of its own on (a live producer without events), which is its timestamp unless it says otherwise,
// but the end offset is known from the start: a bounded source. Within a partition these instants ascend; timestamps
// need not. Read by brokers; made by scenarios and tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/time.h"

namespace onceproof::simulator::log {

struct SourceRecord {
  TimeUs timestamp_us = 0;
  std::string_view value;
  std::string_view key = {};
  std::optional<TimeUs> visible_us = {};  // when the producer sent it; none: at its timestamp
};

class SourcePartition {
 public:
  void append(const SourceRecord& record, DurationUs linger_us);

  int64_t end() const { return static_cast<int64_t>(visible_us_.size()); }
  int64_t visible_end(TimeUs now_us) const { return visible_end(now_us, 0); }
  // The same, found the sooner the nearer `hint` (at most end()) is to it.
  int64_t visible_end(TimeUs now_us, int64_t hint) const;
  // When the record at `offset` can be fetched; offset < end().
  TimeUs visible_us(int64_t offset) const { return visible_us_[static_cast<size_t>(offset)]; }
  int64_t offset_for_time(TimeUs timestamp_us) const;  // the first record that is not older; end(): none
  // As many stored records as fit in max_bytes, at least one; [offset, limit) must not be empty.
  struct Range {
    ByteView bytes;
    uint32_t count;
  };
  Range range(int64_t offset, int64_t limit, uint32_t max_bytes) const;

 private:
  Bytes arena_;
  std::vector<uint64_t> position_{0};  // position_[o]: where record o begins; one more for the end
  std::vector<TimeUs> visible_us_;
};

class SourceTopic {
 public:
  // linger_us: the producer's linger. A record becomes visible at the next multiple of it at or after the instant at
  // which it was sent, so that a reader that waits is not woken for every single record. 0: at that instant.
  explicit SourceTopic(std::string name, int32_t partitions, DurationUs linger_us = 0)
      : name_(std::move(name)), partitions_(static_cast<size_t>(partitions)), linger_us_(linger_us) {}

  void append(int32_t partition, const SourceRecord& record) {
    partitions_[static_cast<size_t>(partition)].append(record, linger_us_);
  }
  const std::string& name() const { return name_; }
  const std::vector<SourcePartition>& partitions() const { return partitions_; }

 private:
  std::string name_;
  std::vector<SourcePartition> partitions_;
  DurationUs linger_us_;
};

// records[p][o] becomes the record at offset o of partition p.
std::shared_ptr<const SourceTopic> make_source_topic(const std::string& name,
                                                     const std::vector<std::vector<SourceRecord>>& records,
                                                     DurationUs linger_us = 0);

}  // namespace onceproof::simulator::log
