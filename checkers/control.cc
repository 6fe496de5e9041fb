// SPDX-License-Identifier: Apache-2.0
#include "checkers/control.h"

#include <algorithm>

#include <fmt/format.h>

#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

// A fault that was in force, or whose consequences were not yet mended.
bool struck_before(const History& history, TimeUs at_us) {
  return std::any_of(history.faults.begin(), history.faults.end(), [&](const FaultRecord& fault) {
    const TimeUs over_us = std::max(fault.fired_us, fault.healed_us);
    const DurationUs reach_us = history.bounds.detection_us;
    return fault.fired && fault.effective && fault.fired_us <= at_us && (reach_us == 0 || at_us <= over_us + reach_us);
  });
}

bool struck_between(const History& history, TimeUs from_us, TimeUs until_us) {
  return std::any_of(history.faults.begin(), history.faults.end(), [&](const FaultRecord& fault) {
    return fault.fired && fault.effective && fault.fired_us >= from_us && fault.fired_us <= until_us;
  });
}

// Had a source asked for records behind the restored cut? Without a record of what was asked, every restart counts.
bool rewinds(const History& history, const Restart& restart) {
  if (history.asked.empty()) return true;
  TimeUs cut_us = 0;
  for (const CheckpointRecord& checkpoint : history.checkpoints) {
    if (checkpoint.id == restart.checkpoint) cut_us = checkpoint.triggered_us;
  }
  for (const std::vector<Asked>& partition : history.asked) {
    for (const Asked& asked : partition) {
      if (asked.offset > 0 && asked.at_us > cut_us && asked.at_us <= restart.at_us) return true;
    }
  }
  return false;
}

// Which transactions have records that were aborted.
std::vector<uint8_t> with_aborted_records(const History& history, const Timeline& timeline) {
  std::vector<uint8_t> found(history.transactions.size(), 0);
  for (const OutputRecord& output : history.outputs) {
    if (output.visibility != Visibility::aborted) continue;
    if (const auto transaction = timeline.transactions.find(output).transaction) found[*transaction] = 1;
  }
  return found;
}

struct Weaker {
  const Verdict* most = nullptr;
  const Verdict* least = nullptr;
  const Verdict* exactly = nullptr;
  bool shows_loss() const { return most != nullptr && most->counts.lost > 0; }
  bool shows_double() const { return least != nullptr && least->counts.duplicated > 0; }
};

std::string shown_text(const Weaker& runs) {
  if (runs.shows_loss() && runs.shows_double()) {
    return fmt::format("at-most-once lost {} and at-least-once doubled {}", runs.most->counts.lost,
                       runs.least->counts.duplicated);
  }
  if (runs.shows_loss()) {
    return fmt::format("at-most-once lost {}{}", runs.most->counts.lost,
                       runs.least != nullptr ? ", although at-least-once doubled nothing" : "");
  }
  if (runs.shows_double()) {
    return fmt::format("at-least-once doubled {}{}", runs.least->counts.duplicated,
                       runs.most != nullptr ? ", although at-most-once lost nothing" : "");
  }
  if (runs.most == nullptr) return "at-least-once doubled nothing";
  if (runs.least == nullptr) return "at-most-once lost nothing";
  return "at-most-once lost nothing and at-least-once doubled nothing";
}

// What is drawn alike strikes each run at the moment that it waits for: a point that is reached, a time that comes.
bool same_instants(const Weaker& runs) {
  const std::vector<TimeUs>& own = runs.exactly->trial.struck_us;
  for (const Verdict* other : {runs.most, runs.least}) {
    if (other == nullptr) continue;
    for (size_t i = 0; i < std::min(own.size(), other->trial.struck_us.size()); ++i) {
      if (own[i] >= 0 && other->trial.struck_us[i] >= 0 && own[i] != other->trial.struck_us[i]) return false;
    }
  }
  return true;
}

std::string trial_text(const Trial& trial) {
  std::string text;
  const auto join = [&text](uint32_t count, const char* noun, const char* what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count_text(count, noun), what);
  };
  join(trial.rewinds, "restart", "with a rewind");
  join(trial.aborted, "transaction", "aborted under way");
  join(trial.recovered, "transaction", "committed behind a restart");
  return text;
}

}  // namespace

Trial trial_of(const History& history, const Timeline& timeline) {
  Trial trial;
  for (const FaultRecord& fault : history.faults) trial.struck_us.push_back(fault.fired ? fault.fired_us : -1);
  for (const Restart& restart : timeline.restarts) {
    trial.rewinds += struck_before(history, restart.at_us) && rewinds(history, restart) ? 1 : 0;
  }
  const std::vector<uint8_t> lost_records = with_aborted_records(history, timeline);
  for (size_t i = 0; i < history.transactions.size(); ++i) {
    const TransactionRecord& transaction = history.transactions[i];
    if (transaction.begun_us < 0 || !struck_between(history, transaction.begun_us, transaction.decided_us)) continue;
    if (transaction.outcome == TransactionOutcome::aborted) {
      trial.aborted += lost_records[i];
    } else if (transaction.outcome == TransactionOutcome::committed && transaction.checkpoint != 0) {
      trial.recovered += std::any_of(timeline.restarts.begin(), timeline.restarts.end(), [&](const Restart& restart) {
        return restart.at_us > transaction.begun_us && restart.at_us <= transaction.decided_us;
      });
    }
  }
  return trial;
}

Control control(const std::vector<const Verdict*>& verdicts) {
  Weaker runs;
  for (const Verdict* verdict : verdicts) {
    if (verdict->claimed == Guarantee::at_most_once && runs.most == nullptr) runs.most = verdict;
    if (verdict->claimed == Guarantee::at_least_once) runs.least = verdict;
    if (verdict->claimed == Guarantee::exactly_once) runs.exactly = verdict;
  }
  Control control;
  if (runs.most == nullptr && runs.least == nullptr) {
    control.reason = "no weaker guarantee was run with this seed";
    control.sentence =
        "none: " + control.reason + "; --guarantee at-most-once and --guarantee at-least-once show what its faults do";
    return control;
  }
  const bool damage = runs.shows_loss() || runs.shows_double();
  std::string same = "the same seed and faults";
  if (runs.exactly == nullptr) {
    control.reason = "no run of this seed claims exactly-once";
  } else if (!damage) {
    control.reason = "this seed is no evidence for exactly-once";
  } else if (!runs.exactly->trial.any()) {
    control.reason =
        "exactly-once was not put to the test: no fault struck its own run while a transaction or state was at stake";
  } else {
    control.effective = true;
    control.reason = "exactly-once was put to the test: " + trial_text(runs.exactly->trial);
    if (!same_instants(runs)) same += " (which strike at other instants)";
  }
  control.sentence = fmt::format("under {} {}; {}", same, shown_text(runs), control.reason);
  return control;
}

Control control(const std::vector<Verdict>& verdicts) {
  std::vector<const Verdict*> pointers;
  for (const Verdict& verdict : verdicts) pointers.push_back(&verdict);
  return control(pointers);
}

}  // namespace onceproof::checkers
