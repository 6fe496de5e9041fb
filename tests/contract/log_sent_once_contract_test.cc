// SPDX-License-Identifier: Apache-2.0
// What a client must not repeat: a late copy of an init_producer fences whoever built on the answer, even when a
// checkpoint already counts on the transaction.
#include <gtest/gtest.h>

#include "tests/support/log_contract.h"
#include "tests/support/simulated_log.h"

namespace onceproof {
namespace {

using test::LogContract;
using test::LogFault;

INSTANTIATE_TEST_SUITE_P(, LogContract, ::testing::ValuesIn(test::simulated_logs()),
                         [](const auto& implementation) { return implementation.param.name; });

TEST_P(LogContract, InitOfAnIdIsNotRepeatedWhenItsAnswerIsLate) {
  start(LogFault::answers_are_lost);
  for (const char* id : {"a", "b", "c", "d", "e", "f"}) {
    const auto producer = calls().try_init(0, id);
    if (producer.ok()) {
      EXPECT_EQ(producer.value().epoch, 0) << id << " is fresh: a second copy would have found epoch 0";
    } else {
      const ErrorCode code = producer.error().code;
      EXPECT_TRUE(code == ErrorCode::timed_out || code == ErrorCode::connection_lost) << "unknown, and said so";
    }
  }
}

}  // namespace
}  // namespace onceproof
