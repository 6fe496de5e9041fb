// SPDX-License-Identifier: Apache-2.0
// Laws of the log's own times, of the checkpoints and of what they hold: one changed fact is told by the checker that owns it.
#include "tests/support/history_laws.h"

namespace onceproof::tests {
namespace {

TransactionRecord& transaction_of(History& history, const OutputRecord& output) {
  return find(history.transactions, [&](const TransactionRecord& t) {
    return t.producer_id == output.producer_id && t.epoch == output.epoch && t.number == output.transaction;
  });
}
TransactionRecord& aborted(History& history) {
  return find(history.transactions, [](const TransactionRecord& t) { return t.outcome == TransactionOutcome::aborted; });
}

std::vector<Law> laws_of_the_protocol() {
  return {
      {"when a record was written: before its transaction began", {"stray-write"},
       [](History& h) { any_output(h).at_us = transaction_of(h, any_output(h)).begun_us - 1; }},
      {"when it was decided: behind its markers", {"early-marker"},
       [](History& h) {
         TransactionRecord& transaction = transaction_of(h, any_output(h));
         transaction.decided_us = any_output(h).decided_us + 1;
         transaction.completed_us = std::max(transaction.completed_us, transaction.decided_us);
       }},
      {"when it was complete: before its markers", {"late-marker"},
       [](History& h) {
         TransactionRecord& transaction = transaction_of(h, any_output(h));
         transaction.completed_us = any_output(h).decided_us - 1;
         transaction.decided_us = std::min(transaction.decided_us, transaction.completed_us);
       }},
      {"one record's marker", {"two-markers"},
       [](History& h) {
         ++transaction_of(h, any_output(h)).completed_us;
         ++any_output(h).decided_us;
       }},
      {"that it was decided before it was complete", {"disordered"},
       [](History& h) {
         TransactionRecord& transaction = aborted(h);
         for (OutputRecord& output : h.outputs) {
           if (output.producer_id == transaction.producer_id) output.decided_us = -1;
         }
         transaction.completed_us = transaction.decided_us - 1;
       }},
      {"that one id has one transaction at a time", {"overlapping"},
       [](History& h) {
         TransactionRecord another = aborted(h);
         ++another.number;
         h.transactions.push_back(another);
       }},
      {"when it was read: before its checkpoint was durable", {"uncertified-read"},
       [](History& h) {
         const OutputRecord first = any_output(h);
         for (OutputRecord& output : h.outputs) output.decided_us = -1;  // no marker tells
         const TimeUs durable_us = stored(h, transaction_of(h, first).checkpoint).durable_us;
         for (OutputRecord& read : h.observed) {
           if (read.partition == first.partition) read.at_us = std::min(read.at_us, durable_us - 1);
           if (same_place(read, first)) break;
         }
       }},
  };
}

std::vector<Law> laws_of_checkpoints() {
  return {
      {"that it was there until a later one was", {"discarded"},
       [](History& h) { h.stored.back().gone_us = h.stored.back().durable_us + 1; }},
      {"when it was triggered", {"untriggered"},
       [](History& h) { h.checkpoints.front().triggered_us = stored(h, h.checkpoints.front().id).durable_us + 1; }},
      {"that it was triggered", {"untriggered"}, [](History& h) { h.checkpoints.erase(h.checkpoints.begin()); }},
      {"when it is said to have completed", {"not-durable"},
       [](History& h) { --h.checkpoints.front().ended_us; }},
      {"that anything was restored", {"unrestored"},
       [](History& h) {
         bool first = true;
         std::erase_if(h.events, [&](const Event& event) {
           return std::string_view(event.point) == "restore.begin" && !std::exchange(first, false);
         });
       }},
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
      {"in which window and key it holds it", {"wrong-state"}, [](History& h) { ++middle_checkpoint(h).placed_sum; }},
      {"which transactions it names", {"forgotten"},
       [](History& h) {
         StoredCheckpoint& named = find(h.stored, [](const StoredCheckpoint& s) { return !s.pending.empty(); });
         named.pending.pop_back();
       }},
  };
}

TEST(ProtocolLaws, WhatACheckpointHoldsIsToldByTheCutChecker) {
  for (const Law& law : laws_of_contents()) {
    EXPECT_EQ(kinds_of(judge_changed(law.change)), law.kinds) << law.fact;
  }
}

TEST(ProtocolLaws, OneChangedFactIsToldByTheCheckerThatOwnsIt) {
  expect_told(laws_of_the_protocol());
  expect_told(laws_of_checkpoints());
}

}  // namespace
}  // namespace onceproof::tests
