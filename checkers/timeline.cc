// SPDX-License-Identifier: Apache-2.0
#include "checkers/timeline.h"

#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

using std::string_view;

bool is(const Event& event, string_view point) { return point == event.point; }

Blow blow_of(const Event& event) {
  if (is(event, "process.crash")) return Blow::crash;
  if (is(event, "process.pause")) return Blow::pause;
  return is(event, "network.partition") ? Blow::partition : Blow::none;
}

// Runs the job: a broker's or a reader's crash is not what restarts it.
bool is_manager(const History& history, const Event& event) {
  return process_name(history, event.process).find("manager") != std::string::npos;
}

class Reader {
 public:
  explicit Reader(const History& history) : history_(history) {}

  Timeline read() {
    timeline_.transactions = TransactionIndex(history_);
    note_records();
    for (uint32_t i = 0; i < history_.events.size(); ++i) look(i);
    finish();
    return std::move(timeline_);
  }

 private:
  const Event& event(uint32_t index) const { return history_.events[index]; }

  // ---- causes of restarts --------------------------------------------------------------------------------

  RestartCause struck_by(uint32_t index) const {
    const Event& blow = event(index);
    return {blow_of(blow), blow.process, blow.at_us, index};
  }

  // The last blow before events[end] that struck `process`.
  std::optional<RestartCause> last_blow(uint32_t end, uint64_t process, bool crashes_only) const {
    const std::string name = process_name(history_, process);
    for (auto blow = blows_.rbegin(); blow != blows_.rend(); ++blow) {
      if (*blow >= end) continue;
      const Event& each = event(*blow);
      if (crashes_only && !is(each, "process.crash")) continue;
      if (each.process == process || (is(each, "network.partition") && each.text == name)) return struck_by(*blow);
    }
    return std::nullopt;
  }

  // The cause of the restore at events[end], from what happened since the one before.
  RestartCause cause_of(uint32_t end) const {
    uint32_t crash = kNoEvent;
    uint32_t failure = kNoEvent;
    for (uint32_t i = since_; i < end; ++i) {
      const Event& each = event(i);
      if (is(each, "task-manager.lost")) {
        if (const auto blow = last_blow(i, each.value, false)) return *blow;
        return {Blow::lost, static_cast<uint16_t>(each.value), each.at_us, i};
      }
      if (is(each, "leader.elect")) {
        if (const auto blow = last_blow(i, each.process, true)) return *blow;
      }
      if (is(each, "process.crash") && is_manager(history_, each)) crash = i;
      if (is(each, "job.restart") && failure == kNoEvent) failure = i;
    }
    if (crash != kNoEvent) return struck_by(crash);
    if (failure == kNoEvent) return {};
    return {Blow::failure, event(failure).process, event(failure).at_us, failure};
  }

  void note_restore(uint32_t index) {
    const Event& restore = event(index);
    if (timeline_.deployments_us.empty()) {
      timeline_.deployments_us.push_back(restore.at_us);
    } else if (restore.at_us != timeline_.deployments_us.front()) {
      const bool another = timeline_.restarts.empty() || timeline_.restarts.back().at_us != restore.at_us ||
                           timeline_.restarts.back().checkpoint != restore.checkpoint;
      if (another) {  // regions of one failover are deployed again at the same instant
        timeline_.restarts.push_back({restore.at_us, restore.checkpoint, cause_of(index), torn_down_us_, -1, {}});
        timeline_.deployments_us.push_back(restore.at_us);
      }
      torn_down_us_ = -1;
      since_ = index;
      return;
    }
    since_ = index;
  }

  // ---- outages -------------------------------------------------------------------------------------------

  void begin_outage(Outage::Kind kind, const Event& at, std::string peer = {}) {
    timeline_.outages.push_back({kind, at.process, at.at_us, -1, std::move(peer)});
  }
  void end_outage(Outage::Kind kind, const Event& at, string_view peer = {}) {
    for (Outage& outage : timeline_.outages) {
      if (outage.until_us >= 0 || outage.kind != kind || outage.process != at.process || outage.peer != peer) continue;
      outage.until_us = at.at_us;
      return;
    }
  }

  void look_at_process(uint32_t index) {
    const Event& each = event(index);
    const Blow blow = blow_of(each);
    if (blow != Blow::none) blows_.push_back(index);
    switch (blow) {
      case Blow::crash:
        end_outage(Outage::Kind::paused, each);
        begin_outage(Outage::Kind::down, each);
        break;
      case Blow::pause: begin_outage(Outage::Kind::paused, each); break;
      case Blow::partition: begin_outage(Outage::Kind::cut, each, each.text); break;
      default: break;
    }
    if (is(each, "process.restart")) end_outage(Outage::Kind::down, each);
    if (is(each, "process.resume")) end_outage(Outage::Kind::paused, each);
    if (is(each, "network.heal")) end_outage(Outage::Kind::cut, each, each.text);
  }

  // ---- checkpoints ---------------------------------------------------------------------------------------

  CheckpointLife& life(uint64_t id) {
    CheckpointLife& checkpoint = lives_[id];
    checkpoint.id = id;
    return checkpoint;
  }
  void note_durable(uint64_t id, TimeUs at_us) {
    if (id == 0) return;
    CheckpointLife& checkpoint = life(id);
    checkpoint.durable_us = checkpoint.durable_us < 0 ? at_us : std::min(checkpoint.durable_us, at_us);
  }
  void note_told(uint64_t id, TimeUs at_us) {  // without the disk's own record: what the job manager said
    if (!history_.store_recorded) note_durable(id, at_us);
  }

  void note_records() {
    for (const CheckpointRecord& checkpoint : history_.checkpoints) {
      life(checkpoint.id).triggered_us = checkpoint.triggered_us;
      if (checkpoint.outcome == CheckpointOutcome::completed) note_told(checkpoint.id, checkpoint.ended_us);
    }
    for (const StoredCheckpoint& stored : history_.stored) note_durable(stored.id, stored.durable_us);
    for (const TransactionRecord& transaction : history_.transactions) {
      if (transaction.checkpoint == 0 || transaction.outcome != TransactionOutcome::committed) continue;
      CheckpointLife& checkpoint = life(transaction.checkpoint);
      checkpoint.committed_us = std::max(checkpoint.committed_us, transaction.decided_us);
    }
  }

  void finish() {
    TimeUs earliest_us = -1;
    for (auto entry = lives_.rbegin(); entry != lives_.rend(); ++entry) {
      CheckpointLife& checkpoint = entry->second;
      const bool earlier = earliest_us < 0 || checkpoint.durable_us < earliest_us;
      if (checkpoint.durable_us >= 0 && earlier) earliest_us = checkpoint.durable_us;
      checkpoint.committable_us = earliest_us;
    }
    for (const auto& [id, checkpoint] : lives_) timeline_.checkpoints.push_back(checkpoint);
  }

  // ---- one event -----------------------------------------------------------------------------------------

  void look(uint32_t index) {
    const Event& each = event(index);
    const string_view point = each.point;
    switch (point.empty() ? '\0' : point[0]) {  // most events are none of these
      case 'p':
      case 'n': look_at_process(index); break;
      case 'c':
        if (point == "checkpoint.store" && !each.before) note_told(each.checkpoint, each.at_us);
        break;
      case 'l':
        if (point != "leader.elect") break;
        note_told(each.checkpoint, each.at_us);
        if (torn_down_us_ < 0 && !timeline_.deployments_us.empty()) torn_down_us_ = each.at_us;
        break;
      case 's':
        if (point != "sink.pre-commit" || each.before) break;
        timeline_.pre_commits.push_back(
            {each.at_us, each.process, each.checkpoint, each.attempt, each.value, each.epoch});
        break;
      case 'r': look_at_restore(index); break;
      case 'j': look_at_job(each); break;
      default: break;
    }
  }

  void look_at_restore(uint32_t index) {
    const Event& each = event(index);
    if (is(each, "restore.begin")) {
      // What is restored must have been durable, also when the store's own answer was lost.
      note_told(each.checkpoint, each.at_us);
      note_restore(index);
    } else if (is(each, "restore.done") && !timeline_.restarts.empty()) {
      timeline_.restarts.back().running_us = each.at_us;
      if (each.vertex == 0) timeline_.restarts.back().sources.push_back(each.subtask);
    }
  }

  void look_at_job(const Event& each) {
    if (is(each, "job.restart") && torn_down_us_ < 0) torn_down_us_ = each.at_us;
    if (!is(each, "job.status")) return;  // a job manager that comes back behind the job's end says it again
    if (timeline_.job_status_us < 0 || each.text != status_) timeline_.job_status_us = each.at_us;
    status_ = each.text;
  }

  const History& history_;
  Timeline timeline_;
  std::map<uint64_t, CheckpointLife> lives_;
  std::vector<uint32_t> blows_;  // events
  uint32_t since_ = 0;           // the event of the last restore
  TimeUs torn_down_us_ = -1;
  string_view status_;
};

}  // namespace

const CheckpointLife* Timeline::checkpoint(uint64_t id) const {
  const auto found = std::lower_bound(checkpoints.begin(), checkpoints.end(), id,
                                      [](const CheckpointLife& life, uint64_t wanted) { return life.id < wanted; });
  return found == checkpoints.end() || found->id != id ? nullptr : &*found;
}

std::optional<TimeUs> Timeline::durable_us(uint64_t id) const {
  const CheckpointLife* life = checkpoint(id);
  if (life == nullptr || life->durable_us < 0) return std::nullopt;
  return life->durable_us;
}

std::optional<TimeUs> Timeline::committable_us(uint64_t id) const {
  const auto found = std::lower_bound(checkpoints.begin(), checkpoints.end(), id,
                                      [](const CheckpointLife& life, uint64_t wanted) { return life.id < wanted; });
  if (found == checkpoints.end() || found->committable_us < 0) return std::nullopt;
  return found->committable_us;
}

uint32_t Timeline::restarts_before(TimeUs at_us) const {
  const auto later = std::upper_bound(restarts.begin(), restarts.end(), at_us,
                                      [](TimeUs at, const Restart& restart) { return at < restart.at_us; });
  return static_cast<uint32_t>(later - restarts.begin());
}

std::string process_name(const History& history, uint64_t process) {
  if (process < history.processes.size()) return history.processes[process];
  return fmt::format("process {}", process);
}

std::string cause_text(const History& history, const RestartCause& cause) {
  const std::string who = process_name(history, cause.process);
  const std::string when = time_text(cause.at_us);
  switch (cause.blow) {
    case Blow::none: break;
    case Blow::crash: return fmt::format("the crash of {} at {}", who, when);
    case Blow::pause: return fmt::format("the pause of {} at {}", who, when);
    case Blow::partition: return fmt::format("the partition of {} at {}", who, when);
    case Blow::lost: {
      const std::string& why = history.events[cause.event].text;
      return fmt::format("the loss of {} at {}{}", who, when, why.empty() ? "" : " (" + why + ")");
    }
    case Blow::failure: return fmt::format("the failure at {} ({})", when, history.events[cause.event].text);
  }
  return {};
}

Timeline read_timeline(const History& history) { return Reader(history).read(); }

}  // namespace onceproof::checkers
