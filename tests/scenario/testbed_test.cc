// SPDX-License-Identifier: Apache-2.0
// The library as the author of a pipeline uses it: pipelines of one's own under drawn faults, judged by their own functions.
#include "testbed/testbed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace onceproof {
namespace {

using namespace api;
using ::testing::HasSubstr;

std::vector<std::string> lines() {
  std::vector<std::string> all;
  for (int i = 0; i < 300; ++i)
    all.push_back("user" + std::to_string(i % 7) + "," + std::to_string(i % 50) + (i % 3 == 0 ? ",buy" : ",view"));
  return all;
}
std::string field(const std::string& line, int index) {
  size_t at = 0;
  for (; index > 0; --index) at = line.find(',', at) + 1;
  return line.substr(at, line.find(',', at) - at);
}

Pipeline sales() {
  Environment job;
  job.from_log<std::string>()
      .filter([](const std::string& line) { return field(line, 2) == "buy"; })
      .key_by([](const std::string& line) { return field(line, 0); })
      .window(tumbling(seconds(10)))
      .aggregate(sum([](const std::string& line) { return int64_t{std::stol(field(line, 1))}; }))
      .to_log();
  return job.pipeline();
}

Pipeline visits() {
  Environment job;
  job.from_log<std::string>()
      .key_by([](const std::string& line) { return field(line, 0); })
      .window(session(milliseconds(900)))
      .aggregate(count())
      .to_log();
  return job.pipeline();
}

Pipeline trend() {
  Environment job;
  job.from_log<std::string>()
      .map([](const std::string& line) { return field(line, 0); })
      .key_by([](const std::string& user) { return user; })
      .window(sliding(seconds(12), seconds(4)))
      .aggregate(count())
      .to_log();
  return job.pipeline();
}

std::string text(const Outcome& outcome) {
  std::ostringstream out;
  out << outcome;
  return out.str();
}

TEST(Testbed, AFilteredSumKeepsExactlyOnce) {
  const Outcome outcome = testbed(sales()).input(lines()).seeds(25).keeps(exactly_once);
  EXPECT_TRUE(outcome) << outcome;
  EXPECT_GT(outcome.effective_faults, 0u) << "without faults it is evidence of nothing";
}

TEST(Testbed, SessionsKeepExactlyOnce) {
  const Outcome outcome = testbed(visits()).input(lines()).seeds(25).keeps(exactly_once);
  EXPECT_TRUE(outcome) << outcome;
}

TEST(Testbed, SlidingWindowsOverRecordsOutOfOrderKeepExactlyOnce) {
  const Outcome outcome = testbed(trend()).input(lines()).out_of_orderness(seconds(2)).seeds(25).keeps(exactly_once);
  EXPECT_TRUE(outcome) << outcome;
}

TEST(Testbed, TheWeakerGuaranteesAreKeptAsWell) {
  for (const Delivery delivery : {at_most_once, at_least_once}) {
    const Outcome outcome = testbed(trend()).input(lines()).seeds(10).keeps(delivery);
    EXPECT_TRUE(outcome) << outcome;
  }
}

TEST(Testbed, ABrokenRuntimeIsFoundAndTheSeedFailsAgain) {
  const Outcome outcome = testbed(sales()).input(lines()).bug("commit-on-ack").seeds(300).keeps(exactly_once);
  ASSERT_FALSE(outcome);
  ASSERT_TRUE(outcome.seed);
  EXPECT_THAT(text(outcome), HasSubstr("exactly-once is violated in seed 0x"));
  EXPECT_THAT(text(outcome), HasSubstr("reproduce: "));
  const Outcome again =
      testbed(sales()).input(lines()).bug("commit-on-ack").first_seed(*outcome.seed).seeds(1).keeps(exactly_once);
  EXPECT_EQ(text(again), text(outcome));
}

TEST(Testbed, WhatMakesNoSenseIsRefusedByName) {
  Environment job;
  job.from_log<std::string>().map([](const std::string& line) { return line.size(); }, "lengths");
  EXPECT_EQ(text(testbed(job.pipeline()).keeps(exactly_once)),
            "nothing was run: operator 2 (lengths): its results go nowhere: nothing reads them");
  EXPECT_THAT(text(testbed(sales()).bug("nonsense").keeps(exactly_once)), HasSubstr("no seeded bug is named \"nonsense\""));
  EXPECT_THAT(text(testbed(sales()).faults("storm").keeps(exactly_once)), HasSubstr("storm"));
}

}  // namespace
}  // namespace onceproof
