// SPDX-License-Identifier: Apache-2.0
// ControllerState: who leads and who is in sync, without messages.
#include "simulator/log/controller_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace onceproof::simulator::log {
namespace {

using ::testing::ElementsAre;

class State : public ::testing::Test {
 protected:
  State() {
    place_topic(state_.image(), "out", 1, 3, 3);
    for (int32_t broker = 0; broker < 3; ++broker) state_.register_broker(broker, 1);
  }
  const PartitionInfo& partition() const { return state_.image().partitions[0]; }
  int32_t replica(size_t place) const { return partition().replicas[place]; }

  ControllerState state_{3};
};

TEST_F(State, FirstRegistrationLeavesEverythingWhereItWasPlaced) {
  EXPECT_EQ(partition().leader, replica(0));
  EXPECT_EQ(partition().leader_epoch, 0u);
  EXPECT_EQ(partition().isr.size(), 3u);
}

TEST_F(State, RestartOfTheLeaderGivesTheLeadToAnInSyncBroker) {
  const int32_t leader = partition().leader;
  const uint64_t first = state_.broker_epoch(leader);
  EXPECT_GT(state_.register_broker(leader, 2), first);
  EXPECT_EQ(partition().leader, replica(1));
  EXPECT_EQ(partition().leader_epoch, 1u);
  EXPECT_THAT(partition().isr, ElementsAre(replica(1), replica(2)));
}

TEST_F(State, LastInSyncBrokerIsWaitedForAndNobodyElseLeads) {
  for (const size_t place : {1, 2, 0}) state_.fence(replica(place));
  EXPECT_EQ(partition().leader, kNoBroker);
  EXPECT_THAT(partition().isr, ElementsAre(replica(0)));
  state_.unfence(replica(1));
  EXPECT_EQ(partition().leader, kNoBroker) << "it lacks what the last one has";
  const uint32_t before = partition().leader_epoch;
  state_.unfence(replica(0));
  EXPECT_EQ(partition().leader, replica(0));
  EXPECT_GT(partition().leader_epoch, before);
}

TEST_F(State, OnlyThePresentLeaderWithPresentKnowledgeChangesTheInSyncSet) {
  const int32_t leader = partition().leader;
  const uint32_t epoch = partition().leader_epoch;
  const uint32_t version = partition().version;
  const std::vector<int32_t> narrower = {leader, replica(2)};
  EXPECT_FALSE(state_.alter_isr(replica(1), 0, epoch, version, narrower));
  EXPECT_FALSE(state_.alter_isr(leader, 0, epoch + 1, version, narrower));
  EXPECT_FALSE(state_.alter_isr(leader, 0, epoch, version + 1, narrower));
  EXPECT_FALSE(state_.alter_isr(leader, 0, epoch, version, {replica(1)})) << "a leader is in sync";
  EXPECT_TRUE(state_.alter_isr(leader, 0, epoch, version, narrower));
  EXPECT_FALSE(state_.alter_isr(leader, 0, epoch, version, narrower)) << "the version has moved on";
  state_.fence(replica(1));
  EXPECT_FALSE(state_.alter_isr(leader, 0, epoch, partition().version, partition().replicas)) << "a dead member";
}

TEST_F(State, LeaderMovesAwayAndBack) {
  ASSERT_TRUE(state_.move_leader(0));
  EXPECT_EQ(partition().leader, replica(1));
  ASSERT_TRUE(state_.move_leader(0));
  EXPECT_EQ(partition().leader, replica(0)) << "the preferred one";
  EXPECT_EQ(partition().leader_epoch, 2u);
  state_.fence(replica(1));
  state_.fence(replica(2));
  EXPECT_FALSE(state_.move_leader(0)) << "there is nobody else";
}

TEST_F(State, PartitionWithOneCopyComesBackWithAHigherEpoch) {
  ControllerState single(1);
  place_topic(single.image(), "out", 1, 1, 1);
  single.register_broker(0, 1);
  single.register_broker(0, 1);
  EXPECT_EQ(single.image().partitions[0].leader, 0);
  EXPECT_GT(single.image().partitions[0].leader_epoch, 0u);
}

}  // namespace
}  // namespace onceproof::simulator::log
