// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "checkers/order.h"
#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Finding;
using checkers::Guarantee;
using checkers::History;
using checkers::Reference;

std::vector<Finding> findings_of(const HistoryBuilder& run, const Reference& reference) {
  const History history = run.build();
  std::vector<Finding> findings;
  check_order(history, reference, check_delivery(history, reference), findings);
  return findings;
}

const Reference& records() {
  static const Reference reference(input_of({{{1, "a"}, {2, "b"}, {3, "c"}}, {{1, "d"}}}), transform());
  return reference;
}

HistoryBuilder written(const std::vector<std::pair<uint64_t, int32_t>>& offsets_and_sinks) {
  HistoryBuilder run;
  for (const auto& [offset, sink] : offsets_and_sinks) {
    const auto& record = records().input().partitions[0][offset];
    run.output("", "processed_" + record.value, record.timestamp_us, {at(0, offset)}, sink);
  }
  return run;
}

TEST(OrderChecker, AcceptsSourceOrderWithinASinkPartition) {
  EXPECT_TRUE(findings_of(written({{0, 0}, {1, 0}, {2, 0}}), records()).empty());
}

TEST(OrderChecker, SeesTwoRecordsOfOneSourcePartitionSwapped) {
  const auto findings = findings_of(written({{0, 0}, {2, 0}, {1, 0}}), records());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "out-of-order");
  EXPECT_EQ(findings[0].story,
            "\"b\" from partition 0, offset 1 first came out in \"processed_b\" at sink partition 0, "
            "offset 2, after \"c\" from partition 0, offset 2");
}

TEST(OrderChecker, IgnoresLaterDuplicates) {
  EXPECT_TRUE(findings_of(written({{0, 0}, {1, 0}, {0, 0}, {1, 0}, {2, 0}}), records()).empty());
}

TEST(OrderChecker, ComparesNeitherSinkPartitionsNorSourcePartitions) {
  EXPECT_TRUE(findings_of(written({{2, 0}, {1, 1}}), records()).empty());
  HistoryBuilder run = written({{2, 0}});
  run.output("", "processed_d", seconds(1), {at(1, 0)});
  EXPECT_TRUE(findings_of(run, records()).empty());
}

// The record at offset 0 belongs to the later window, so the results come in the opposite order of their records.
TEST(OrderChecker, ComparesWindowsByTheirEndsWhereTimestampsAreOutOfOrder) {
  const Reference reference(input_of({{{11, "a"}, {9, "a"}, {10, "a"}}}), word_count());
  HistoryBuilder run;
  run.output("a", "1", seconds(10) - 1, {at(0, 1)});
  run.output("a", "2", seconds(20) - 1, {at(0, 0), at(0, 2)});
  EXPECT_TRUE(findings_of(run, reference).empty());

  HistoryBuilder swapped;
  swapped.output("a", "2", seconds(20) - 1, {at(0, 0), at(0, 2)});
  swapped.output("a", "1", seconds(10) - 1, {at(0, 1)});
  EXPECT_EQ(findings_of(swapped, reference).size(), 1u);
}

// A key's windows come in the order of their ends, also when their records come from different source partitions.
TEST(OrderChecker, ComparesAKeysWindowsAcrossSourcePartitions) {
  const Reference reference(input_of({{{1, "a"}}, {{12, "a"}}}), word_count());
  HistoryBuilder run;
  run.count("a", 10, {at(0, 0)});
  run.count("a", 20, {at(1, 0)});
  EXPECT_TRUE(findings_of(run, reference).empty());
  HistoryBuilder swapped;
  swapped.count("a", 20, {at(1, 0)});
  swapped.count("a", 10, {at(0, 0)});
  EXPECT_EQ(findings_of(swapped, reference).size(), 1u);
}

// A zombie's fire-and-forget batches arrive behind its successor's: no claim of such a sink promises otherwise.
TEST(OrderChecker, OfASinkThatFencesNobodyComparesWithinAProducerOnly) {
  const auto findings_with_second_producer = [](uint64_t producer, Guarantee claimed, bool within_producer) {
    History history = written({{0, 0}, {2, 0}, {1, 0}}).build();
    history.claimed = claimed;
    history.order_within_producer = within_producer;
    history.outputs[2].producer_id = producer;
    std::vector<Finding> findings;
    check_order(history, records(), check_delivery(history, records()), findings);
    return findings.size();
  };
  const uint64_t same = written({{0, 0}}).build().outputs[0].producer_id;
  for (const Guarantee claimed : {Guarantee::none, Guarantee::at_most_once, Guarantee::at_least_once,
                                  Guarantee::exactly_once}) {
    EXPECT_EQ(findings_with_second_producer(same, claimed, true), 1u);
    EXPECT_EQ(findings_with_second_producer(same + 1, claimed, true), 0u);
    EXPECT_EQ(findings_with_second_producer(same + 1, claimed, false), 1u);
  }
}

TEST(OrderChecker, TellsNothingWhereNobodyPromisesAnOrder) {
  History history = written({{0, 0}, {2, 0}, {1, 0}}).build();
  for (const bool claimed : {true, false}) {
    history.order_claimed = claimed;
    std::vector<Finding> findings;
    check_order(history, records(), check_delivery(history, records()), findings);
    EXPECT_EQ(findings.size(), claimed ? 1u : 0u);
  }
}

TEST(OrderChecker, LeavesOutWhatCameOutInSeveralSinkPartitions) {
  EXPECT_TRUE(findings_of(written({{2, 0}, {1, 0}, {1, 1}}), records()).empty());
}

TEST(OrderChecker, ComparesWindowsOfTheSameKeyOnly) {
  const Reference reference(input_of({{{1, "x y"}, {12, "x"}}}), word_count());
  HistoryBuilder fine;
  fine.count("x", 10, {at(0, 0, 0)});
  fine.count("x", 20, {at(0, 1)});
  fine.count("y", 10, {at(0, 0, 1)});
  EXPECT_TRUE(findings_of(fine, reference).empty());
  HistoryBuilder swapped;
  swapped.count("x", 20, {at(0, 1)});
  swapped.count("x", 10, {at(0, 0, 0)});
  EXPECT_EQ(findings_of(swapped, reference).size(), 1u);
}

}  // namespace
}  // namespace onceproof::tests
