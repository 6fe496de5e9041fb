// SPDX-License-Identifier: Apache-2.0
// Stream elements as bytes in buffers: records and watermarks, each behind its own length so that one may
// span buffers. Lineage rides behind the value; operators see key, value and timestamp only.
//   u32 size of what follows | u8 tag | i64 timestamp_us | (records:) u32 key size | u32 positions | key | value |
//   positions
#pragma once

#include "runtime/base/bytes.h"
#include "runtime/base/lineage.h"
#include "runtime/base/time.h"

namespace onceproof::dataflow {

struct RecordView {
  ByteView key;
  ByteView value;
  TimeUs timestamp_us = 0;
  LineageView lineage;
};

enum class ElementTag : uint8_t { record = 1, watermark = 2 };

inline constexpr size_t kElementHeader = 4 + 1 + 8;
inline constexpr size_t kRecordHeader = kElementHeader + 4 + 4;

inline size_t element_size(const RecordView& record) {
  return kRecordHeader + record.key.size() + record.value.size() + record.lineage.raw().size();
}

// Writes a record into `to`, which has element_size(record) bytes.
inline void store_record(char* to, const RecordView& record) {
  MemoryWriter writer(to);
  writer.fixed(static_cast<uint32_t>(element_size(record) - 4));
  writer.fixed(ElementTag::record);
  writer.fixed(record.timestamp_us);
  writer.fixed(static_cast<uint32_t>(record.key.size()));
  writer.fixed(static_cast<uint32_t>(record.lineage.count()));
  writer.raw(record.key);
  writer.raw(record.value);
  writer.raw(record.lineage.raw());
}

inline void store_watermark(char* to, TimeUs timestamp_us) {
  store(to, static_cast<uint32_t>(kElementHeader - 4));
  store(to + 4, static_cast<uint8_t>(ElementTag::watermark));
  store(to + 5, timestamp_us);
}

inline constexpr size_t kMaxElement = size_t{1} << 30;  // a size beyond it is damage, not a record to wait for

// Both: `element` is one whole element without its leading size. False when its own sizes contradict that; they came
// over a wire, so they are checked and never believed.
[[nodiscard]] inline bool load_record(ByteView element, RecordView& record) {
  const size_t body = kRecordHeader - 4;
  if (element.size() < body) return false;
  const size_t key = load<uint32_t>(element.data() + 9);
  const size_t lineage = size_t{load<uint32_t>(element.data() + 13)} * sizeof(Position);
  const size_t variable = element.size() - body;
  if (key > variable || lineage > variable - key) return false;
  const char* at = element.data() + body;
  record = {ByteView(at, key), ByteView(at + key, variable - key - lineage), load<TimeUs>(element.data() + 1),
            LineageView(ByteView(at + variable - lineage, lineage))};
  return true;
}

[[nodiscard]] inline bool load_watermark(ByteView element, TimeUs& timestamp_us) {
  if (element.size() != kElementHeader - 4) return false;
  timestamp_us = load<TimeUs>(element.data() + 1);
  return true;
}

}  // namespace onceproof::dataflow
