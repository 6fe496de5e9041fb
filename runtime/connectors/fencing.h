// SPDX-License-Identifier: Apache-2.0
// Fencing: makes sure that no earlier generation of a sink's subtask can open, extend or hold a transaction any more,
// by taking every transactional id away that it opened or could open next. In each generation it initialises ids
// upwards until one is new (epoch 0): what was open under an id is aborted and its epoch rises, which fences whoever
// wrote there; and the new one is the id that the old attempt would have to open next, which it can no longer do (see
// transactional_sink.h for why that ends it). One round trip a generation, and one more for each id that it opened;
// generations are independent, so `window` of them are under way at once.
#pragma once

#include <functional>
#include <string>

#include "runtime/dataflow/operator.h"
#include "runtime/env/log.h"

namespace onceproof::connectors {

// prefix-subtask-generation-index
std::string transactional_id(const dataflow::TaskDescriptor& task, uint64_t generation, uint64_t index);

// The log may or may not have done what it was asked to do, and may still do it.
inline bool outcome_unknown(ErrorCode code) {
  return code == ErrorCode::timed_out || code == ErrorCode::connection_lost;
}

class Fencing {
 public:
  Fencing(dataflow::TaskContext& context, env::Log& log) : context_(context), log_(log) {}

  // Generations [first, the attempt's own), in the first of them from `index` on. Once.
  void run(uint64_t first, uint64_t index, dataflow::Ready done);

 private:
  void start_more();
  void probe(uint64_t generation, uint64_t index, TimeUs since_us);

  dataflow::TaskContext& context_;
  env::Log& log_;
  uint64_t next_generation_ = 0;  // to be started
  uint64_t first_index_ = 0;      // where to start in the next one
  uint32_t running_ = 0;
  dataflow::Ready done_;
};

}  // namespace onceproof::connectors
