// SPDX-License-Identifier: Apache-2.0
#include "runtime/graph/checkpoint_failure.h"

#include <iterator>

namespace onceproof::graph {

namespace {
constexpr CheckpointFailureInfo kReasons[] = {
#define X(identifier, name, pre_flight, counts) {name, pre_flight, counts},
    ONCEPROOF_CHECKPOINT_FAILURES(X)
#undef X
};
constexpr CheckpointFailureInfo kUnknown = {"UNKNOWN", false, false};
}  // namespace

// Reasons travel in messages, so that any number may arrive.
const CheckpointFailureInfo& info(CheckpointFailureReason reason) {
  const auto index = static_cast<size_t>(reason);
  return index < std::size(kReasons) ? kReasons[index] : kUnknown;
}

}  // namespace onceproof::graph
