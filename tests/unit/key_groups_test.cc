// SPDX-License-Identifier: Apache-2.0
// Key groups: fixed values (they are part of the state's format) and ranges that agree with the assignment.
#include "runtime/graph/key_groups.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace onceproof::graph {
namespace {

TEST(KeyGroups, AKeysGroupNeverChangesBetweenVersions) {
  EXPECT_EQ(key_group_of("", 128), 45);
  EXPECT_EQ(key_group_of("the", 128), 12);
  EXPECT_EQ(key_group_of("onceproof", 128), 88);
  EXPECT_EQ(key_group_of("onceproof", 32768), 7000);
}

TEST(KeyGroups, TheMurmurRoundIsFlinks) {
  // MathUtils.murmurHash: one Murmur3 round over the int's four bytes, seed 0, made non-negative.
  EXPECT_EQ(murmur_int(0), 593689054);
  EXPECT_EQ(murmur_int(1), 68075478);
  EXPECT_EQ(murmur_int(-1), 1982413648);
}

TEST(KeyGroups, EveryGroupOccursAndNoneIsOutOfRange) {
  std::vector<int> hits(128);
  for (int i = 0; i < 12800; ++i) {
    const int32_t group = key_group_of("word-" + std::to_string(i), 128);
    ASSERT_GE(group, 0);
    ASSERT_LT(group, 128);
    ++hits[group];
  }
  for (const int n : hits) {
    EXPECT_GT(n, 40);  // 100 on average
    EXPECT_LT(n, 200);
  }
}

TEST(KeyGroups, OneGroupMeansGroupZero) { EXPECT_EQ(key_group_of("anything", 1), 0); }

TEST(KeyGroups, RangesAreTheFlinkFormula) {
  EXPECT_EQ(range_of(0, 128, 2), (KeyGroupRange{0, 63}));
  EXPECT_EQ(range_of(1, 128, 2), (KeyGroupRange{64, 127}));
  EXPECT_EQ(range_of(0, 10, 3), (KeyGroupRange{0, 3}));
  EXPECT_EQ(range_of(1, 10, 3), (KeyGroupRange{4, 6}));
  EXPECT_EQ(range_of(2, 10, 3), (KeyGroupRange{7, 9}));
  EXPECT_TRUE(range_of(1, 10, 3).contains(4));
  EXPECT_TRUE(range_of(1, 10, 3).contains(6));
  EXPECT_FALSE(range_of(1, 10, 3).contains(3));
  EXPECT_FALSE(range_of(1, 10, 3).contains(7));
  EXPECT_EQ(range_of(1, 10, 3).size(), 3);
}

TEST(KeyGroups, TheLargestPlanDoesNotOverflow) {
  EXPECT_EQ(subtask_of(32767, 32768, 32768), 32767);
  EXPECT_EQ(range_of(32767, 32768, 32768), (KeyGroupRange{32767, 32767}));
}

TEST(KeyGroups, DefaultMaxParallelismIsOneAndAHalfTimesRoundedUpWithinBounds) {
  EXPECT_EQ(default_max_parallelism(1), 128);
  EXPECT_EQ(default_max_parallelism(85), 128);
  EXPECT_EQ(default_max_parallelism(86), 256);
  EXPECT_EQ(default_max_parallelism(1000), 2048);
  EXPECT_EQ(default_max_parallelism(30000), 32768);
  EXPECT_EQ(default_max_parallelism(2147483647), 32768);
}

}  // namespace
}  // namespace onceproof::graph
