// SPDX-License-Identifier: Apache-2.0
#include "checkers/progress.h"

#include <algorithm>

#include <fmt/format.h>

#include "checkers/due.h"
#include "checkers/findings.h"
#include "checkers/output_finder.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

struct Judging {
  const History& history;
  const Calm& calm;
  Findings& findings;

  // More calm time than the bound allows.
  bool too_long(TimeUs from_us, TimeUs until_us, DurationUs bound_us) const {
    if (bound_us <= 0 || until_us - from_us <= bound_us) return false;
    return calm.between(from_us, until_us) > bound_us;
  }
  std::string lateness(TimeUs from_us, TimeUs until_us, DurationUs bound_us) const {
    return fmt::format("{} later, of which {} nothing excuses; the bound is {}", time_text(until_us - from_us),
                       time_text(calm.between(from_us, until_us)), time_text(bound_us));
  }
};

// ---- checkpoints -----------------------------------------------------------------------------------------

void check_checkpoints(const Judging& judging, const Timeline& timeline) {
  const History& history = judging.history;
  const DurationUs bound_us = history.bounds.checkpoint_us;
  if (bound_us == 0 || !history.store_recorded) return;
  const bool over = history.job != JobStatus::running && timeline.job_status_us >= 0;
  const TimeUs end_us = over ? timeline.job_status_us : history.ended_us;
  TimeUs last_us = 0;
  const auto look = [&](TimeUs until_us) {
    if (judging.too_long(last_us, until_us, bound_us)) {
      judging.findings.add("checkpoint-gap", until_us, [&] {
        return fmt::format("no checkpoint completed between {} and {}, although nothing excuses {} of that; the bound "
                           "is {}",
                           time_text(last_us), time_text(until_us), time_text(judging.calm.between(last_us, until_us)),
                           time_text(bound_us));
      });
    }
    last_us = until_us;
  };
  std::vector<TimeUs> durable;
  for (const StoredCheckpoint& stored : history.stored) durable.push_back(stored.durable_us);
  std::sort(durable.begin(), durable.end());
  for (const TimeUs at_us : durable) look(std::min(at_us, end_us));
  look(end_us);
}

// ---- results ---------------------------------------------------------------------------------------------

// When each window was due behind a restart: asked for few of them, and only once something seems late.
class DueAfterRestarts {
 public:
  DueAfterRestarts(const History& history, const Reference& reference, const Timeline& timeline)
      : history_(history), reference_(reference), restarts_(timeline.restarts), windows_(restarts_.size()) {}

  // From when on it alone was late: due once, each restart before it came made it due anew.
  TimeUs late_since(const Judging& judging, TimeUs window_end_us, TimeUs due_us, TimeUs came_us, DurationUs bound_us) {
    if (!reference_.windowed()) return due_us;
    for (size_t i = 0; i < restarts_.size() && restarts_[i].at_us < came_us; ++i) {
      if (judging.too_long(due_us, restarts_[i].at_us, bound_us)) return due_us;
      if (windows_[i].empty()) windows_[i] = windows_due_after(history_, reference_, restarts_[i]);
      const auto anew = windows_[i].find(window_end_us);
      if (anew == windows_[i].end()) return due_us;
      due_us = std::max({due_us, restarts_[i].at_us, anew->second});
    }
    return due_us;
  }

 private:
  const History& history_;
  const Reference& reference_;
  const std::vector<Restart>& restarts_;
  std::vector<WindowsDue> windows_;
};

void check_results(const Judging& judging, const Reference& reference, const Delivery& delivery, const Timeline& timeline) {
  const History& history = judging.history;
  const DurationUs bound_us = history.bounds.result_us;
  if (bound_us == 0 || !asked_recorded(history, reference)) return;
  std::vector<TimeUs> first(reference.results().size(), kMaxTimeUs);
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    if (!delivery.sound[i]) continue;
    TimeUs& at_us = first[delivery.result[i]];
    at_us = std::min(at_us, history.outputs[i].at_us);
  }
  const std::vector<TimeUs> due = results_due_us(history, reference);
  DueAfterRestarts after(history, reference, timeline);
  for (uint32_t r = 0; r < first.size(); ++r) {
    if (first[r] == kMaxTimeUs) continue;  // it never came: the delivery checker's to tell
    if (!judging.too_long(due[r], first[r], bound_us)) continue;
    const TimeUs end_us = reference.results()[r].window_end_us;
    const TimeUs due_us = after.late_since(judging, end_us, due[r], first[r], bound_us);
    if (!judging.too_long(due_us, first[r], bound_us)) continue;
    judging.findings.add("late-result", first[r], [&] {
      return fmt::format("the result for {} was due at {}, when the source was done with all that lets it out, and came {}",
                         result_text(reference, r), time_text(due_us), judging.lateness(due_us, first[r], bound_us));
    });
  }
}

// ---- commits and reads -----------------------------------------------------------------------------------

void check_commits(const Judging& judging, const Timeline& timeline) {
  const DurationUs bound_us = judging.history.bounds.commit_us;
  for (const TransactionRecord& transaction : judging.history.transactions) {
    if (transaction.outcome != TransactionOutcome::committed || transaction.checkpoint == 0) continue;
    const auto durable_us = timeline.committable_us(transaction.checkpoint);
    if (!durable_us || !judging.too_long(*durable_us, transaction.decided_us, bound_us)) continue;
    judging.findings.add("late-commit", transaction.decided_us, [&] {
      return fmt::format("transaction {} of checkpoint {}, which was stored at {}, was committed {}",
                         quoted(transaction.transactional_id), transaction.checkpoint, time_text(*durable_us),
                         judging.lateness(*durable_us, transaction.decided_us, bound_us));
    });
  }
}

// A record can be read when its own transaction and all that began before it in its partition are decided.
std::vector<TimeUs> readable_us(const History& history) {
  std::vector<TimeUs> readable(history.outputs.size(), kMaxTimeUs);
  int32_t partition = -1;
  TimeUs latest_us = 0;
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (output.partition != partition) {
      partition = output.partition;
      latest_us = 0;
    }
    const bool unknown = output.visibility == Visibility::open || output.at_us < 0;
    latest_us = unknown ? kMaxTimeUs : std::max({latest_us, output.at_us, output.decided_us});
    readable[i] = latest_us;
  }
  return readable;
}

void check_reads(const Judging& judging) {
  const History& history = judging.history;
  if (history.bounds.read_us == 0) return;
  // A reader waits for no recovery of the job: beyond what the log needs, of a fault only what it lasts excuses it.
  const DurationUs log_us = history.bounds.log_recovery_us;
  const Calm no_recovery(history, 0);
  const Judging own{history, no_recovery, judging.findings};
  const DurationUs own_bound_us = log_us == 0 ? 0 : history.bounds.read_us + log_us;
  const std::vector<TimeUs> readable = readable_us(history);
  OutputFinder finder(history);
  for (const OutputRecord& read : history.observed) {
    const size_t index = finder.find(read);
    if (index == readable.size()) continue;
    const TimeUs since_us = readable[index];
    const bool late = judging.too_long(since_us, read.at_us, history.bounds.read_us);
    if (!late && !own.too_long(since_us, read.at_us, own_bound_us)) continue;
    judging.findings.add("late-read", read.at_us, [&] {
      const std::string lateness = late ? judging.lateness(since_us, read.at_us, history.bounds.read_us)
                                        : own.lateness(since_us, read.at_us, own_bound_us);
      return fmt::format("{} could be read from {} on and was given to the reader {}", output_text(read),
                         time_text(since_us), lateness);
    });
  }
}

}  // namespace

void check_progress(const History& history, const Reference& reference, const Delivery& delivery,
                    const Timeline& timeline, const Calm& calm, std::vector<Finding>& out) {
  Findings findings("progress", out);
  const Judging judging{history, calm, findings};
  check_checkpoints(judging, timeline);
  check_results(judging, reference, delivery, timeline);
  check_commits(judging, timeline);
  check_reads(judging);
}

}  // namespace onceproof::checkers
