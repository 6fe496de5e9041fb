// SPDX-License-Identifier: Apache-2.0
#include "checkers/timeline.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

using std::string_view;

bool is(const Event& event, string_view point) { return point == event.point; }

bool is_blow(const Event& event) {
  return is(event, "process.crash") || is(event, "process.pause") || is(event, "network.partition");
}

std::string blow_text(const History& history, const Event& event) {
  const char* what = is(event, "process.crash") ? "crash" : is(event, "process.pause") ? "pause" : "partition";
  return fmt::format("the {} of {} at {}", what, process_name(history, event.process), time_text(event.at_us));
}

// The last blow before `end` that struck `process`.
const Event* last_blow(const History& history, size_t end, uint64_t process, bool crashes_only) {
  const std::string name = process_name(history, process);
  for (size_t i = end; i-- > 0;) {
    const Event& event = history.events[i];
    if (!is_blow(event) || (crashes_only && !is(event, "process.crash"))) continue;
    if (event.process == process || (is(event, "network.partition") && event.text == name)) return &event;
  }
  return nullptr;
}

struct Cause {
  std::string text;
  TimeUs at_us = -1;
};

// The cause of the restore at events[end], from what happened since events[start].
Cause cause_of(const History& history, size_t start, size_t end) {
  const Event* crash = nullptr;
  const Event* failure = nullptr;
  for (size_t i = start; i < end; ++i) {
    const Event& event = history.events[i];
    if (is(event, "task-manager.lost")) {
      const Event* blow = last_blow(history, i, event.value, false);
      if (blow != nullptr) return {blow_text(history, *blow), blow->at_us};
      return {fmt::format("the loss of {} at {}", process_name(history, event.value), time_text(event.at_us)),
              event.at_us};
    }
    if (is(event, "leader.elect")) {
      const Event* blow = last_blow(history, i, event.process, true);
      if (blow != nullptr) return {blow_text(history, *blow), blow->at_us};
    }
    if (is(event, "process.crash") && process_name(history, event.process).find("manager") != std::string::npos) {
      crash = &event;
    }
    if (is(event, "job.restart") && failure == nullptr) failure = &event;
  }
  if (crash != nullptr) return {blow_text(history, *crash), crash->at_us};
  if (failure == nullptr) return {};
  return {fmt::format("the failure at {} ({})", time_text(failure->at_us), failure->text), failure->at_us};
}

void note_durable(Timeline& timeline, uint64_t checkpoint, TimeUs at_us) {
  if (checkpoint == 0) return;
  const auto [entry, fresh] = timeline.durable_us.emplace(checkpoint, at_us);
  if (!fresh) entry->second = std::min(entry->second, at_us);
}

void note_restart(Timeline& timeline, const History& history, size_t start, size_t index) {
  const Event& event = history.events[index];
  Cause cause = cause_of(history, start, index);
  Restart restart{event.at_us, event.checkpoint, std::move(cause.text), cause.at_us};
  if (!timeline.restarts.empty()) {
    const Restart& last = timeline.restarts.back();  // regions of one failover are redeployed at the same instant
    if (last.at_us == restart.at_us && last.checkpoint == restart.checkpoint) return;
  }
  timeline.restarts.push_back(std::move(restart));
}

}  // namespace

std::optional<TimeUs> Timeline::committable_us(uint64_t checkpoint) const {
  std::optional<TimeUs> earliest;
  for (auto it = durable_us.lower_bound(checkpoint); it != durable_us.end(); ++it) {
    if (!earliest || it->second < *earliest) earliest = it->second;
  }
  return earliest;
}

std::string process_name(const History& history, uint64_t process) {
  if (process < history.processes.size()) return history.processes[process];
  return fmt::format("process {}", process);
}

Timeline read_timeline(const History& history) {
  Timeline timeline;
  for (const StoredCheckpoint& stored : history.stored) note_durable(timeline, stored.id, stored.durable_us);
  // Without the disk's own record: what the job manager said.
  const bool told = !history.store_recorded;
  for (const CheckpointRecord& checkpoint : history.checkpoints) {
    if (!told || checkpoint.outcome != CheckpointOutcome::completed) continue;
    note_durable(timeline, checkpoint.id, checkpoint.ended_us);
  }
  string_view status;
  bool deployed = false;
  TimeUs deployed_us = -1;
  size_t since = 0;
  for (size_t i = 0; i < history.events.size(); ++i) {
    const Event& event = history.events[i];
    const string_view point = event.point;
    if (point == "process.crash") {
      timeline.crashes.push_back({event.at_us, event.process});
    } else if (point == "sink.pre-commit" && !event.before) {
      timeline.pre_commits.push_back({event.at_us, event.process, event.checkpoint, event.value, event.epoch});
    } else if ((point == "checkpoint.store" && !event.before) || point == "leader.elect") {
      if (told) note_durable(timeline, event.checkpoint, event.at_us);
    } else if (point == "restore.begin") {
      // What is restored must have been durable, also when the store's own answer was lost.
      if (told) note_durable(timeline, event.checkpoint, event.at_us);
      if (deployed && event.at_us != deployed_us) {
        note_restart(timeline, history, since, i);
        since = i;
      } else if (!deployed) {
        deployed_us = event.at_us;
        since = i;
      }
      deployed = true;
    } else if (point == "job.status") {  // a job manager that comes back behind the job's end says it again
      if (timeline.job_status_us < 0 || event.text != status) timeline.job_status_us = event.at_us;
      status = event.text;
    }
  }
  return timeline;
}

}  // namespace onceproof::checkers
