// SPDX-License-Identifier: Apache-2.0
// A completed-checkpoint store on a storage in memory, with calls that let the storage run and say what was answered.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/checkpoint/completed_store.h"
#include "tests/support/memory_storage.h"

namespace onceproof::checkpoint {

using tests::MemoryStorage;
using Op = MemoryStorage::Op;
using Effect = MemoryStorage::Effect;

inline CompletedCheckpoint checkpoint_of(uint64_t id, std::vector<std::string> files = {}) {
  CompletedCheckpoint checkpoint{id, static_cast<TimeUs>(id * 1000), static_cast<TimeUs>(id * 1000 + 5), {}};
  checkpoint.states.push_back({{0, 0}, "inline state of " + std::to_string(id), ""});
  for (const std::string& file : files) checkpoint.states.push_back({{1, 0}, "", file});
  return checkpoint;
}

// A store, and calls that wait for their answer.
struct Store : CompletedCheckpointStore {
  explicit Store(MemoryStorage& on, int32_t retained = 1) : CompletedCheckpointStore(on, "ckpt", retained), disk(on) {}
  // "stored", "not stored", "unknown", or "no answer".
  std::string added(CompletedCheckpoint checkpoint) {
    std::string answer = "no answer";
    add(std::move(checkpoint), [&](Outcome outcome) { answer = to_string(outcome); });
    EXPECT_EQ(answer, "no answer") << "answered within the call";
    disk.run();
    return answer;
  }
  std::string settled(uint64_t id) {
    std::string answer = "no answer";
    settle(id, [&](Outcome outcome) { answer = to_string(outcome); });
    disk.run();
    return answer;
  }
  std::string all_settled() {
    std::string answer = "no answer";
    settle_all([&](bool known) { answer = known ? "known" : "unknown"; });
    disk.run();
    return answer;
  }
  Result<uint64_t> recovered() {
    Result<uint64_t> answer = Error{ErrorCode::timed_out, "no answer"};
    recover([&](const Result<uint64_t>& latest) { answer = latest; });
    disk.run();
    return answer;
  }
  MemoryStorage& disk;
};

// The id that a new job manager finds after the writer's crash; the error's name when it finds an error.
inline std::string recovered_after_crash(MemoryStorage& storage) {
  storage.crash();
  const auto latest = Store(storage, 3).recovered();
  return latest.ok() ? std::to_string(latest.value()) : to_string(latest.code());
}

}  // namespace onceproof::checkpoint
