// SPDX-License-Identifier: Apache-2.0
#include "runtime/checkpoint/coordinator.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace onceproof::checkpoint {

using env::MailKind;
using env::Phase;
using env::Point;

namespace {
constexpr size_t kRecentExpired = 16;
}  // namespace

Coordinator::Coordinator(env::Env& env, const graph::CheckpointConfig& config, const SeededBugs& bugs,
                         CompletedCheckpointStore& store, CoordinatorHost& host, CheckpointIds& ids)
    : env_(env),
      config_(config),
      base_interval_us_(std::max(config.interval_us, config.min_pause_us)),
      bugs_(bugs),
      store_(store),
      host_(host),
      ids_(ids),
      random_(env.random().fork("checkpoint.first-delay")) {}

void Coordinator::move(Pending& pending, State to) {
  struct Transition {
    State from, to;
  };
  static constexpr Transition kTransitions[] = {
      {State::triggered, State::acknowledged}, {State::triggered, State::aborted},
      {State::acknowledged, State::storing},   {State::acknowledged, State::aborted},
      {State::storing, State::completed},      {State::storing, State::settling},
      {State::storing, State::aborted},        {State::settling, State::settling},
      {State::settling, State::completed},     {State::settling, State::aborted},
  };
  const bool known = std::any_of(std::begin(kTransitions), std::end(kTransitions),
                                 [&](const Transition& each) { return each.from == pending.state && each.to == to; });
  CHECK(known, "a pending checkpoint takes a way that its life cycle does not have");
  pending.state = to;
}

// ---- requests ------------------------------------------------------------------------------------------

void Coordinator::start(CheckpointPlan plan) {
  plan_ = std::make_shared<const CheckpointPlan>(std::move(plan));
  if (!config_.enabled || running_) return;
  running_ = true;
  final_ = Final::not_requested;
  periodic_queued_ = false;
  // What a failover settled may be newer than what was completed here.
  if (store_.latest() != nullptr) last_completed_ = std::max(last_completed_, store_.latest()->id);
  schedule_at(env_.now() + random_.between(config_.min_pause_us, base_interval_us_));
}

void Coordinator::stop(Reason reason) {
  running_ = false;
  env_.scheduler().cancel(interval_timer_);
  while (!pending_.empty()) abort(pending_.begin()->first, reason);
}

void Coordinator::schedule_at(TimeUs at_us) {
  env_.scheduler().cancel(interval_timer_);
  planned_us_ = std::max(at_us, env_.now());
  interval_timer_ = env_.scheduler().after(planned_us_ - env_.now(), MailKind::checkpoint_interval);
}

// At a fixed rate; what was missed while the job manager stood still is made up for once.
void Coordinator::on_interval() {
  if (!running_) return;
  schedule_at(planned_us_ + base_interval_us_);
  periodic_queued_ = true;
  run_queued();
}

void Coordinator::request_final() {
  if (final_ != Final::not_requested) return;
  final_ = Final::requested;
  run_queued();
}

// Runs what waits for room, the final checkpoint first: there is nothing to snapshot behind it. One that fails is
// tried again by the next periodic request.
void Coordinator::run_queued() {
  if (!running_ || final_ == Final::pending || final_ == Final::completed) return;
  if (final_ != Final::requested && !periodic_queued_) return;
  if (pending_.size() >= static_cast<size_t>(config_.max_concurrent)) return;  // runs when one of them is over
  // MINIMUM_TIME_BETWEEN_CHECKPOINTS: the pause counts from the last successful completion, not from the last attempt.
  const bool first = last_completion_us_ == kMinTimeUs;
  const TimeUs earliest_us = first ? kMinTimeUs : last_completion_us_ + config_.min_pause_us;
  if (final_ != Final::requested && earliest_us > env_.now()) {
    periodic_queued_ = false;
    return schedule_at(earliest_us);
  }
  const std::optional<uint64_t> id = ids_.take();
  if (!id) return schedule_at(env_.now() + config_.storage_retry_us);  // the storage has not given any yet
  periodic_queued_ = false;
  trigger(*id);
}

// The timeout's clock starts here: it covers the barriers' travel, alignment, both parts of the snapshots and all
// acknowledgements. Ids are burned even if the checkpoint fails; gaps are normal.
void Coordinator::trigger(uint64_t id) {
  Pending& pending = pending_[id];
  pending.plan = plan_;
  pending.triggered_us = env_.now();
  pending.final_checkpoint = final_ == Final::requested;
  if (pending.final_checkpoint) final_ = Final::pending;
  for (const TaskAttempt& task : plan_->wait_for) pending.missing[task.attempt] = task.subtask;
  pending.timeout = env_.scheduler().after(config_.timeout_us, MailKind::checkpoint_timeout, id);
  env_.probe().hit(Point::checkpoint_trigger, {.checkpoint = id, .value = pending.final_checkpoint ? 1u : 0u});
  host_.trigger(*plan_, id, pending.triggered_us, pending.final_checkpoint);
}

// ---- acknowledgements ----------------------------------------------------------------------------------

AckResult Coordinator::acknowledge(const TaskAttempt& task, uint64_t checkpoint, Bytes state, std::string file) {
  const auto found = pending_.find(checkpoint);
  if (found == pending_.end()) {
    discard(file);
    const bool expired = std::find(recent_expired_.begin(), recent_expired_.end(), checkpoint) != recent_expired_.end();
    return expired ? AckResult::expired : AckResult::late;
  }
  Pending& pending = found->second;
  const auto missing = pending.missing.find(task.attempt);
  if (missing == pending.missing.end()) {
    const bool planned = std::any_of(pending.plan->wait_for.begin(), pending.plan->wait_for.end(),
                                     [&](const TaskAttempt& each) { return each.attempt == task.attempt; });
    discard(file);  // spared when it is the one that was acknowledged
    return planned ? AckResult::duplicate : AckResult::unknown;
  }
  pending.missing.erase(missing);
  env_.probe().hit(Point::checkpoint_ack, {.vertex = task.subtask.vertex,
                                           .subtask = task.subtask.subtask,
                                           .checkpoint = checkpoint,
                                           .attempt = task.attempt});
  pending.states.push_back({task.subtask, std::move(state), std::move(file)});
  if (!pending.missing.empty()) return AckResult::success;
  move(pending, State::acknowledged);
  env_.scheduler().cancel(pending.timeout);
  if (bugs_.has(SeededBug::notify_before_store)) host_.notify_complete(*pending.plan, checkpoint);
  store(checkpoint);
  return AckResult::success;
}

// One is enough. Of attempts that are not in the plan, and of checkpoints that are not pending: ignored.
void Coordinator::decline(uint64_t attempt, uint64_t checkpoint, Reason reason) {
  const auto found = pending_.find(checkpoint);
  if (found == pending_.end()) return;
  const std::vector<TaskAttempt>& plan = found->second.plan->wait_for;
  if (std::any_of(plan.begin(), plan.end(), [&](const auto& task) { return task.attempt == attempt; })) {
    abort_alone(checkpoint, reason);
  }
}

void Coordinator::task_finished(uint64_t attempt) {
  std::vector<uint64_t> hopeless;
  for (const auto& [id, pending] : pending_) {
    if (pending.missing.contains(attempt)) hopeless.push_back(id);
  }
  for (const uint64_t id : hopeless) abort(id, Reason::declined_task_closing);
  run_queued();
}

// Only of the acknowledgements: what all tasks have acknowledged takes as long as the storage takes.
void Coordinator::on_timeout(uint64_t checkpoint) {
  const auto found = pending_.find(checkpoint);
  if (found == pending_.end() || found->second.state != State::triggered) return;
  recent_expired_.push_back(checkpoint);
  if (recent_expired_.size() > kRecentExpired) recent_expired_.pop_front();
  abort_alone(checkpoint, Reason::expired);
}

// ---- completion ----------------------------------------------------------------------------------------

void Coordinator::store(uint64_t checkpoint) {
  Pending& pending = pending_.at(checkpoint);
  move(pending, State::storing);
  env_.probe().hit(Point::checkpoint_store, Phase::before, {.checkpoint = checkpoint});
  store_.add({checkpoint, pending.triggered_us, env_.now(), pending.states, pending.plan->finished},
             [this, checkpoint](Outcome outcome) { stored(checkpoint, outcome); });
}

void Coordinator::on_settle(uint64_t checkpoint) {
  const auto found = pending_.find(checkpoint);
  if (found == pending_.end() || found->second.state != State::settling) return;
  store_.settle(checkpoint, [this, checkpoint](Outcome outcome) { stored(checkpoint, outcome); });
}

// Also of one that was aborted meanwhile: it is the latest in the store all the same, and what restores or asks for the
// latest goes by it.
void Coordinator::stored(uint64_t checkpoint, Outcome outcome) {
  if (outcome == Outcome::stored) {
    env_.probe().hit(Point::checkpoint_store, Phase::after, {.checkpoint = checkpoint});
  }
  const auto found = pending_.find(checkpoint);
  if (found == pending_.end()) return;
  switch (outcome) {
    case Outcome::stored: return complete(checkpoint);
    case Outcome::not_stored: return abort_alone(checkpoint, Reason::finalize_failure);
    case Outcome::unknown:  // it may be durable: neither complete nor abort until that is known
      move(found->second, State::settling);
      env_.scheduler().after(config_.storage_retry_us, MailKind::store_checkpoint, checkpoint);
      return;
  }
}

void Coordinator::complete(uint64_t checkpoint) {
  const auto found = pending_.find(checkpoint);
  move(found->second, State::completed);
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  if (pending.final_checkpoint) final_ = Final::completed;
  last_completion_us_ = env_.now();
  last_completed_ = checkpoint;
  consecutive_failures_ = 0;
  env_.probe().hit(Point::checkpoint_complete, {.checkpoint = checkpoint});
  while (!pending_.empty() && pending_.begin()->first < checkpoint) abort(pending_.begin()->first, Reason::subsumed);
  host_.notify_complete(*pending.plan, checkpoint);
  const std::vector<uint64_t> aborted = std::move(to_tidy_);
  to_tidy_.clear();
  for (const uint64_t id : aborted) store_.discard_directory(id);
  run_queued();
}

// The state that was acknowledged is removed; what tasks are still writing comes as a late acknowledgement, or is
// removed by its directory. The store spares what it was asked to store, and removes it when it does not.
void Coordinator::abort(uint64_t checkpoint, Reason reason) {
  const auto found = pending_.find(checkpoint);
  if (found == pending_.end()) return;
  move(found->second, State::aborted);
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  env_.scheduler().cancel(pending.timeout);
  if (pending.final_checkpoint) final_ = Final::requested;
  env_.probe().hit(Point::checkpoint_abort, {.checkpoint = checkpoint, .text = to_string(reason)});
  for (const TaskState& state : pending.states) discard(state.file);
  to_tidy_.push_back(checkpoint);
  host_.notify_aborted(*pending.plan, checkpoint, last_completed_);
  count_failure(reason);
}

// There is room again. A final one that failed waits for the next periodic request, lest it fails in a circle.
void Coordinator::abort_alone(uint64_t checkpoint, Reason reason) {
  const bool was_final = pending_.at(checkpoint).final_checkpoint;
  abort(checkpoint, reason);
  if (!was_final) run_queued();
}

// Once for each id, because an aborted checkpoint is no longer pending; and never for an id below the last completed
// one, because that one has subsumed it.
void Coordinator::count_failure(Reason reason) {
  if (!graph::info(reason).counts || ++consecutive_failures_ <= config_.tolerable_failures) return;
  consecutive_failures_ = 0;
  host_.too_many_failures(std::string("Exceeded checkpoint tolerable failure threshold: ") + to_string(reason));
}

// Not what a pending checkpoint needs; the store spares what it needs itself.
void Coordinator::discard(const std::string& file) {
  if (file.empty()) return;
  for (const auto& [id, pending] : pending_) {
    for (const TaskState& state : pending.states) {
      if (state.file == file) return;
    }
  }
  store_.discard_file(file);
}

}  // namespace onceproof::checkpoint
