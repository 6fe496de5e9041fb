// SPDX-License-Identifier: Apache-2.0
// Runs an author's FlatMap over each record, and names what it makes by the lineage rule of api/pipeline.h.
#pragma once

#include "runtime/api/pipeline.h"
#include "runtime/dataflow/operator.h"

namespace onceproof::operators {

class MapOperator : public dataflow::Operator, private api::Collector {
 public:
  MapOperator(dataflow::TaskContext& context, const api::MapStep& step, api::OrdinalBits ordinals)
      : context_(context), function_(step.function), ordinals_(ordinals) {}
  void emit(const dataflow::RecordView& record) override;

 private:
  void collect(ByteView key, ByteView value) override;
  void collect_side(uint32_t output, ByteView key, ByteView value) override;
  void pass(dataflow::Output& to, ByteView key, ByteView value);

  dataflow::TaskContext& context_;
  const std::shared_ptr<const api::FlatMap> function_;
  const api::OrdinalBits ordinals_;
  const dataflow::RecordView* record_ = nullptr;  // that is being worked on
  uint64_t made_ = 0;                             // of it
  Bytes lineage_;
};

}  // namespace onceproof::operators
