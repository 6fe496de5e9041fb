// SPDX-License-Identifier: Apache-2.0
#include "checkers/restores.h"

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
  for (const Event& event : history.events) {
    const std::string_view point = event.point;
    if (point == "restore.begin") {
      check_restore(history, event, findings);
    } else if (point == "checkpoint.complete" && !was_durable(timeline, event.checkpoint, event.at_us)) {
      findings.add("not-durable", event.at_us, [&] {
        return fmt::format("checkpoint {} was called complete at {}, but the disk could still lose it",
                           event.checkpoint, time_text(event.at_us));
      });
    }
  }
}

}  // namespace onceproof::checkers
