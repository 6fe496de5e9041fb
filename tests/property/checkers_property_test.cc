// SPDX-License-Identifier: Apache-2.0
// Laws of the checkers: whatever is done to the reference's own outputs, the counts say exactly what was done.
// The expectation is kept by a plain map, apart from the checkers' dense counters.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "checkers/delivery.h"
#include "checkers/order.h"
#include "tests/support/history_builder.h"

namespace onceproof::tests {
namespace {

using checkers::Counts;
using checkers::Guarantee;
using checkers::Outcome;
using checkers::Reference;
using checkers::Verdict;

// Uniform in [low, high): at full size from the first case on (RapidCheck's own ranges grow with the case number).
int number(int low, int high) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high)); }

// Never empty, and the first window counts one word at least twice.
std::shared_ptr<const checkers::Input> any_input() {
  const int partitions = number(1, 4);
  std::vector<Lines> all;
  for (int p = 0; p < partitions; ++p) {
    Lines& lines = all.emplace_back();
    if (p == 0) lines.push_back({0, "the the"});
    const int records = number(0, 12);
    TimeUs second = 0;
    for (int r = 0; r < records; ++r) {
      second += number(0, 6);
      std::string text;
      for (int words = number(0, 4); words > 0; --words) {
        text += *rc::gen::element<std::string>("the", "cat", "sat", "on") + " ";
      }
      lines.push_back({second, text});
    }
  }
  return input_of(all);
}

template <class T>
std::vector<T> shuffled(std::vector<T> items) {
  for (size_t left = items.size(); left > 1; --left) {
    std::swap(items[left - 1], items[static_cast<size_t>(number(0, static_cast<int>(left)))]);
  }
  return items;
}

// What the checkers must count: each contribution's deliveries, added up the slow way.
Counts expected_counts(const History& history, const Reference& reference) {
  std::map<Position, uint64_t> times;
  for (uint32_t i = 0; i < reference.contributions(); ++i) times[reference.position(i)] = 0;
  Counts counts;
  counts.expected = times.size();
  for (const OutputRecord& output : history.outputs) {
    if (output.visibility == Visibility::aborted) continue;
    ++counts.results;
    for (const Position position : output.lineage) {
      if (times.contains(position)) {
        ++times[position];
      } else {
        ++counts.phantom;
      }
    }
  }
  for (const auto& [position, n] : times) {
    counts.lost += n == 0 ? 1 : 0;
    counts.delivered += n > 0 ? 1 : 0;
    counts.duplicated += n > 1 ? n - 1 : 0;
  }
  return counts;
}

void expect_same(const Counts& got, const Counts& expected) {
  RC_ASSERT(got.expected == expected.expected);
  RC_ASSERT(got.delivered == expected.delivered);
  RC_ASSERT(got.lost == expected.lost);
  RC_ASSERT(got.duplicated == expected.duplicated);
  RC_ASSERT(got.phantom == expected.phantom);
  RC_ASSERT(got.corrupted == expected.corrupted);
  RC_ASSERT(got.results == expected.results);
}

TEST(CheckersLaws, TheReferencesOwnResultsAreAlwaysAValidExactlyOnceRun) {
  EXPECT_TRUE(rc::check([] {
    const bool counting = *rc::gen::arbitrary<bool>();
    const Reference reference(any_input(), counting ? word_count() : transform());
    const Verdict verdict = judge(HistoryBuilder().everything(reference).build(), reference);
    RC_ASSERT(verdict.outcome == Outcome::valid);
    RC_ASSERT(verdict.observed == Guarantee::exactly_once);
  }));
}

// Whole results dropped, doubled, hidden in aborted transactions, in any order: counted exactly.
TEST(CheckersLaws, DroppedDoubledAndHiddenResultsAreCountedExactly) {
  EXPECT_TRUE(rc::check([] {
    const bool counting = *rc::gen::arbitrary<bool>();
    const Reference reference(any_input(), counting ? word_count() : transform());
    HistoryBuilder whole;
    whole.everything(reference);
    HistoryBuilder run;
    for (const OutputRecord& result : shuffled(whole.raw().outputs)) {
      for (int copies = number(0, 3); copies > 0; --copies) {
        OutputRecord& copy =
            run.output(result.key, result.value, result.timestamp_us, result.lineage, result.partition);
        if (number(0, 4) == 0) copy.visibility = Visibility::aborted;
      }
    }
    const History history = run.build();
    const Counts expected = expected_counts(history, reference);
    const Verdict verdict = judge(history, reference);
    expect_same(verdict.counts, expected);
    const bool clean = expected.lost + expected.duplicated == 0;
    RC_ASSERT((verdict.observed == Guarantee::exactly_once) == clean);
    RC_ASSERT(verdict.outcome == Outcome::violated || clean);
    uint64_t in_ledger = 0;
    for (const checkers::LedgerEntry& entry : verdict.ledger) {
      for (const uint32_t output : entry.outputs) {  // of a lost one, those that nobody may see
        RC_ASSERT(visible(history.outputs[output]) == (entry.delivered > 0));
      }
      RC_ASSERT(entry.delivered == 0 || entry.outputs.size() == entry.delivered);
      in_ledger += entry.delivered == 0 ? 1 : entry.delivered - 1;
    }
    RC_ASSERT(verdict.ledger_total > checkers::kMaxLedger || in_ledger == expected.lost + expected.duplicated);
  }));
}

// Single records moved between the lineages of results whose counts are adjusted, so that every value is honest.
TEST(CheckersLaws, RecordsDroppedOrCountedTwiceInsideACountAreCountedExactly) {
  EXPECT_TRUE(rc::check([] {
    const Reference reference(any_input(), word_count());
    HistoryBuilder run;
    run.everything(reference);
    for (OutputRecord& output : run.raw().outputs) {
      Lineage lineage;
      for (const Position position : output.lineage) {
        for (int copies = *rc::gen::element(0, 1, 1, 1, 2, 3); copies > 0; --copies) lineage.push_back(position);
      }
      if (lineage.empty()) lineage.push_back(output.lineage.front());
      output.lineage = lineage;
      output.value = std::to_string(lineage.size());
    }
    const History history = run.build();
    const Verdict verdict = judge(history, reference);
    expect_same(verdict.counts, expected_counts(history, reference));
  }));
}

TEST(CheckersLaws, OneRecordDroppedAndAnotherCountedTwiceIsAlwaysCaught) {
  EXPECT_TRUE(rc::check([] {
    const Reference reference(any_input(), word_count());
    HistoryBuilder run;
    run.everything(reference);
    std::vector<OutputRecord*> candidates;
    for (OutputRecord& output : run.raw().outputs) {
      if (output.lineage.size() > 1) candidates.push_back(&output);
    }
    OutputRecord& output = **rc::gen::elementOf(candidates);
    const auto dropped = static_cast<size_t>(number(0, static_cast<int>(output.lineage.size())));
    output.lineage[dropped] = output.lineage[dropped == 0 ? 1 : dropped - 1];
    std::sort(output.lineage.begin(), output.lineage.end());
    const Verdict verdict = judge(run.build(), reference);
    RC_ASSERT(verdict.counts.lost == 1u);
    RC_ASSERT(verdict.counts.duplicated == 1u);
    RC_ASSERT(verdict.counts.corrupted == 0u);
    RC_ASSERT(verdict.outcome == Outcome::violated);
    RC_ASSERT(count_of(verdict.findings, "compensated") == 1u);
  }));
}

TEST(CheckersLaws, EveryMutatedResultIsCorruptedAndNoOther) {
  EXPECT_TRUE(rc::check([] {
    const bool counting = *rc::gen::arbitrary<bool>();
    const Reference reference(any_input(), counting ? word_count() : transform());
    HistoryBuilder run;
    run.everything(reference);
    uint64_t mutated = 0;
    for (OutputRecord& output : run.raw().outputs) {
      const int damage = number(0, 6);
      if (damage == 0) output.key += "x";
      if (damage == 1) output.value += "0";
      if (damage == 2) output.timestamp_us -= 1;
      mutated += damage <= 2 ? 1 : 0;
    }
    const Verdict verdict = judge(run.build(), reference);
    RC_ASSERT(verdict.counts.corrupted == mutated);
    RC_ASSERT(verdict.counts.lost + verdict.counts.duplicated == 0u);
    RC_ASSERT((verdict.outcome == Outcome::violated) == (mutated > 0));
  }));
}

TEST(CheckersLaws, PhantomsAreCountedExactly) {
  EXPECT_TRUE(rc::check([] {
    const Reference reference(any_input(), word_count());
    HistoryBuilder run;
    run.everything(reference);
    const int phantoms = number(0, 5);
    for (int i = 0; i < phantoms; ++i) {
      const auto partition = static_cast<uint64_t>(number(0, 5));
      const uint64_t beyond =
          partition < reference.input().partitions.size() ? reference.input().partitions[partition].size() : 0;
      run.count("ghost", 10, {at(partition, beyond + static_cast<uint64_t>(number(0, 3)))});
    }
    RC_ASSERT(judge(run.build(), reference).counts.phantom == static_cast<uint64_t>(phantoms));
  }));
}

// One source, one sink partition: the order checker speaks exactly when the sequence has a descent.
TEST(CheckersLaws, OrderIsBrokenExactlyWhenSomeRecordComesAfterALaterOne) {
  EXPECT_TRUE(rc::check([] {
    const int records = number(1, 8);
    Lines lines;
    std::vector<int> sequence;
    for (int i = 0; i < records; ++i) {
      lines.push_back({i, "r"});
      sequence.push_back(i);
    }
    const Reference reference(input_of({lines}), transform());
    if (*rc::gen::arbitrary<bool>()) sequence = shuffled(sequence);
    HistoryBuilder run;
    for (const int i : sequence) run.output("", "processed_r", seconds(i), {at(0, static_cast<uint64_t>(i))});
    const History history = run.build();
    std::vector<checkers::Finding> findings;
    check_order(history, reference, check_delivery(history, reference), findings);
    RC_ASSERT(findings.empty() == std::is_sorted(sequence.begin(), sequence.end()));
  }));
}

}  // namespace
}  // namespace onceproof::tests
