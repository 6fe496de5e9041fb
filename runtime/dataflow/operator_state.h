// SPDX-License-Identifier: Apache-2.0
// What a checkpoint holds of a task: the state of each of its operators under the operator's uid, with the format that it
// is written in and the key groups that it covers. A restore goes by these names and never by a place in a chain, and
// refuses by name what it does not know: an operator that is missing, another format, a later version.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace onceproof::dataflow {

enum class StateKind : uint8_t {
  source,  // offsets by split
  keyed,   // by key group
  sink,    // transactions that wait for their commit
  none,    // an operator without state
};
const char* to_string(StateKind kind);

// What writes a state and can read it back: the same name, and a version up to its own.
struct StateFormat {
  std::string name;  // "tumbling-count"
  uint32_t version = 1;
  template <class Archive>
  void fields(Archive& archive) {
    archive(name, version);
  }
};

struct OperatorState {
  std::string uid;
  StateKind kind = StateKind::none;
  StateFormat format;
  int32_t first_key_group = 0;  // of keyed state: both included
  int32_t last_key_group = -1;
  Bytes bytes;
  template <class Archive>
  void fields(Archive& archive) {
    archive(uid, kind, format, first_key_group, last_key_group, bytes);
  }
};

// One subtask's snapshot.
struct TaskSnapshot {
  static constexpr uint32_t kVersion = 1;
  uint32_t version = kVersion;
  std::vector<OperatorState> operators;  // those that have state, in the order of the chain
  template <class Archive>
  void fields(Archive& archive) {
    archive(version, operators);
  }
};
Result<TaskSnapshot> read_snapshot(ByteView stored);  // corrupt, or invalid_argument for a later version

// The states of a snapshot, taken one by one; what nobody took belongs to an operator that the job no longer has.
class RestoredStates {
 public:
  RestoredStates() : from_scratch_(true) {}
  explicit RestoredStates(TaskSnapshot snapshot);
  // From scratch empty. invalid_argument: the snapshot does not have it, or in a form that the operator cannot read.
  Result<Bytes> take(const std::string& uid, StateKind kind, const StateFormat& format);
  Status check_all_taken() const;

 private:
  bool from_scratch_ = false;
  std::map<std::string, OperatorState> by_uid_;
};

}  // namespace onceproof::dataflow
