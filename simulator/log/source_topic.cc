// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/source_topic.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/env/log.h"

namespace onceproof::simulator::log {

void SourcePartition::append(const SourceRecord& record, DurationUs linger_us) {
  TimeUs visible_us = record.visible_us.value_or(record.timestamp_us);
  if (linger_us > 0 && visible_us > 0) visible_us = (visible_us + linger_us - 1) / linger_us * linger_us;
  CHECK(visible_us_.empty() || visible_us_.back() <= visible_us, "records of a source partition appear in the order of their offsets");
  env::append_log_record({end(), record.timestamp_us, record.key, record.value, {}}, arena_);
  position_.push_back(arena_.size());
  visible_us_.push_back(visible_us);
}

int64_t SourcePartition::visible_end(TimeUs now_us, int64_t hint) const {
  const TimeUs* const begin = visible_us_.data();
  if (hint > 0 && begin[hint - 1] > now_us) return std::upper_bound(begin, begin + hint, now_us) - begin;
  int64_t known = hint;  // everything below is visible
  int64_t step = 1;
  for (; hint + step <= end() && begin[hint + step - 1] <= now_us; step *= 2) known = hint + step;
  return std::upper_bound(begin + known, begin + std::min(hint + step, end()), now_us) - begin;
}

int64_t SourcePartition::offset_for_time(TimeUs timestamp_us) const {
  ByteView rest = arena_;
  env::LogRecord record;
  while (env::next_log_record(rest, record)) {
    if (record.timestamp_us >= timestamp_us) return record.offset;
  }
  return end();
}

SourcePartition::Range SourcePartition::range(int64_t offset, int64_t limit, uint32_t max_bytes) const {
  const auto first = position_.begin() + offset;
  const uint64_t begin = *first;
  auto last = std::upper_bound(first + 1, position_.begin() + limit + 1, begin + max_bytes) - 1;
  if (last == first) ++last;
  return {ByteView(arena_).substr(begin, *last - begin), static_cast<uint32_t>(last - first)};
}

std::shared_ptr<const SourceTopic> make_source_topic(const std::string& name,
                                                     const std::vector<std::vector<SourceRecord>>& records,
                                                     DurationUs linger_us) {
  auto topic = std::make_shared<SourceTopic>(name, static_cast<int32_t>(records.size()), linger_us);
  for (size_t partition = 0; partition < records.size(); ++partition) {
    for (const SourceRecord& record : records[partition]) topic->append(static_cast<int32_t>(partition), record);
  }
  return topic;
}

}  // namespace onceproof::simulator::log
