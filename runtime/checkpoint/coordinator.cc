// SPDX-License-Identifier: Apache-2.0
#include "runtime/checkpoint/coordinator.h"

#include <algorithm>

namespace onceproof::checkpoint {

using env::MailKind;
using env::Phase;
using env::Point;

namespace {
// CheckpointFailureManager: only these count against the tolerable number of failures.
bool counts_as_failure(const std::string& reason) {
  return reason == "IO_EXCEPTION" || reason == "CHECKPOINT_ASYNC_EXCEPTION" || reason == "CHECKPOINT_DECLINED" ||
         reason == "CHECKPOINT_EXPIRED" || reason == "FINALIZE_CHECKPOINT_FAILURE";
}
}  // namespace

Coordinator::Coordinator(env::Env& env, const graph::CheckpointConfig& config, const SeededBugs& bugs,
                         CompletedCheckpointStore& store, CoordinatorHost& host, CheckpointIds& ids)
    : env_(env),
      config_(config),
      bugs_(bugs),
      store_(store),
      host_(host),
      ids_(ids),
      random_(env.random().fork("checkpoint.first-delay")) {
  if (store_.latest() != nullptr) last_completed_ = store_.latest()->id;
}

// ---- scheduling ----------------------------------------------------------------------------------------

void Coordinator::start(std::vector<RunningTask> tasks) {
  tasks_ = std::move(tasks);
  if (!config_.enabled) return;
  running_ = true;
  final_requested_ = false;
  schedule(random_.between(std::min(config_.min_pause_us, config_.interval_us), config_.interval_us));
}

void Coordinator::stop(const char* reason) {
  running_ = false;
  env_.scheduler().cancel(interval_timer_);
  while (!pending_.empty()) abort(pending_.begin()->first, reason);
}

void Coordinator::schedule(DurationUs delay_us) {
  env_.scheduler().cancel(interval_timer_);
  interval_timer_ = env_.scheduler().after(delay_us, MailKind::checkpoint_interval);
}

void Coordinator::on_interval() {
  if (!running_) return;
  if (pending_.size() >= static_cast<size_t>(config_.max_concurrent)) return schedule(config_.interval_us);
  // The pause counts from the last successful completion, not from the last attempt.
  const TimeUs now = env_.now();
  if (last_completion_us_ != kMinTimeUs && last_completion_us_ + config_.min_pause_us > now) {
    return schedule(last_completion_us_ + config_.min_pause_us - now);
  }
  schedule(config_.interval_us);
  trigger();
}

void Coordinator::request_final() {
  if (final_requested_) return;
  final_requested_ = true;
  if (running_ && pending_.empty()) {
    schedule(config_.interval_us);
    trigger();
  }
}

// The timeout's clock starts here: it covers the barriers' travel, alignment, both parts of the snapshots and all
// acknowledgements. Ids are burned even if the checkpoint fails; gaps are normal.
void Coordinator::trigger() {
  const std::optional<uint64_t> next = ids_.take();
  if (!next) return schedule(config_.storage_retry_us);
  const uint64_t id = *next;
  Pending& pending = pending_[id];
  pending.triggered_us = env_.now();
  for (const RunningTask& task : tasks_) pending.missing[task.attempt] = task.subtask;
  pending.timeout = env_.scheduler().after(config_.timeout_us, MailKind::checkpoint_timeout, id);
  env_.probe().hit(Point::checkpoint_trigger, {.checkpoint = id, .value = final_requested_ ? 1u : 0u});
  host_.trigger_sources(id, pending.triggered_us, final_requested_);
}

// ---- acknowledgements ----------------------------------------------------------------------------------

void Coordinator::acknowledge(const RunningTask& task, uint64_t checkpoint, Bytes state, std::string file) {
  const auto found = pending_.find(checkpoint);
  if (found == pending_.end() || found->second.storing) return;  // late: its files go when their directory goes
  Pending& pending = found->second;
  auto missing = pending.missing.find(task.attempt);
  if (missing == pending.missing.end() && bugs_.has(SeededBug::accept_stale_ack)) {
    missing = std::find_if(pending.missing.begin(), pending.missing.end(),
                           [&](const auto& entry) { return entry.second == task.subtask; });
  }
  if (missing == pending.missing.end()) return;  // DUPLICATE, or UNKNOWN: an attempt that is not in the plan
  pending.missing.erase(missing);
  env_.probe().hit(Point::checkpoint_ack, {.vertex = task.subtask.vertex,
                                           .subtask = task.subtask.subtask,
                                           .checkpoint = checkpoint,
                                           .attempt = task.attempt});
  pending.states.push_back({task.subtask, std::move(state), std::move(file)});
  if (!pending.missing.empty()) return;
  pending.storing = true;
  env_.scheduler().cancel(pending.timeout);
  if (bugs_.has(SeededBug::notify_before_store)) host_.notify_complete(checkpoint);
  store(checkpoint);
}

void Coordinator::decline(uint64_t attempt, uint64_t checkpoint, const std::string& reason) {
  const bool current = std::any_of(tasks_.begin(), tasks_.end(), [&](const auto& t) { return t.attempt == attempt; });
  if (current) abort(checkpoint, reason);
}

void Coordinator::on_timeout(uint64_t checkpoint) { abort(checkpoint, "CHECKPOINT_EXPIRED"); }

// ---- completion ----------------------------------------------------------------------------------------

void Coordinator::store(uint64_t checkpoint) {
  const Pending& pending = pending_.at(checkpoint);
  env_.probe().hit(Point::checkpoint_store, Phase::before, {.checkpoint = checkpoint});
  store_.add({checkpoint, pending.triggered_us, env_.now(), pending.states},
             [this, checkpoint](Outcome outcome) { on_stored(checkpoint, outcome); });
}

void Coordinator::on_settle(uint64_t checkpoint) {
  if (!pending_.contains(checkpoint)) return;
  store_.settle(checkpoint, [this, checkpoint](Outcome outcome) { on_stored(checkpoint, outcome); });
}

// Also of one that was aborted meanwhile: then the store alone keeps it.
void Coordinator::on_stored(uint64_t checkpoint, Outcome outcome) {
  if (!pending_.contains(checkpoint)) return;
  switch (outcome) {
    case Outcome::stored:
      env_.probe().hit(Point::checkpoint_store, Phase::after, {.checkpoint = checkpoint});
      return completed(checkpoint);
    case Outcome::not_stored: return abort(checkpoint, "FINALIZE_CHECKPOINT_FAILURE");
    case Outcome::unknown:  // it may be durable: neither complete nor abort until that is known
      env_.scheduler().after(config_.storage_retry_us, MailKind::store_checkpoint, checkpoint);
      return;
  }
}

void Coordinator::completed(uint64_t checkpoint) {
  pending_.erase(checkpoint);
  last_completion_us_ = env_.now();
  last_completed_ = checkpoint;
  consecutive_failures_ = 0;
  env_.probe().hit(Point::checkpoint_complete, {.checkpoint = checkpoint});
  while (!pending_.empty() && pending_.begin()->first < checkpoint)
    abort(pending_.begin()->first, "CHECKPOINT_SUBSUMED");
  host_.notify_complete(checkpoint);
  if (final_requested_ && running_ && pending_.empty()) schedule(0);  // the final one could not be triggered before
}

void Coordinator::abort(uint64_t checkpoint, const std::string& reason) {
  const auto found = pending_.find(checkpoint);
  if (found == pending_.end()) return;
  // What is being written may become durable; it is settled before anything is restored (JobManager::schedule).
  env_.scheduler().cancel(found->second.timeout);
  pending_.erase(found);
  env_.probe().hit(Point::checkpoint_abort, {.checkpoint = checkpoint, .text = reason});
  host_.notify_aborted(checkpoint, last_completed_);
  count_failure(checkpoint, reason);
}

void Coordinator::count_failure(uint64_t checkpoint, const std::string& reason) {
  if (!counts_as_failure(reason) || checkpoint <= last_completed_) return;
  if (++consecutive_failures_ <= config_.tolerable_failures) return;
  consecutive_failures_ = 0;
  host_.too_many_failures("Exceeded checkpoint tolerable failure threshold: " + reason);
}

}  // namespace onceproof::checkpoint
