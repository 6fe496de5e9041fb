// SPDX-License-Identifier: Apache-2.0
// Laws for every checker, on a real run with restarts that is right: change one fact of its history, and the checker that
// owns the fact says so and no other does; change the order of what has none, and nothing changes.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenarios/search/session.h"
#include "tests/support/history_text.h"

namespace onceproof::scenarios {
namespace {

using namespace checkers;
using Kinds = std::set<std::string>;

// Written and read.
const HistoryDocument& right_run() {
  static const HistoryDocument document = [] {
    Request request;
    request.scenario = "word-count";
    auto session = Session::open(request);
    CHECK(session.ok(), session.error().message.c_str());
    const RunPlan plan = session.value().plans(1).value().back();
    return tests::document_of(tests::text_of(session.value().run(plan).take())).take();
  }();
  return document;
}

Verdict judge_changed(const std::function<void(History&)>& change) {
  HistoryDocument document = right_run();
  change(document.history);
  return judge_document(std::move(document)).verdict;
}

template <class Items, class Holds>
auto& find(Items& items, Holds holds) {
  const auto found = std::find_if(items.begin(), items.end(), holds);
  CHECK(found != items.end(), "the run has no such fact: take another seed");
  return *found;
}

bool same_place(const OutputRecord& a, const OutputRecord& b) {
  return a.partition == b.partition && a.offset == b.offset;
}
OutputRecord& read_of(History& history, const OutputRecord& output) {
  return find(history.observed, [&](const OutputRecord& read) { return same_place(read, output); });
}
void erase_read_of(History& history, const OutputRecord& output) {
  std::erase_if(history.observed, [&](const OutputRecord& read) { return same_place(read, output); });
}

// A committed record in the middle of its partition and after the last restart, which counts several words.
OutputRecord& any_output(History& history) {
  return find(history.outputs, [&](const OutputRecord& output) {
    const bool late = output.at_us > history.healed_us && output.offset > 20;
    return output.visibility == Visibility::committed && late && output.lineage.size() > 1;
  });
}
TransactionRecord& committed(History& history) {
  return find(history.transactions,
              [](const TransactionRecord& t) { return t.outcome == TransactionOutcome::committed; });
}
StoredCheckpoint& stored(History& history, uint64_t id) {
  return find(history.stored, [&](const StoredCheckpoint& s) { return s.id == id; });
}
Event& last_restore(History& history) {
  Event* last = nullptr;
  for (Event& event : history.events) {
    if (std::string_view(event.point) == "restore.begin" && event.checkpoint > 0) last = &event;
  }
  CHECK(last != nullptr, "the run restores nothing: take another seed");
  return *last;
}

// The record, as if it had been written again at the end of this partition by the last transaction there, and read.
void append(History& history, OutputRecord record, int32_t partition) {
  const auto behind = std::find_if(history.outputs.rbegin(), history.outputs.rend(), [&](const OutputRecord& output) {
    return output.partition == partition && output.visibility == Visibility::committed;
  });
  CHECK(behind != history.outputs.rend(), "an empty sink partition");
  OutputRecord placed = *behind;
  placed.offset += 1000;
  placed.key = record.key;
  placed.value = record.value;
  placed.timestamp_us = record.timestamp_us;
  placed.lineage = record.lineage;
  const auto end = std::find_if(history.outputs.begin(), history.outputs.end(),
                                [&](const OutputRecord& output) { return output.partition > partition; });
  history.outputs.insert(end, placed);
  placed.at_us = history.observed.back().at_us;
  history.observed.push_back(placed);
}

struct Law {
  const char* fact;
  Kinds kinds;
  std::function<void(History&)> change;
};

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
      {"the order of a key's windows", {"out-of-order"},
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

std::vector<Law> laws_of_checkpoints() {
  return {
      {"what was durable with it", {"unrestorable"},
       [](History& h) { h.stored.back().missing = {"chk-1/state-0"}; }},
      {"what was restored: an older one", {"stale-restore"}, [](History& h) { --last_restore(h).checkpoint; }},
      {"what was restored: none that was there", {"restored-unstored"},
       [](History& h) { last_restore(h).checkpoint += 1000; }},
      {"when it was durable", {"not-durable"},
       [](History& h) {
         const Event& complete =
             find(h.events, [](const Event& event) { return std::string_view(event.point) == "checkpoint.complete"; });
         stored(h, complete.checkpoint).durable_us = complete.at_us + 1;
       }},
      {"that the log settled", {"not-quiescent"},
       [](History& h) {
         h.quiescent = false;
         h.ended_us = std::max({h.healed_us, h.input_end_us, h.progress_us}) + h.liveness_bound_us;
       }},
      {"that faults had struck", {"unexplained-restart"},
       [](History& h) {
         h.slow.clear();
         h.bounds.checkpoint_us = h.bounds.result_us = h.bounds.commit_us = h.bounds.read_us = 0;
         for (FaultRecord& fault : h.faults) fault.fired = false;
       }},
  };
}

// What the disk's checkpoints hold is a second account of what was read and written: whoever changes one of the two has the
// cut checker say that they disagree. So it is left out where another fact is changed.
void forget_contents(History& history) {
  for (StoredCheckpoint& checkpoint : history.stored) {
    checkpoint.offsets.clear();
    checkpoint.state_known = false;
  }
}

StoredCheckpoint& middle_checkpoint(History& history) { return history.stored[history.stored.size() / 2]; }

std::vector<Law> laws_of_contents() {
  return {
      {"up to where a source had read", {"wrong-state"}, [](History& h) { middle_checkpoint(h).offsets[0] = 0; }},
      {"that a source had read anything", {"effect-before-cause", "wrong-state"},
       [](History& h) {
         for (StoredCheckpoint* each = h.stored.data(); each <= &middle_checkpoint(h); ++each) each->offsets[0] = 0;
       }},
      {"how much the state holds", {"wrong-state"}, [](History& h) { ++middle_checkpoint(h).held; }},
      {"what the state holds", {"wrong-state"}, [](History& h) { ++middle_checkpoint(h).held_sum; }},
  };
}

TEST(HistoryLaws, WhatACheckpointHoldsIsToldByTheCutChecker) {
  for (const Law& law : laws_of_contents()) {
    EXPECT_EQ(tests::kinds_of(judge_changed(law.change)), law.kinds) << law.fact;
  }
}

TEST(HistoryLaws, OneChangedFactIsToldByTheCheckerThatOwnsIt) {
  const Verdict right = judge_changed([](History&) {});
  ASSERT_EQ(right.outcome, Outcome::valid) << right.evidence;
  for (const auto& laws : {laws_of_the_log(), laws_of_results(), laws_of_the_reader(), laws_of_transactions(), laws_of_checkpoints()}) {
    for (const Law& law : laws) {
      const Verdict verdict = judge_changed([&](History& history) {
        forget_contents(history);
        law.change(history);
      });
      EXPECT_EQ(tests::kinds_of(verdict), law.kinds) << law.fact << ": " << verdict.evidence;
    }
  }
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
}  // namespace onceproof::scenarios
