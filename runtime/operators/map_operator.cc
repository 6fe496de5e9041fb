// SPDX-License-Identifier: Apache-2.0
#include "runtime/operators/map_operator.h"

#include <fmt/format.h>

#include "runtime/operators/user_code.h"

namespace onceproof::operators {

using dataflow::RecordView;

void MapOperator::emit(const RecordView& record) {
  record_ = &record;
  made_ = 0;
  guarded(context_, record.lineage, [&] { function_->apply({record.key, record.value, record.timestamp_us}, *this); });
}

void MapOperator::collect(ByteView key, ByteView value) { pass(*next_, key, value); }

void MapOperator::collect_side(uint32_t output, ByteView key, ByteView value) {
  if (output == 0 || output > sides_.size())
    return context_.fail(fmt::format("operator \"{}\" has no side output {}", context_.node().name, output),
                         dataflow::Failure::permanent);
  pass(*sides_[output - 1], key, value);
}

void MapOperator::pass(dataflow::Output& to, ByteView key, ByteView value) {
  const uint64_t ordinal = made_++;
  if (ordinal >> ordinals_.bits != 0)  // without bits of its own: more than one
    return context_.fail(fmt::format("operator \"{}\" made more than {} of one record: {}", context_.node().name,
                                     uint64_t{1} << ordinals_.bits,
                                     ordinals_.bits == 0 ? "it is no flat map" : "lineage cannot tell them apart"),
                         dataflow::Failure::permanent);
  const LineageView from = record_->lineage;
  const uint64_t mark = ordinal << ordinals_.shift;
  if (mark == 0) return to.emit({key, value, record_->timestamp_us, from});
  if (from.count() == 1) {
    char raw[sizeof(Position)];
    store(raw, from[0] | mark);
    return to.emit({key, value, record_->timestamp_us, LineageView(ByteView(raw, sizeof raw))});
  }
  lineage_.resize(from.count() * sizeof(Position));
  for (size_t i = 0; i < from.count(); ++i) store(lineage_.data() + i * sizeof(Position), from[i] | mark);
  to.emit({key, value, record_->timestamp_us, LineageView(lineage_)});
}

}  // namespace onceproof::operators
