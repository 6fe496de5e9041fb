// SPDX-License-Identifier: Apache-2.0
// Fetches that are parked at a broker: they come and go together, they outlive whatever happens to the broker and to the
// connection, and a client that lost a broker does not knock all the time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log_calls.h"
#include "tests/support/simulated_log.h"

namespace onceproof::simulator::log {
namespace {

using env::Isolation;
using test::LogCalls;
using test::SimulatedLog;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Follows some partitions of "out" for ever, as a consumer does.
class Follower {
 public:
  Follower(SimulatedLog& log, std::vector<int32_t> partitions, DurationUs wait_us)
      : log_(log), client_(log.client(3)), wait_us_(wait_us) {
    for (const int32_t partition : partitions) poll(partition, 0);
  }
  std::vector<std::string> values;
  int polls = 0;
  TimeUs last_us = 0;

 private:
  void poll(int32_t partition, int64_t offset) {
    ++polls;
    client_.fetch({"out", partition}, offset, Isolation::read_committed, 1 << 20, wait_us_,
                  [this, partition, offset](Result<env::FetchResult> result) {
                    if (!result.ok()) return poll(partition, offset);
                    for (std::string& value : test::values_of(result.value().batch)) values.push_back(std::move(value));
                    if (result.value().batch.count != 0) last_us = log_.now();
                    poll(partition, result.value().next_offset);
                  });
  }
  SimulatedLog& log_;
  env::Log& client_;
  DurationUs wait_us_;
};

struct Variant {
  std::string name;
  int32_t brokers;
  bool v2;
};

class ParkedFetches : public ::testing::TestWithParam<Variant> {
 protected:
  ParkedFetches() : log(test::variant(GetParam().brokers, GetParam().v2, false)), calls(log) {
    log.create_topic("out", 4);
    log.advance(1);
    follower.emplace(log, std::vector<int32_t>{0, 3}, seconds(60));  // one broker leads both
    log.advance(seconds(3));
  }
  env::ProcessId leader() {
    return log.cluster().processes()[static_cast<size_t>(log.cluster().leader({"out", 0}))];
  }
  void write(int32_t partition, const std::string& value) {
    const auto producer = calls.init(0, "t" + value);
    ASSERT_EQ(calls.append(0, producer, partition, {value}), ErrorCode::ok);
    ASSERT_EQ(calls.commit(0, producer), ErrorCode::ok);
  }
  // Both partitions' next records are seen, the second one at once.
  void expect_both() {
    write(0, "a");
    write(3, "b");
    const TimeUs before_us = log.now();
    EXPECT_TRUE(log.run_until([&] { return follower->values.size() == 2; }, seconds(20)));
    EXPECT_THAT(follower->values, ElementsAre("a", "b"));
    EXPECT_LT(log.now(), before_us + seconds(5));
  }
  SimulatedLog log;
  LogCalls calls;
  std::optional<Follower> follower;
};

INSTANTIATE_TEST_SUITE_P(, ParkedFetches,
                         ::testing::Values(Variant{"OneBrokerClassic", 1, false}, Variant{"OneBrokerV2", 1, true},
                                           Variant{"ThreeBrokersClassic", 3, false}, Variant{"ThreeBrokersV2", 3, true}),
                         [](const auto& variant) { return variant.param.name; });

TEST_P(ParkedFetches, AreAnsweredWhenWhatTheyWaitForIsThere) {
  expect_both();
  EXPECT_EQ(follower->polls, 4);
}

TEST_P(ParkedFetches, WaitAgainAtABrokerThatDiedAndCameBack) {
  log.world().crash(leader());
  log.advance(seconds(1));
  log.world().restart(leader());
  expect_both();
  EXPECT_LE(follower->polls, 4) << "the client sees to it, not its owner";
}

TEST_P(ParkedFetches, WaitAgainWhereAHostWasLostInSilence) {
  const env::ProcessId lost = leader();
  log.world().crash(lost, true);
  log.advance(seconds(5));
  log.world().restart(lost);
  log.advance(seconds(65));  // the client has noticed by then
  expect_both();
}

TEST_P(ParkedFetches, OutliveAPause) {
  const env::ProcessId paused = leader();
  log.world().pause(paused);
  log.advance(seconds(2));
  log.world().resume(paused);
  expect_both();
}

TEST_P(ParkedFetches, FollowTheLeader) {
  if (GetParam().brokers == 1) GTEST_SKIP() << "nobody else can lead";
  const int32_t before = log.cluster().leader({"out", 0});
  ASSERT_TRUE(log.cluster().move_leader("out", 0));
  log.advance(seconds(1));
  ASSERT_NE(log.cluster().leader({"out", 0}), before);
  ASSERT_EQ(log.cluster().leader({"out", 3}), before) << "the other one stays where it is";
  expect_both();
}

TEST_P(ParkedFetches, AreParkedAnewByTheNextLifeOfTheirClient) {
  log.world().crash(log.client_process(3));
  log.advance(seconds(1));
  log.world().restart(log.client_process(3));
  log.advance(milliseconds(1));
  follower.emplace(log, std::vector<int32_t>{0, 3}, seconds(60));
  expect_both();
}

TEST_P(ParkedFetches, WakeAtTheMarkerNotAtTheRecord) {
  const auto producer = calls.init(0, "t");
  ASSERT_EQ(calls.append(0, producer, 0, {"open"}), ErrorCode::ok);
  log.advance(seconds(2));
  EXPECT_THAT(follower->values, IsEmpty());
  EXPECT_EQ(follower->polls, 2);
  ASSERT_EQ(calls.commit(0, producer), ErrorCode::ok);
  EXPECT_TRUE(log.run_until([&] { return follower->values.size() == 1; }, seconds(2)));
}

TEST(FetchSession, AnIdleConsumerCostsFourMailsAWaitWhateverItsPartitions) {
  SimulatedLog log(test::variant(1, false, false));
  log.create_topic("out", 8);
  Follower follower(log, {0, 1, 2, 3, 4, 5, 6, 7}, seconds(10));
  log.advance(seconds(5));
  const uint64_t before = log.world().events();
  const int polls = follower.polls;
  log.advance(seconds(1000));
  EXPECT_GE(follower.polls, polls + 8 * 99);
  EXPECT_LE(log.world().events() - before, 4u * 101) << "timer, answer, request, and the timer of the request";
}

TEST(FetchSession, TheVisibleEndOfASourceIsTheSameFromEveryHint) {
  const auto topic = make_source_topic("in", {{{10, "a"}, {10, "b"}, {20, "c"}, {30, "d"}, {30, "e"}, {40, "f"}}});
  const SourcePartition& records = topic->partitions()[0];
  const std::map<TimeUs, int64_t> expected = {{0, 0}, {10, 2}, {15, 2}, {20, 3}, {30, 5}, {39, 5}, {40, 6}, {99, 6}};
  for (const auto& [now_us, end] : expected) {
    for (int64_t hint = 0; hint <= records.end(); ++hint) EXPECT_EQ(records.visible_end(now_us, hint), end) << hint;
  }
}

// Whoever repeats a call at once when its outcome is unknown does not fill the world with refusals.
TEST(FetchSession, ALostBrokerIsAskedLessAndLessOften) {
  SimulatedLog log(test::variant(1, false, false));
  log.create_topic("out", 1);
  LogCalls calls(log);
  ASSERT_EQ(calls.append(0, calls.init(0, ""), 0, {"a"}), ErrorCode::ok);
  int asked = 0;
  std::function<void(Result<env::ProducerIdentity>)> again = [&](const Result<env::ProducerIdentity>& result) {
    if (result.ok()) return;
    ++asked;
    log.client(0).init_producer("t", seconds(60), again);
  };
  const env::ProcessId broker = log.cluster().processes()[0];
  log.world().crash(broker);
  log.client(0).init_producer("t", seconds(60), again);
  log.advance(seconds(20));
  EXPECT_GE(asked, 20) << "once a second";
  EXPECT_LE(asked, 26) << "after 50, 100, 200, 400, 800 ms";
  log.world().restart(broker);
  const int before = asked;
  log.advance(seconds(2));
  EXPECT_LE(asked, before + 1) << "it answers again";
}

}  // namespace
}  // namespace onceproof::simulator::log
