// SPDX-License-Identifier: Apache-2.0
// The judges over pipelines in which a record is in several results, or a result is no count: sliding windows, sessions,
// sums, windows behind windows, two sinks. Each history is the reference's own with one thing changed.
#include <gtest/gtest.h>

#include "tests/support/history_builder.h"
#include "tests/support/pipelines.h"

namespace onceproof::tests {
namespace {

using checkers::Guarantee;
using checkers::Outcome;
using checkers::Reference;
using checkers::Verdict;

// a: [-5, 5)=5, [0, 10)=12, [5, 15)=7; b: [5, 15)=1, [10, 20)=1.
const Reference& sums() {
  static const Reference reference(input_of({{{1, "a,5"}, {6, "a,7"}, {12, "b,1"}}}),
                                   of_windows(sliding(10, 5), api::aggregate(api::Statistic::sum, field(1))));
  return reference;
}

// The reference's own results, and what `change` makes of them.
template <class Change>
Verdict judged(const Reference& reference, Guarantee claimed, Change change) {
  HistoryBuilder run(claimed);
  run.everything(reference);
  change(run);
  return checkers::judge(run.build(), reference);
}
OutputRecord& output_at(HistoryBuilder& run, size_t index) { return run.raw().outputs[index]; }
void drop(HistoryBuilder& run, size_t index) { run.raw().outputs.erase(run.raw().outputs.begin() + static_cast<long>(index)); }
void again(HistoryBuilder& run, size_t index) {
  const OutputRecord one = output_at(run, index);
  run.output(one.key, one.value, one.timestamp_us, one.lineage, one.partition).sink = one.sink;
}

TEST(SlidingHistories, AllResultsOnceAreExactlyOnce) {
  const Verdict verdict = judged(sums(), Guarantee::exactly_once, [](HistoryBuilder&) {});
  EXPECT_EQ(verdict.outcome, Outcome::valid) << verdict.evidence;
  EXPECT_EQ(verdict.observed, Guarantee::exactly_once);
  EXPECT_EQ(verdict.counts.expected, 6u);
  EXPECT_EQ(verdict.counts.delivered, 6u);
}

TEST(SlidingHistories, ALostWindowIsLostAlthoughItsRecordsAreInOthers) {
  const Verdict verdict = judged(sums(), Guarantee::exactly_once, [](HistoryBuilder& run) { drop(run, 1); });
  EXPECT_EQ(verdict.outcome, Outcome::violated);
  EXPECT_EQ(verdict.counts.lost, 2u);
  EXPECT_EQ(verdict.counts.duplicated, 0u);
  EXPECT_EQ(count_of(verdict.findings, "missing"), 1u);
  EXPECT_NE(story_of(verdict.findings, "lost").find("as part of \"a\" in window [0 s, 10 s)"), std::string::npos)
      << story_of(verdict.findings, "lost");
  ASSERT_EQ(verdict.ledger.size(), 2u);
  EXPECT_EQ(verdict.ledger[0].delivered, 0u);
  EXPECT_TRUE(verdict.ledger[0].outputs.empty()) << "its other windows do not hold this contribution";
}

TEST(SlidingHistories, ADoubledWindowIsDoubledAndNoOther) {
  const Verdict verdict = judged(sums(), Guarantee::exactly_once, [](HistoryBuilder& run) { again(run, 1); });
  EXPECT_EQ(verdict.counts.lost, 0u);
  EXPECT_EQ(verdict.counts.duplicated, 2u);
  EXPECT_EQ(count_of(verdict.findings, "repeated"), 1u);
  EXPECT_EQ(verdict.observed, Guarantee::at_least_once);
}

TEST(SlidingHistories, ARecordThatIsMissingFromOneOfItsWindowsIsLostThere) {
  const auto smaller = [](const char* value) {
    return [value](HistoryBuilder& run) {
      output_at(run, 1).lineage = {at(0, 0)};
      output_at(run, 1).value = value;
    };
  };
  const Verdict right = judged(sums(), Guarantee::exactly_once, smaller("5"));
  EXPECT_EQ(right.counts.lost, 1u);
  EXPECT_EQ(right.counts.corrupted, 0u);
  EXPECT_NE(story_of(right.findings, "differs").find("the result for \"a\" in window [0 s, 10 s) is 5 instead of 12"),
            std::string::npos)
      << story_of(right.findings, "differs");
  EXPECT_EQ(judged(sums(), Guarantee::at_most_once, smaller("5")).outcome, Outcome::valid);
  // The value must be what the pipeline makes of the lineage that it has, under every claim.
  const Verdict wrong = judged(sums(), Guarantee::at_most_once, smaller("12"));
  EXPECT_EQ(wrong.counts.corrupted, 1u);
  EXPECT_EQ(wrong.outcome, Outcome::violated);
}

TEST(SlidingHistories, APieceHasTheValueOfItsOwnRecords) {
  const Verdict verdict = judged(sums(), Guarantee::at_least_once, [](HistoryBuilder& run) {
    drop(run, 1);
    run.output("a", "5", seconds(10) - 1, {at(0, 0)});
    run.output("a", "7", seconds(10) - 1, {at(0, 1)});
  });
  EXPECT_EQ(verdict.counts.corrupted, 0u);
  EXPECT_EQ(verdict.counts.lost, 0u);
  EXPECT_EQ(count_of(verdict.findings, "pieces"), 1u);
}

TEST(SlidingHistories, ARecordCountedTwiceMakesItsValueTwice) {
  const auto twice = [](const char* value) {
    return [value](HistoryBuilder& run) {
      output_at(run, 1).lineage = {at(0, 0), at(0, 0), at(0, 1)};
      output_at(run, 1).value = value;
    };
  };
  const Verdict right = judged(sums(), Guarantee::at_least_once, twice("17"));
  EXPECT_EQ(right.counts.duplicated, 1u);
  EXPECT_EQ(right.counts.corrupted, 0u);
  EXPECT_EQ(judged(sums(), Guarantee::at_least_once, twice("12")).counts.corrupted, 1u);
}

TEST(SlidingHistories, AWholeResultOfAnotherValueOrTimeIsCorrupted) {
  const Verdict value = judged(sums(), Guarantee::none, [](HistoryBuilder& run) { output_at(run, 1).value = "13"; });
  EXPECT_NE(story_of(value.findings, "corrupted").find("should be \"12\""), std::string::npos)
      << story_of(value.findings, "corrupted");
  // Its time says which of two windows with the same single record it is; one that is of neither is corrupted.
  const Verdict time = judged(sums(), Guarantee::none, [](HistoryBuilder& run) { output_at(run, 4).timestamp_us += 1; });
  EXPECT_EQ(time.counts.corrupted, 1u);
  const Verdict moved = judged(sums(), Guarantee::exactly_once,
                               [](HistoryBuilder& run) { output_at(run, 4).timestamp_us = output_at(run, 3).timestamp_us; });
  EXPECT_EQ(moved.counts.corrupted, 0u);
  EXPECT_EQ(moved.counts.lost, 1u);
  EXPECT_EQ(moved.counts.duplicated, 1u);
}

TEST(SlidingHistories, AKeysWindowsComeOutByTheirEnds) {
  const Verdict verdict = judged(sums(), Guarantee::exactly_once, [](HistoryBuilder& run) {
    std::swap(output_at(run, 0).offset, output_at(run, 1).offset);
  });
  EXPECT_EQ(count_of(verdict.findings, "out-of-order"), 1u);
  EXPECT_EQ(verdict.counts.lost + verdict.counts.duplicated, 0u);
}

TEST(SlidingHistories, AWindowIsDueWhenTheWatermarkPassesItsOwnEnd) {
  const auto late = [](TimeUs at_s) {
    return judged(sums(), Guarantee::exactly_once, [&](HistoryBuilder& run) {
      run.raw().bounds.result_us = seconds(3);
      run.raw().asked = {{{seconds(2), 1}, {seconds(7), 2}, {seconds(13), 3}}};
      for (OutputRecord& output : run.raw().outputs) output.at_us = seconds(14);
      output_at(run, 0).at_us = seconds(at_s);  // [-5, 5): the record of second 6 lets it out, which was read at 7
    });
  };
  EXPECT_EQ(count_of(late(9).findings, "late-result"), 0u);
  EXPECT_EQ(count_of(late(11).findings, "late-result"), 1u);
}

// [1, 13) of three records, [20, 24) of one.
const Reference& sessions() {
  static const Reference reference(input_of({{{1, "a"}, {5, "a"}, {9, "a"}, {20, "a"}}}), of_windows(session(4), counting()));
  return reference;
}

TEST(SessionHistories, APieceOfASessionEndsBehindItsOwnLastRecord) {
  const auto without_last = [](TimeUs end_s, const char* value) {
    return judged(sessions(), Guarantee::at_most_once, [&](HistoryBuilder& run) {
      output_at(run, 0).lineage = {at(0, 0), at(0, 1)};
      output_at(run, 0).timestamp_us = seconds(end_s) - 1;
      output_at(run, 0).value = value;
    });
  };
  EXPECT_EQ(without_last(9, "2").outcome, Outcome::valid) << without_last(9, "2").evidence;
  EXPECT_EQ(without_last(13, "2").counts.corrupted, 1u);
  EXPECT_EQ(without_last(9, "3").counts.corrupted, 1u);
}

TEST(SessionHistories, WithoutItsMiddleASessionIsTwo) {
  const auto into = [](bool with_middle) {
    return judged(sessions(), Guarantee::at_most_once, [&](HistoryBuilder& run) {
      drop(run, 0);
      run.output("a", "1", seconds(5) - 1, {at(0, 0)});
      if (with_middle) run.output("a", "1", seconds(9) - 1, {at(0, 1)});
      run.output("a", "1", seconds(13) - 1, {at(0, 2)});
    });
  };
  const Verdict apart = into(false);
  EXPECT_EQ(apart.counts.corrupted, 0u);
  EXPECT_EQ(apart.counts.lost, 1u);
  EXPECT_EQ(count_of(apart.findings, "pieces"), 0u) << "what is lost may have held it together";
  EXPECT_EQ(count_of(into(true).findings, "pieces"), 1u) << "nothing is lost, and nothing explains the pieces";
  const Verdict together = judged(sessions(), Guarantee::none, [](HistoryBuilder& run) {
    output_at(run, 0).lineage = {at(0, 0), at(0, 2)};
    output_at(run, 0).value = "2";
  });
  EXPECT_EQ(together.counts.corrupted, 1u) << "nothing holds them together";
}

TEST(PipelineHistories, BehindAWindowAResultIsHeldToItsOwnRecordsThroughTheStepsBehind) {
  PipelineBuilder builder;
  const int32_t window = builder.window(tumbling(10), api::aggregate(api::Statistic::sum, field(1)), field(0), {builder.source()});
  const Expression shout{.kind = Expression::Kind::concat,
                         .parts = {value_of(), {.kind = Expression::Kind::constant, .text = "!"}}};
  builder.sink({builder.map(api::map_value(shout), {window})});
  const Reference reference(input_of({{{1, "a,5"}, {6, "a,7"}}}), builder.build());
  ASSERT_EQ(reference.results()[0].value, "12!");
  const auto half = [&](const char* value) {
    return judged(reference, Guarantee::at_most_once, [&](HistoryBuilder& run) {
      output_at(run, 0).lineage = {at(0, 1)};
      output_at(run, 0).value = value;
    });
  };
  EXPECT_EQ(half("7!").counts.corrupted, 0u);
  EXPECT_EQ(half("12!").counts.corrupted, 1u);
}

TEST(PipelineHistories, WhatIsDroppedIsAPhantomUnlessAPieceOfItCouldPass) {
  PipelineBuilder front;
  front.sink({front.map(api::filter(value_of(), api::Comparison::differs, "b"), {front.source()})});
  const Reference filtered(input_of({{{1, "a"}, {2, "b"}}}), front.build());
  const Verdict through = judged(filtered, Guarantee::none, [](HistoryBuilder& run) { run.output("", "b", seconds(2), {at(0, 1)}); });
  EXPECT_EQ(through.counts.phantom, 1u);
  EXPECT_NE(story_of(through.findings, "phantom").find("belongs in no result"), std::string::npos);

  PipelineBuilder behind;
  const int32_t window = behind.window(tumbling(10), counting(), field(0), {behind.source()});
  behind.sink({behind.map(api::filter(value_of(), api::Comparison::at_most, "1"), {window})});
  const Reference small(input_of({{{1, "a"}, {2, "b"}, {3, "b"}}}), behind.build());
  ASSERT_EQ(small.results().size(), 1u) << "b is counted twice, and two are too many";
  const auto piece = [](HistoryBuilder& run) { run.output("b", "1", seconds(10) - 1, {at(0, 2)}); };
  EXPECT_EQ(judged(small, Guarantee::at_most_once, piece).outcome, Outcome::valid);
  EXPECT_EQ(judged(small, Guarantee::exactly_once, piece).counts.phantom, 1u);
}

TEST(PipelineHistories, WindowsBehindWindowsAreComparedWhereTheirLineageIsTheSame) {
  PipelineBuilder builder;
  const int32_t first = builder.window(sliding(10, 5), counting(), field(0), {builder.source()});
  builder.sink({builder.window(tumbling(20), api::aggregate(api::Statistic::sum, value_of()), key_of(), {first})});
  const Reference reference(input_of({{{1, "a"}, {6, "a"}}}), builder.build());
  EXPECT_EQ(judged(reference, Guarantee::exactly_once, [](HistoryBuilder&) {}).outcome, Outcome::valid);
  EXPECT_EQ(judged(reference, Guarantee::none, [](HistoryBuilder& run) { output_at(run, 0).value = "5"; }).counts.corrupted, 1u);
  const Verdict once = judged(reference, Guarantee::exactly_once, [](HistoryBuilder& run) {
    output_at(run, 0).lineage = {at(0, 0), at(0, 1), at(0, 1)};
    output_at(run, 0).value = "3";
  });
  EXPECT_EQ(once.counts.lost, 1u) << "the record belongs in it twice";
  EXPECT_EQ(once.counts.corrupted, 0u);
}

TEST(PipelineHistories, EachSinkGetsItsOwnResults) {
  PipelineBuilder builder;
  const int32_t source = builder.source();
  builder.sink({builder.window(tumbling(10), counting(), field(0), {source})});
  builder.sink({source});
  const Reference reference(input_of({{{1, "a"}, {2, "a"}}}), builder.build());
  EXPECT_EQ(judged(reference, Guarantee::exactly_once, [](HistoryBuilder&) {}).outcome, Outcome::valid);
  const Verdict lost = judged(reference, Guarantee::exactly_once, [](HistoryBuilder& run) { drop(run, 1); });
  EXPECT_EQ(lost.counts.lost, 1u);
  EXPECT_NE(story_of(lost.findings, "lost").find("for sink 2"), std::string::npos) << story_of(lost.findings, "lost");
  const Verdict astray = judged(reference, Guarantee::none, [](HistoryBuilder& run) { output_at(run, 1).sink = 0; });
  EXPECT_EQ(astray.counts.corrupted, 1u);
}

}  // namespace
}  // namespace onceproof::tests
