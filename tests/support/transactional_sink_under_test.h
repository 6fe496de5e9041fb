// SPDX-License-Identifier: Apache-2.0
// The two-phase-commit sink on a context that records, against a log that answers when told.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "runtime/connectors/transactional_sink.h"
#include "tests/support/fake_env.h"

namespace onceproof::tests {

class TransactionalSinkTest : public ::testing::Test {
 protected:
  TransactionalSinkTest() {
    context.task.sink.transactional_id_prefix = "p";
    context.task.sink.partitions = 1;
    context.task.generation = 1;
  }
  void open(ByteView restored = {}) {
    sink = std::make_unique<connectors::TransactionalSink>(context);
    sink->open(restored, [this] { opened = true; });
  }
  void open_granted() {
    open();
    log().grant("p-0-1-0");
  }
  void write(const char* key) { sink->emit({key, "1", 0, {}}); }
  Bytes snapshot(uint64_t checkpoint) {
    Bytes state;
    sink->prepare_snapshot(checkpoint, state, [this, checkpoint] { acknowledged.push_back(checkpoint); });
    return state;
  }
  // Writes one record, which checkpoint 1 pre-commits.
  Bytes pre_commit() {
    write("a");
    Bytes state = snapshot(1);
    log().ok("append p-0-1-0/0");
    log().alive("p-0-1-0");
    return state;
  }
  void complete(uint64_t checkpoint) {
    sink->checkpoint_complete(checkpoint, [this, checkpoint] { committed.push_back(checkpoint); });
  }
  FakeLog::Journal& log() { return context.world.log; }
  int hits(env::Point point) const { return context.world.count(point); }

  FakeContext context;
  std::unique_ptr<connectors::TransactionalSink> sink;
  bool opened = false;
  std::vector<uint64_t> acknowledged;
  std::vector<uint64_t> committed;
};

}  // namespace onceproof::tests
