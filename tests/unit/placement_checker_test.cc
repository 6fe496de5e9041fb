// SPDX-License-Identifier: Apache-2.0
#include "checkers/placement.h"

#include <gtest/gtest.h>

#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Finding;
using checkers::Reference;

std::vector<Finding> findings_of(const HistoryBuilder& run, const Reference& reference) {
  const History history = run.build();
  std::vector<Finding> findings;
  check_placement(history, reference, check_delivery(history, reference), findings);
  return findings;
}

const Reference& words() {
  static const Reference reference(input_of({{{1, "the cat"}, {12, "the"}}}), word_count());
  return reference;
}

TEST(PlacementChecker, AcceptsOnePartitionAKey) {
  HistoryBuilder run;
  run.count("the", 10, {at(0, 0, 0)}, 1);
  run.count("cat", 10, {at(0, 0, 1)}, 0);
  run.count("the", 20, {at(0, 1, 0)}, 1);
  EXPECT_TRUE(findings_of(run, words()).empty());
}

TEST(PlacementChecker, SeesAKeyInTwoPartitions) {
  HistoryBuilder run;
  run.count("the", 10, {at(0, 0, 0)}, 1);
  run.count("cat", 10, {at(0, 0, 1)}, 0);
  run.count("the", 20, {at(0, 1, 0)}, 0);
  EXPECT_EQ(count_of(findings_of(run, words()), "wrong-partition"), 1u);
}

TEST(PlacementChecker, AsksNothingOfResultsWithoutAKey) {
  const Reference records(input_of({{{1, "a"}, {2, "b"}}}), transform());
  HistoryBuilder run;
  run.output("", "processed_a", seconds(1), {at(0, 0)}, 0);
  run.output("", "processed_b", seconds(2), {at(0, 1)}, 1);
  EXPECT_TRUE(findings_of(run, records).empty());
}

}  // namespace
}  // namespace onceproof::tests
