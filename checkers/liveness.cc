// SPDX-License-Identifier: Apache-2.0
#include "checkers/liveness.h"

#include <algorithm>

#include <fmt/format.h>

#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

std::string since_text(const History& history) {
  if (history.progress_us > std::max(history.healed_us, history.input_end_us)) {
    return fmt::format("nothing has gone further since {}", time_text(history.progress_us));
  }
  if (history.healed_us > 0 && history.healed_us >= history.input_end_us) {
    return fmt::format("the last fault was over at {}", time_text(history.healed_us));
  }
  return fmt::format("the last input record was available at {}", time_text(history.input_end_us));
}

// How much of this time the world itself was slow. A step that made a timeout strike costs the job a recovery, too.
DurationUs slow_between(const History& history, TimeUs from_us, TimeUs until_us) {
  std::vector<Span> spans = history.slow;
  const DurationUs strike_us = history.bounds.strike_us;
  for (Span& span : spans) {
    if (strike_us > 0 && span.until_us - span.from_us >= strike_us) span.until_us += history.bounds.recovery_us;
  }
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.from_us < b.from_us; });
  DurationUs slow_us = 0;
  for (const Span& span : spans) {
    const TimeUs begin_us = std::max(span.from_us, from_us);
    const TimeUs end_us = std::min(span.until_us, until_us);
    if (end_us <= begin_us) continue;
    slow_us += end_us - begin_us;
    from_us = end_us;
  }
  return slow_us;
}

// Half of it: no timeout of the job's can tell such a world from one that stands still.
bool mostly_slow(const History& history, TimeUs from_us, TimeUs until_us) {
  return until_us > from_us && 2 * slow_between(history, from_us, until_us) >= until_us - from_us;
}

// The job's own end cuts checkpoints off: tasks finish one by one, and refuse those that come then.
bool cut_off_by_the_end(const CheckpointRecord& checkpoint) {
  return checkpoint.reason == "CHECKPOINT_DECLINED_TASK_CLOSING" ||
         checkpoint.reason == "CHECKPOINT_COORDINATOR_SUSPEND";
}

// Checkpoints were tried after healing, more than once, and none completed. Those that a finished job cut off prove
// nothing.
void check_checkpoints(const History& history, bool finished, Findings& findings) {
  if (history.checkpoints.empty() || history.healed_us <= 0) return;
  uint64_t failed = 0;
  for (const CheckpointRecord& checkpoint : history.checkpoints) {
    const bool completed = checkpoint.outcome == CheckpointOutcome::completed;
    if (completed && checkpoint.ended_us > history.healed_us) return;
    if (finished && cut_off_by_the_end(checkpoint)) continue;
    failed += !completed && checkpoint.triggered_us > history.healed_us ? 1 : 0;
  }
  if (finished && failed < 2) return;
  if (mostly_slow(history, history.healed_us, history.ended_us)) return;
  findings.add("no-checkpoint", -1, [&] {
    return fmt::format("no checkpoint completed after the last fault was over at {}; {} triggered since",
                       time_text(history.healed_us), failed == 1 ? "1 was" : fmt::format("{} were", failed));
  });
}

}  // namespace

Liveness check_liveness(const History& history, const Timeline& timeline, std::vector<Finding>& out) {
  Liveness liveness;
  const bool finished = history.job == JobStatus::finished;
  if (history.job == JobStatus::failed) {
    liveness.why = fmt::format("the job failed: {}",
                               history.job_reason.empty() ? std::string("no reason was recorded") : history.job_reason);
    return liveness;
  }
  const TimeUs since_us = std::max({history.healed_us, history.input_end_us, history.progress_us});
  const TimeUs due_us = since_us + history.liveness_bound_us;
  const bool over = history.liveness_bound_us > 0 && history.ended_us >= due_us;
  liveness.complete = finished && history.quiescent;
  liveness.settled = liveness.complete || over;
  if (!liveness.settled) {
    liveness.why = fmt::format("the run was stopped at {} with the job {}{}, before the liveness bound at {}",
                               time_text(history.ended_us), to_string(history.job),
                               finished ? " and its log not quiescent" : "", time_text(due_us));
    return liveness;
  }
  Findings findings("liveness", out);
  const bool owed = history.no_progress_owed.empty();
  if (!finished && !owed) {
    return {false, false, "the job came to no end, which this configuration allows: " + history.no_progress_owed};
  }
  if (!finished && mostly_slow(history, since_us, history.ended_us)) {
    const DurationUs slow_us = slow_between(history, since_us, history.ended_us);
    return {false, false, fmt::format("the job had not finished at {}: {}, but the world itself was slow for {} of the {} "
                                      "since: mails, messages or calls of the storage took longer than the timeouts bear",
                                      time_text(history.ended_us), since_text(history), time_text(slow_us),
                                      time_text(history.ended_us - since_us))};
  }
  if (owed) check_checkpoints(history, finished, findings);
  const bool late = owed && finished && history.liveness_bound_us > 0 && timeline.job_status_us > due_us &&
                    !mostly_slow(history, since_us, timeline.job_status_us);
  if (!finished || late) {
    findings.add("stuck", finished ? timeline.job_status_us : history.ended_us, [&] {
      const std::string what = late ? fmt::format("finished only at {}", time_text(timeline.job_status_us))
                                    : fmt::format("had not finished at {}", time_text(history.ended_us));
      return fmt::format("the job {}: {} and the bound is {}", what, since_text(history),
                         time_text(history.liveness_bound_us));
    });
  } else if (!history.quiescent) {
    findings.add("not-quiescent", history.ended_us, [&] {
      return fmt::format("the job finished, but at {} the sink log's last stable offset had not reached its end",
                         time_text(history.ended_us));
    });
  }
  return liveness;
}

}  // namespace onceproof::checkers
