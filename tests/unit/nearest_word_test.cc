// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/nearest_word.h"

#include <gtest/gtest.h>

namespace onceproof::scenarios {
namespace {

TEST(NearestWord, DistanceCountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(edit_distance("crash", "crash"), 0u);
  EXPECT_EQ(edit_distance("cras", "crash"), 1u);
  EXPECT_EQ(edit_distance("crashh", "crash"), 1u);
  EXPECT_EQ(edit_distance("crush", "crash"), 1u);
  EXPECT_EQ(edit_distance("crahs", "crash"), 1u);
  EXPECT_EQ(edit_distance("", "crash"), 5u);
}

TEST(NearestWord, FindsTheClosestAndTheFirstOfEquals) {
  EXPECT_EQ(nearest_word("puase", {"crash", "pause", "partition"}), "pause");
  EXPECT_EQ(nearest_word("ab", {"ax", "ay"}), "ax");
}

TEST(NearestWord, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest_word("elephant", {"crash", "pause"}), std::nullopt);
  EXPECT_EQ(nearest_word("x", {}), std::nullopt);
  EXPECT_EQ(nearest_word(std::string(1000, 'x'), {"crash"}), std::nullopt);
}

TEST(NearestWord, APartOfADottedWordIsNear) {
  EXPECT_EQ(nearest_word("pre-commit", {"sink.flush", "sink.pre-commit"}), "sink.pre-commit");
}

TEST(NearestWord, TheMessageNamesThePlaceAndTheWord) {
  EXPECT_EQ(unknown_word("fault", "cras", "/faults/0/kind", {"crash", "pause"}),
            "unknown fault \"cras\" at /faults/0/kind; did you mean \"crash\"?");
  EXPECT_EQ(unknown_word("fault", "elephant", "", {"crash", "pause"}),
            "unknown fault \"elephant\"; valid: crash, pause");
}

}  // namespace
}  // namespace onceproof::scenarios
