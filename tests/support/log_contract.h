// SPDX-License-Identifier: Apache-2.0
// LogContract: the fixture of the log's contract suite; its parameter makes the implementation.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "tests/support/log_calls.h"

namespace onceproof::test {

class LogContract : public ::testing::TestWithParam<LogUnderTestFactory> {
 protected:
  void start(LogFault fault = LogFault::none) {
    log_ = GetParam().make(fault);
    log_->create_topic("out", 4);
    calls_.emplace(*log_);
  }
  LogUnderTest& log() { return *log_; }
  LogCalls& calls() { return *calls_; }
  // What a commit is told whose transaction the log has timed out.
  ErrorCode timed_out() { return log_->transactions_v2() ? ErrorCode::invalid_txn_state : ErrorCode::producer_fenced; }

 private:
  std::unique_ptr<LogUnderTest> log_;
  std::optional<LogCalls> calls_;
};

}  // namespace onceproof::test
