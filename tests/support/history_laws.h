// SPDX-License-Identifier: Apache-2.0
// Laws for every checker, on a real run with restarts that is right: change one fact of its history, and the checker that
// owns the fact says so and no other does. Here is the run, how to find its facts, and how a law is held to it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "scenarios/search/session.h"
#include "scenarios/history/pipeline.h"
#include "tests/support/history_text.h"

namespace onceproof::tests {

using namespace checkers;
using namespace scenarios;
using Kinds = std::set<std::string>;

// Written and read.
inline const HistoryDocument& right_run() {
  static const HistoryDocument document = [] {
    Request request;
    request.scenario = "word-count";
    auto session = Session::open(request);
    CHECK(session.ok(), session.error().message.c_str());
    const RunPlan plan = session.value().plans(1).value().back();
    return document_of(text_of(session.value().run(plan).take(), to_steps(plan.pipeline))).take();
  }();
  return document;
}

inline Verdict judge_changed(const std::function<void(History&)>& change) {
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

inline bool same_place(const OutputRecord& a, const OutputRecord& b) {
  return a.partition == b.partition && a.offset == b.offset;
}
inline OutputRecord& read_of(History& history, const OutputRecord& output) {
  return find(history.observed, [&](const OutputRecord& read) { return same_place(read, output); });
}
inline void erase_read_of(History& history, const OutputRecord& output) {
  std::erase_if(history.observed, [&](const OutputRecord& read) { return same_place(read, output); });
}

// A committed record in the middle of its partition and after the last restart, which counts several words.
inline OutputRecord& any_output(History& history) {
  return find(history.outputs, [&](const OutputRecord& output) {
    const bool late = output.at_us > history.healed_us && output.offset > 20;
    return output.visibility == Visibility::committed && late && output.lineage.size() > 1;
  });
}
inline TransactionRecord& committed(History& history) {
  return find(history.transactions,
              [](const TransactionRecord& t) { return t.outcome == TransactionOutcome::committed; });
}
inline StoredCheckpoint& stored(History& history, uint64_t id) {
  return find(history.stored, [&](const StoredCheckpoint& s) { return s.id == id; });
}
inline Event& last_restore(History& history) {
  Event* last = nullptr;
  for (Event& event : history.events) {
    if (std::string_view(event.point) == "restore.begin" && event.checkpoint > 0) last = &event;
  }
  CHECK(last != nullptr, "the run restores nothing: take another seed");
  return *last;
}

// The record, as if it had been written again at the end of this partition by the last transaction there, and read.
inline void append(History& history, OutputRecord record, int32_t partition) {
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

// What the disk's checkpoints hold is a second account of what was read and written: whoever changes one of the two has the
// cut checker say that they disagree. So it is left out where another fact is changed.
inline void forget_contents(History& history) {
  for (StoredCheckpoint& checkpoint : history.stored) {
    checkpoint.offsets.clear();
    checkpoint.state_known = false;
  }
}

// Each law's change is told by the kinds that it names, and by no other.
inline void expect_told(const std::vector<Law>& laws) {
  for (const Law& law : laws) {
    const Verdict verdict = judge_changed([&](History& history) {
      forget_contents(history);
      law.change(history);
    });
    EXPECT_EQ(kinds_of(verdict), law.kinds) << law.fact << ": " << verdict.evidence;
  }
}

}  // namespace onceproof::tests
