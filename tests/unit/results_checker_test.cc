// SPDX-License-Identifier: Apache-2.0
#include "checkers/results.h"

#include <gtest/gtest.h>

#include "checkers/judge.h"
#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Finding;
using checkers::Guarantee;
using checkers::Reference;

const Reference& three() {
  static const Reference reference(input_of({{{1, "x x x"}}}), word_count());
  return reference;
}

std::vector<Finding> findings_of(const HistoryBuilder& run) {
  const History history = run.build();
  std::vector<Finding> findings;
  check_results(history, three(), check_delivery(history, three()), true, findings);
  return findings;
}

TEST(ResultsChecker, AcceptsEachResultOnce) {
  HistoryBuilder run;
  run.count("x", 10, {at(0, 0, 0), at(0, 0, 1), at(0, 0, 2)});
  EXPECT_TRUE(findings_of(run).empty());
}

TEST(ResultsChecker, SeesAResultInTwoPartsAlthoughNothingWasLostOrDoubled) {
  HistoryBuilder run;
  run.count("x", 10, {at(0, 0, 0)});
  run.count("x", 10, {at(0, 0, 1), at(0, 0, 2)});
  EXPECT_TRUE(check_delivery(run.build(), three()).clean());
  EXPECT_EQ(story_of(findings_of(run), "split"),
            "the result for \"x\" in window [0 s, 10 s) came 2 times instead of "
            "once: 0 of its 3 records were lost, 0 came again");
}

TEST(ResultsChecker, SeesAMissingResult) { EXPECT_EQ(count_of(findings_of(HistoryBuilder()), "missing"), 1u); }

TEST(ResultsChecker, SeesARepeatedResult) {
  HistoryBuilder run;
  run.count("x", 10, {at(0, 0, 0), at(0, 0, 1), at(0, 0, 2)});
  run.count("x", 10, {at(0, 0, 0), at(0, 0, 1), at(0, 0, 2)});
  EXPECT_EQ(count_of(findings_of(run), "repeated"), 1u);
}

TEST(ResultsChecker, SeesARightCountMadeOfTheWrongRecords) {
  HistoryBuilder run;
  run.count("x", 10, {at(0, 0, 0), at(0, 0, 0), at(0, 0, 2)});
  EXPECT_EQ(story_of(findings_of(run), "compensated"),
            "the count for \"x\" in window [0 s, 10 s) is right by accident: 1 record lost and as many counted again");
}

TEST(ResultsChecker, SaysHowACountDiffers) {
  HistoryBuilder run;
  run.count("x", 10, {at(0, 0, 0)});
  EXPECT_EQ(story_of(findings_of(run), "differs"),
            "the count for \"x\" in window [0 s, 10 s) is 1 instead of 3: 2 lost, 0 counted again");
}

// Nobody promises pieces: at-least-once owes each result whole, at-most-once no more than one of each.
TEST(ResultsChecker, SeesPiecesUnderTheWeakerGuarantees) {
  for (const Guarantee claimed : {Guarantee::at_least_once, Guarantee::at_most_once}) {
    HistoryBuilder run(claimed);
    run.count("x", 10, {at(0, 0, 0)});
    run.count("x", 10, {at(0, 0, 1), at(0, 0, 2)});
    EXPECT_EQ(count_of(findings_of(run), "pieces"), 1u);
    EXPECT_EQ(judge(run.build(), three()).observed, Guarantee::none);
  }
}

TEST(ResultsChecker, AcceptsAWholeResultBesideAPieceOfItUnderAtLeastOnce) {
  HistoryBuilder run(Guarantee::at_least_once);
  run.count("x", 10, {at(0, 0, 0)});
  EXPECT_TRUE(findings_of(run).empty()) << "a loss is the delivery checker's to tell";
  run.count("x", 10, {at(0, 0, 0), at(0, 0, 1), at(0, 0, 2), at(0, 0, 2)});
  EXPECT_TRUE(findings_of(run).empty());
}

TEST(ResultsChecker, AcceptsAResultThatIsTooSmallUnderAtMostOnce) {
  HistoryBuilder run(Guarantee::at_most_once);
  run.count("x", 10, {at(0, 0, 0), at(0, 0, 2)});
  EXPECT_TRUE(findings_of(run).empty());
}

}  // namespace
}  // namespace onceproof::tests
