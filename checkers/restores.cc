// SPDX-License-Identifier: Apache-2.0
#include "checkers/restores.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

bool there_at(const StoredCheckpoint& stored, TimeUs at_us) {
  return stored.durable_us <= at_us && (stored.gone_us < 0 || stored.gone_us >= at_us);
}

bool was_durable(const Timeline& timeline, uint64_t checkpoint, TimeUs at_us) {
  const std::optional<TimeUs> durable_us = timeline.durable_us(checkpoint);
  return durable_us && *durable_us <= at_us;
}

// The newest checkpoint on the disk at this time; null: none.
const StoredCheckpoint* newest(const History& history, TimeUs at_us) {
  const StoredCheckpoint* found = nullptr;
  for (const StoredCheckpoint& stored : history.stored) {
    if (there_at(stored, at_us) && (found == nullptr || stored.id > found->id)) found = &stored;
  }
  return found;
}

void check_restore(const History& history, const Event& event, Findings& findings) {
  const StoredCheckpoint* latest = newest(history, event.at_us);
  const uint64_t due = latest == nullptr ? 0 : latest->id;
  if (event.checkpoint == due) return;
  const std::string what = event.checkpoint == 0 ? "nothing" : fmt::format("checkpoint {}", event.checkpoint);
  if (event.checkpoint < due) {
    findings.add("stale-restore", event.at_us, [&] {
      return fmt::format("at {} {} was restored, although checkpoint {} was durable since {}", time_text(event.at_us),
                         what, due, time_text(latest->durable_us));
    }, {Subject::Of::restart, 0});
  } else {
    findings.add("restored-unstored", event.at_us, [&] {
      return fmt::format("at {} {} was restored, which was not in the store", time_text(event.at_us), what);
    }, {Subject::Of::restart, 0});
  }
}

// Until the job is over there is something to restore: a later one, once there was one.
void check_removals(const History& history, const Timeline& timeline, Findings& findings) {
  const bool over = history.job != JobStatus::running && timeline.job_status_us >= 0;
  for (const StoredCheckpoint& stored : history.stored) {
    if (stored.gone_us < 0 || (over && stored.gone_us >= timeline.job_status_us)) continue;
    const bool superseded = std::any_of(history.stored.begin(), history.stored.end(), [&](const StoredCheckpoint& other) {
      return other.id > stored.id && other.durable_us <= stored.gone_us;
    });
    if (superseded) continue;
    findings.add("discarded", stored.gone_us, [&] {
      return fmt::format("checkpoint {}, durable since {}, was removed at {}, when no later one was durable", stored.id,
                         time_text(stored.durable_us), time_text(stored.gone_us));
    });
  }
}

// The job manager's own list of checkpoints, where the history has one.
void check_records(const History& history, const Timeline& timeline, Findings& findings) {
  for (const StoredCheckpoint& stored : history.stored) {
    const auto own = std::find_if(history.checkpoints.begin(), history.checkpoints.end(),
                                  [&](const CheckpointRecord& each) { return each.id == stored.id; });
    if (history.checkpoints.empty() || (own != history.checkpoints.end() && own->triggered_us <= stored.durable_us)) continue;
    findings.add("untriggered", stored.durable_us, [&] {
      const bool never = own == history.checkpoints.end();
      return fmt::format("checkpoint {} was durable at {}, but {}", stored.id, time_text(stored.durable_us),
                         never ? "nobody triggered it" : "was triggered only at " + time_text(own->triggered_us));
    });
  }
  for (const CheckpointRecord& checkpoint : history.checkpoints) {
    if (checkpoint.outcome != CheckpointOutcome::completed || checkpoint.ended_us < 0) continue;
    if (was_durable(timeline, checkpoint.id, checkpoint.ended_us)) continue;
    findings.add("not-durable", checkpoint.ended_us, [&] {
      return fmt::format("checkpoint {} is said to have completed at {}, but the disk could still lose it", checkpoint.id,
                         time_text(checkpoint.ended_us));
    });
  }
}

}  // namespace

void check_restores(const History& history, const Timeline& timeline, std::vector<Finding>& out) {
  if (!history.store_recorded) return;
  Findings findings("restores", out);
  for (const StoredCheckpoint& stored : history.stored) {
    if (stored.missing.empty()) continue;
    findings.add("unrestorable", stored.durable_us, [&] {
      return fmt::format("checkpoint {} was stored at {}, but {} of it could not be restored then: {}", stored.id,
                         time_text(stored.durable_us), count_text(stored.missing.size(), "part"),
                         stored.missing.front());
    });
  }
  check_removals(history, timeline, findings);
  check_records(history, timeline, findings);
  const Event* restarted = nullptr;  // and nothing was restored since
  for (const Event& event : history.events) {
    const std::string_view point = event.point;
    if (point == "job.restart") {
      restarted = &event;
    } else if (point == "restore.begin") {
      restarted = nullptr;
      check_restore(history, event, findings);
    } else if (point == "checkpoint.trigger" && restarted != nullptr) {
      findings.add("unrestored", event.at_us, [&] {
        return fmt::format("the job was restarted at {} and went on: checkpoint {} was triggered at {}, and nothing had been "
                           "restored",
                           time_text(restarted->at_us), event.checkpoint, time_text(event.at_us));
      }, {Subject::Of::restart, 0});
      restarted = nullptr;
    } else if (point == "checkpoint.complete" && !was_durable(timeline, event.checkpoint, event.at_us)) {
      findings.add("not-durable", event.at_us, [&] {
        return fmt::format("checkpoint {} was called complete at {}, but the disk could still lose it",
                           event.checkpoint, time_text(event.at_us));
      });
    }
  }
}

}  // namespace onceproof::checkers
