// SPDX-License-Identifier: Apache-2.0
// The reference interpreter, against results worked out by hand.
#include "checkers/reference.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/base/random.h"
#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Reference;

TEST(Reference, SplitsAtAsciiWhiteSpaceOnlyAndNumbersTheWordsOfARecord) {
  const Lines lines = {{0, " a\tb\v\fc\r\n"},
                       {1, ""},
                       {2, "   "},
                       {3,
                        "d\xc2\xa0"
                        "e"}};
  const Reference reference(input_of({lines}), word_count());
  ASSERT_EQ(reference.contributions(), 4u);
  EXPECT_EQ(reference.word(0), "a");
  EXPECT_EQ(reference.word(2), "c");
  EXPECT_EQ(reference.word(3),
            "d\xc2\xa0"
            "e");  // a no-break space is no ASCII white space
  EXPECT_EQ(reference.position(2), at(0, 0, 2));
  EXPECT_EQ(reference.position(3), at(0, 3, 0));
}

// A window contains its begin and not its end; equal timestamps and disorder change nothing.
TEST(Reference, PutsRecordsAtTheEdgeOfAWindowIntoTheLaterOne) {
  const auto input = std::make_shared<checkers::Input>();
  const TimeUs edge_us = seconds(10);
  input->partitions = {{{"a", edge_us}, {"a", edge_us - 1}, {"a", edge_us}, {"a", 0}, {"a", edge_us + 1}}};
  const Reference reference(input, word_count());
  ASSERT_EQ(reference.results().size(), 2u);
  EXPECT_EQ(reference.results()[0].window_end_us, edge_us);
  EXPECT_EQ(reference.results()[0].count, 2u);
  EXPECT_EQ(reference.results()[1].count, 3u);
  EXPECT_EQ(reference.result_of(0), 1u);
  EXPECT_EQ(reference.result_of(1), 0u);
}

TEST(Reference, FindsEveryContributionAndNothingElse) {
  const Reference reference(input_of({{{0, "a b"}, {0, ""}, {0, "c"}}, {}, {{0, "d"}}}), word_count());
  for (uint32_t i = 0; i < reference.contributions(); ++i) EXPECT_EQ(reference.index_of(reference.position(i)), i);
  EXPECT_EQ(reference.index_of(at(0, 0, 2)), Reference::kNone);  // no third word
  EXPECT_EQ(reference.index_of(at(0, 1, 0)), Reference::kNone);  // an empty line
  EXPECT_EQ(reference.index_of(at(0, 3, 0)), Reference::kNone);  // past the end
  EXPECT_EQ(reference.index_of(at(1, 0, 0)), Reference::kNone);  // an empty partition
  EXPECT_EQ(reference.index_of(at(9, 0, 0)), Reference::kNone);
}

TEST(Reference, CountsWordsPerTumblingWindow) {
  const Reference reference(input_of({{{0, "the cat"}, {10, "the"}}, {{9, "the"}}}), word_count());
  const auto& results = reference.results();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].key, "cat");
  EXPECT_EQ(results[1].key, "the");
  EXPECT_EQ(results[1].value, "2");
  EXPECT_EQ(results[1].timestamp_us, seconds(10) - 1);
  EXPECT_EQ(results[2].window_end_us, seconds(20));
  EXPECT_EQ(results[1].key_id, results[2].key_id);
  EXPECT_NE(results[0].key_id, results[1].key_id);
  EXPECT_EQ(reference.key_count(), 2u);
  EXPECT_EQ(reference.result_of(reference.index_of(at(1, 0))), 1u);
}

TEST(Reference, PutsNegativeEventTimesIntoTheWindowBelow) {
  const Reference reference(input_of({{{-1, "a"}, {0, "a"}}}), word_count());
  ASSERT_EQ(reference.results().size(), 2u);
  EXPECT_EQ(reference.results()[0].window_end_us, 0);
  EXPECT_EQ(reference.results()[1].window_end_us, seconds(10));
}

TEST(Reference, MapsEveryRecordWithItsPrefixEvenAnEmptyOne) {
  const Reference reference(input_of({{{3, "x y"}, {4, ""}}}), transform());
  ASSERT_EQ(reference.results().size(), 2u);
  EXPECT_EQ(reference.results()[0].value, "processed_x y");
  EXPECT_EQ(reference.results()[1].value, "processed_");
  EXPECT_EQ(reference.results()[0].key, "");
  EXPECT_EQ(reference.results()[0].timestamp_us, seconds(3));
  EXPECT_EQ(reference.word(0), "x y");
}

// Against counting with a std::map, with so many words that every table grows several times.
TEST(Reference, AgreesWithPlainCountingOnManyWords) {
  RandomStream random(11);
  std::vector<Lines> partitions(3);
  std::map<std::pair<TimeUs, std::string>, uint32_t> counts;
  std::vector<std::pair<TimeUs, std::string>> contributions;
  for (Lines& lines : partitions) {
    for (int64_t second = -20; second < 60; ++second) {
      std::string line;
      for (uint64_t words = random.below(12); words > 0; --words) {
        const std::string word = "w" + std::to_string(random.below(300));
        line += word + " ";
        const TimeUs window = seconds((second + 20) / 10 * 10 - 10);
        ++counts[{window, word}];
        contributions.push_back({window, word});
      }
      lines.push_back({second, line});
    }
  }
  const Reference reference(input_of(partitions), word_count());
  ASSERT_EQ(reference.results().size(), counts.size());
  size_t at = 0;
  for (const auto& [group, count] : counts) {  // by window, then word: the order of the results
    EXPECT_EQ(reference.results()[at].window_end_us, group.first);
    EXPECT_EQ(reference.results()[at].key, group.second);
    EXPECT_EQ(reference.results()[at++].count, count);
  }
  ASSERT_EQ(reference.contributions(), contributions.size());
  for (uint32_t i = 0; i < reference.contributions(); ++i) {
    const checkers::ExpectedResult& result = reference.results()[reference.result_of(i)];
    EXPECT_EQ(std::pair(result.window_end_us, result.key), contributions[i]);
    EXPECT_LT(result.key_id, reference.key_count());
  }
}

}  // namespace
}  // namespace onceproof::tests
