// SPDX-License-Identifier: Apache-2.0
#include "runtime/dataflow/operator_state.h"

#include <fmt/format.h>

namespace onceproof::dataflow {

const char* to_string(StateKind kind) {
  switch (kind) {
    case StateKind::source: return "source";
    case StateKind::keyed: return "keyed";
    case StateKind::sink: return "sink";
    case StateKind::none: return "no";
  }
  return "unknown";
}

Result<TaskSnapshot> read_snapshot(ByteView stored) {
  TaskSnapshot snapshot;
  if (stored.size() >= sizeof(uint32_t) && load<uint32_t>(stored.data()) > TaskSnapshot::kVersion)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the snapshot is of version {}; this program reads versions up to {}",
                             load<uint32_t>(stored.data()), TaskSnapshot::kVersion)};
  if (!decode(stored, snapshot)) return Error{ErrorCode::corrupt, "a task's snapshot does not decode"};
  return snapshot;
}

RestoredStates::RestoredStates(TaskSnapshot snapshot) {
  for (OperatorState& state : snapshot.operators) {
    const std::string uid = state.uid;
    by_uid_.emplace(uid, std::move(state));
  }
}

Result<Bytes> RestoredStates::take(const std::string& uid, StateKind kind, const StateFormat& format) {
  const auto found = by_uid_.find(uid);
  if (from_scratch_) return Bytes();
  if (found == by_uid_.end())
    return Error{ErrorCode::invalid_argument, fmt::format("the checkpoint has no state of operator \"{}\"", uid)};
  OperatorState state = std::move(found->second);
  by_uid_.erase(found);
  if (state.kind != kind || state.format.name != format.name)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("operator \"{}\" has {} state of type {} in the checkpoint, and {} state of type {} in the job",
                             uid, to_string(state.kind), state.format.name, to_string(kind), format.name)};
  if (state.format.version > format.version)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the state of operator \"{}\" is of version {} of {}; this program reads versions up to {}",
                             uid, state.format.version, format.name, format.version)};
  return std::move(state.bytes);
}

Status RestoredStates::check_all_taken() const {
  if (by_uid_.empty()) return {};
  return {ErrorCode::invalid_argument,
          fmt::format("the checkpoint has state of operator \"{}\", which the job does not have", by_uid_.begin()->first)};
}

}  // namespace onceproof::dataflow
