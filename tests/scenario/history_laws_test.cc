// SPDX-License-Identifier: Apache-2.0
// Laws of what came out, was read and was committed: one changed fact is told by the checker that owns it; change the order of
// what has none, and nothing changes.
#include "tests/support/history_laws.h"

namespace onceproof::tests {
namespace {

std::vector<Law> laws_of_the_log() {
  return {
      {"a result's value", {"corrupted"},
       [](History& h) {
         OutputRecord& output = any_output(h);
         read_of(h, output).value = output.value = "0";
       }},
      {"a result's time", {"corrupted"},
       [](History& h) {
         OutputRecord& output = any_output(h);
         read_of(h, output).timestamp_us = output.timestamp_us -= 1;
       }},
      {"one record of a result counted twice, another not", {"compensated", "duplicated", "lost"},
       [](History& h) {
         OutputRecord& output = any_output(h);
         output.lineage[1] = output.lineage[0];
         read_of(h, output).lineage = output.lineage;
       }},
  };
}

std::vector<Law> laws_of_results() {
  return {
      {"a result that was not there", {"lost", "missing"},
       [](History& h) {
         const OutputRecord output = any_output(h);
         erase_read_of(h, output);
         std::erase_if(h.outputs, [&](const OutputRecord& each) { return same_place(each, output); });
       }},
      {"a result that came again", {"duplicated", "repeated"},
       [](History& h) {
         const OutputRecord& last = find(h.outputs, [&](const OutputRecord& o) {
           return o.visibility == Visibility::committed && o.timestamp_us == h.outputs.back().timestamp_us;
         });
         append(h, last, last.partition);
       }},
      {"a result of what was never there", {"phantom"},
       [](History& h) {
         OutputRecord ghost;
         ghost.key = "ghost";
         ghost.value = "1";
         ghost.lineage = {make_position(200, 5)};
         append(h, ghost, 0);
       }},
      {"the partition of a key", {"wrong-partition"},
       [](History& h) {
         OutputRecord moved = find(h.outputs, [&](const OutputRecord& output) {
           if (output.visibility != Visibility::committed) return false;
           return std::count_if(h.outputs.begin(), h.outputs.end(), [&](const OutputRecord& other) {
                    return other.key == output.key && other.visibility == Visibility::committed;
                  }) > 1;
         });
         erase_read_of(h, moved);
         std::erase_if(h.outputs, [&](const OutputRecord& each) { return same_place(each, moved); });
         append(h, moved, moved.partition == 0 ? 1 : 0);
       }},
      {"the order of a key's windows", {"out-of-order", "premature"},
       [](History& h) {
         OutputRecord& first = find(h.outputs, [&](const OutputRecord& output) {
           const OutputRecord& last = *std::find_if(h.outputs.rbegin(), h.outputs.rend(), [&](const OutputRecord& other) {
             return other.key == output.key && other.visibility == Visibility::committed;
           });
           return output.visibility == Visibility::committed && last.timestamp_us > output.timestamp_us;
         });
         OutputRecord& last = *std::find_if(h.outputs.rbegin(), h.outputs.rend(), [&](const OutputRecord& other) {
           return other.key == first.key && other.visibility == Visibility::committed;
         });
         for (const auto& [a, b] : {std::pair(&first, &last), std::pair(&read_of(h, first), &read_of(h, last))}) {
           std::swap(a->value, b->value);
           std::swap(a->timestamp_us, b->timestamp_us);
           std::swap(a->lineage, b->lineage);
         }
         h.bounds.result_us = 0;  // the result that comes earlier now leaves the other late
       }},
  };
}

std::vector<Law> laws_of_the_reader() {
  return {
      {"what was read", {"changed"}, [](History& h) { read_of(h, any_output(h)).value = "0"; }},
      {"where it was read", {"vanished"},
       [](History& h) {
         OutputRecord extra = h.observed.back();
         extra.offset += 100'000;
         h.observed.push_back(extra);
       }},
      {"that it was read", {"skipped-read"}, [](History& h) { erase_read_of(h, any_output(h)); }},
      {"how often it was read", {"repeated-read"},
       [](History& h) { h.observed.push_back(OutputRecord(h.observed.back())); }},
      {"when it was read", {"early-read"},
       [](History& h) {
         OutputRecord& read = read_of(h, any_output(h));
         read.at_us = read.decided_us - 1;
       }},
      {"the order of reads", {"backward-read"},
       [](History& h) {
         for (size_t i = 1;; ++i) {
           if (h.observed[i - 1].partition != h.observed[i].partition) continue;
           std::swap(h.observed[i - 1], h.observed[i]);
           return;
         }
       }},
      {"that what was aborted was not read", {"aborted-read"},
       [](History& h) {
         const OutputRecord& hidden =
             find(h.outputs, [](const OutputRecord& output) { return output.visibility == Visibility::aborted; });
         const auto behind = std::find_if(h.observed.begin(), h.observed.end(), [&](const OutputRecord& read) {
           return read.partition == hidden.partition && read.offset > hidden.offset;
         });
         h.observed.insert(behind, hidden);
       }},
  };
}

std::vector<Law> laws_of_transactions() {
  return {
      {"when it was committed", {"early-commit"},
       [](History& h) {
         TransactionRecord& transaction = committed(h);
         transaction.decided_us = stored(h, transaction.checkpoint).durable_us - 1;
       }},
      {"that a checkpoint pre-committed it", {"commit-without-pre-commit"},
       [](History& h) { committed(h).checkpoint = 0; }},
      {"that no checkpoint had pre-committed it", {"lost-commit"},
       [](History& h) {
         find(h.transactions, [](const TransactionRecord& t) { return t.outcome == TransactionOutcome::aborted; })
             .checkpoint = h.stored.front().id;
       }},
      {"whose checkpoint it was", {"double-commit"},
       [](History& h) {
         const TransactionRecord& first = committed(h);
         TransactionRecord& other = find(h.transactions, [&](const TransactionRecord& t) {
           return t.outcome == TransactionOutcome::committed && t.checkpoint > first.checkpoint;
         });
         other.transactional_id = first.transactional_id;
         other.checkpoint = first.checkpoint;
       }},
      {"what became of one of its records", {"torn"},
       [](History& h) {
         h.claimed = Guarantee::at_most_once;  // so that the record is not missed as well
         const OutputRecord output = any_output(h);
         erase_read_of(h, output);
         any_output(h).visibility = Visibility::aborted;
       }},
      {"that its record was in it", {"outside-transaction"},
       [](History& h) { any_output(h).visibility = Visibility::non_transactional; }},
      {"its number", {"unknown-transaction"}, [](History& h) { any_output(h).transaction = 4711; }},
  };
}

TEST(HistoryLaws, OneChangedFactIsToldByTheCheckerThatOwnsIt) {
  const Verdict right = judge_changed([](History&) {});
  ASSERT_EQ(right.outcome, Outcome::valid) << right.evidence;
  for (const auto& laws : {laws_of_the_log(), laws_of_results(), laws_of_the_reader(), laws_of_transactions()}) expect_told(laws);
}

TEST(HistoryLaws, TheOrderOfWhatHasNoneChangesNothing) {
  const Verdict right = judge_changed([](History&) {});
  const Verdict turned = judge_changed([](History& h) {
    std::reverse(h.transactions.begin(), h.transactions.end());
    std::reverse(h.checkpoints.begin(), h.checkpoints.end());
    std::reverse(h.stored.begin(), h.stored.end());
    std::reverse(h.faults.begin(), h.faults.end());
    std::reverse(h.slow.begin(), h.slow.end());
  });
  EXPECT_EQ(turned.outcome, right.outcome);
  EXPECT_EQ(turned.observed, right.observed);
  EXPECT_TRUE(turned.findings.empty());
}

}  // namespace
}  // namespace onceproof::tests
