// SPDX-License-Identifier: Apache-2.0
// A checkpoint coordinator with two tasks and a storage in memory; it writes down what it tells its host.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/checkpoint/coordinator.h"
#include "tests/support/fake_env.h"

namespace onceproof::tests {

inline graph::CheckpointConfig every_five_seconds(int32_t max_concurrent = 1) {
  graph::CheckpointConfig config;
  config.max_concurrent = max_concurrent;
  config.tolerable_failures = 100;
  return config;
}

class CoordinatorTest : public ::testing::Test, public checkpoint::CoordinatorHost {
 protected:
  CoordinatorTest() : store(world.disk, "checkpoints", 1), ids(world.disk, "checkpoints/ids", 1000) {
    ids.reserve([](const Status&) {});
    world.disk.run();
  }
  // Two tasks, 101 and 102; the first is told to inject the barrier. Checkpoint 1 is triggered.
  void start(const graph::CheckpointConfig& config = {}) {
    coordinator = std::make_unique<checkpoint::Coordinator>(world, config, bugs, store, *this, ids);
    coordinator->start(plan());
    coordinator->on_interval();
  }
  static checkpoint::CheckpointPlan plan() {
    return {{{101, {0, 0}}}, {{101, {0, 0}}, {102, {1, 0}}}, {{101, {0, 0}}, {102, {1, 0}}}, {}};
  }
  checkpoint::AckResult acknowledge(uint64_t attempt, uint64_t id, const std::string& file = "") {
    if (!file.empty()) world.disk.put(file, "state");
    return coordinator->acknowledge({attempt, {static_cast<int32_t>(attempt - 101), 0}}, id, "state", file);
  }
  void acknowledge_all(uint64_t id) {
    acknowledge(101, id);
    acknowledge(102, id);
  }
  // Everything that the storage was asked for happens.
  void storage_answers() { world.disk.run(); }
  // The timer that settles unknown outcomes fires.
  void settle(uint64_t id) {
    EXPECT_EQ(world.posted.back().kind, env::MailKind::store_checkpoint);
    coordinator->on_settle(id);
    storage_answers();
  }
  std::vector<std::string> said() { return std::exchange(calls, {}); }
  DurationUs next_interval_us() const {
    EXPECT_EQ(world.posted.back().kind, env::MailKind::checkpoint_interval);
    return world.posted.back().delay_us;
  }

  void trigger(const checkpoint::CheckpointPlan& plan, uint64_t id, TimeUs, bool final_checkpoint) override {
    for (const auto& task : plan.trigger) EXPECT_EQ(task.attempt, 101u);
    calls.push_back((final_checkpoint ? "trigger final " : "trigger ") + std::to_string(id));
  }
  void notify_complete(const checkpoint::CheckpointPlan&, uint64_t id) override {
    calls.push_back("complete " + std::to_string(id));
  }
  void notify_aborted(const checkpoint::CheckpointPlan&, uint64_t id, uint64_t latest) override {
    calls.push_back("abort " + std::to_string(id) + " latest " + std::to_string(latest));
    reasons.push_back(world.hits.back().text);
  }
  void too_many_failures(const std::string&) override { calls.push_back("fail job"); }

  FakeEnv world;
  SeededBugs bugs;
  checkpoint::CompletedCheckpointStore store;
  checkpoint::CheckpointIds ids;
  std::unique_ptr<checkpoint::Coordinator> coordinator;
  std::vector<std::string> calls;
  std::vector<std::string> reasons;
};

}  // namespace onceproof::tests
