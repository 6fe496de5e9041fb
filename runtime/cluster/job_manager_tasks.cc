// SPDX-License-Identifier: Apache-2.0
// What task managers say of tasks: answers, reports, and with each heartbeat all that they run (Flink:
// ExecutionDeploymentReconciler). Reports come late, twice or not at all; they move an execution forward only, and
// what was missed is said again by the next heartbeat.
#include <algorithm>
#include <set>

#include "runtime/cluster/job_manager.h"

namespace onceproof::cluster {

using dataflow::TaskState;
using env::MailKind;
using env::Point;

JobManager::Task* JobManager::find_attempt(uint64_t attempt, env::ProcessId on) {
  for (Task& task : tasks_) {
    if (task.attempt == attempt && task.task_manager == on && task.state != ExecutionState::idle) return &task;
  }
  return nullptr;
}

JobManager::Region& JobManager::region_of(const Task& task) {
  return regions_[static_cast<size_t>(graph_.region_of(task.id))];
}

const JobManager::Task& JobManager::task_of(graph::SubtaskId id) const {
  const auto found = std::lower_bound(tasks_.begin(), tasks_.end(), id, [](const Task& task, graph::SubtaskId wanted) { return task.id < wanted; });
  CHECK(found != tasks_.end() && found->id == id, "no such subtask");
  return *found;
}

bool JobManager::all_tasks(bool (*holds)(ExecutionState)) const {
  return std::all_of(tasks_.begin(), tasks_.end(), [&](const Task& task) { return holds(task.state); });
}

void JobManager::go(Task& task, ExecutionState state) {
  task.state.go(state);
  if (state == ExecutionState::idle) {
    task.accepted = false;
    task.deployment.clear();
  }
  env_.probe().hit(Point::execution_state, {.vertex = task.id.vertex,
                                            .subtask = task.id.subtask,
                                            .attempt = task.attempt,
                                            .text = task.state.name()});
}

// ---- answers -------------------------------------------------------------------------------------------

void JobManager::accepted(Task& task) {
  if (!task.accepted) task.known_round = heartbeat_round_;
  task.accepted = true;
  task.deployment.clear();
  if (task.state == ExecutionState::deploying) go(task, ExecutionState::initializing);
}

void JobManager::on_deploy_answer(const DeployAnswer& answer, env::ProcessId from) {
  Task* task = find_attempt(answer.attempt, from);
  if (task == nullptr) return;
  if (answer.outcome == DeployOutcome::accepted) return accepted(*task);
  if (task->state != ExecutionState::deploying) return;  // of an earlier copy, or it is being cancelled anyway
  switch (answer.outcome) {
    case DeployOutcome::accepted:
    case DeployOutcome::not_registered: return;  // our answer to its registration is on its way: asked again in a while
    case DeployOutcome::wrong_session:
    case DeployOutcome::wrong_incarnation: return lose_task_manager(from, to_string(answer.outcome), true);
    case DeployOutcome::attempt_over:
    case DeployOutcome::no_slot: return gone(*task, std::string("deployment refused: ") + to_string(answer.outcome));
  }
}

void JobManager::on_cancel_done(uint64_t attempt, env::ProcessId from) {
  Task* task = find_attempt(attempt, from);
  if (task != nullptr && task->state == ExecutionState::cancelling) gone(*task, "");
}

// The attempt runs no more.
void JobManager::gone(Task& task, const std::string& reason) {
  Region& region = region_of(task);
  go(task, ExecutionState::idle);
  if (region.state == RegionState::restarting) return restart_if_ready(region);
  fail_region(region, reason);
}

// When every sink of a region has fenced, no sink of a later deployment need look at earlier generations again.
void JobManager::on_sink_fenced(uint64_t attempt, env::ProcessId from) {
  Task* reporting = find_attempt(attempt, from);
  if (reporting == nullptr) return;
  reporting->fenced = true;
  Region& region = region_of(*reporting);
  for (const Task* task : region.tasks) {
    if (graph_.has_sink(task->id.vertex) && !task->fenced) return;
  }
  region.fenced_generation = region.generation;
}

// ---- reports -------------------------------------------------------------------------------------------

void JobManager::on_task_state(const dataflow::TaskStateReport& report, env::ProcessId from) {
  const AttemptOf attempt{session_, report.attempt};
  if (dataflow::is_terminal(report.state)) tell(from, MailKind::forget_task, attempt);
  Task* task = find_attempt(report.attempt, from);
  if (task == nullptr) {  // nobody wants it: written off, or never known here
    if (!dataflow::is_terminal(report.state)) tell(from, MailKind::cancel_task, attempt);
    return;
  }
  if (task->state == ExecutionState::finished) return;
  switch (report.state) {
    case TaskState::created:
    case TaskState::initializing:
    case TaskState::running:
    case TaskState::finishing: return on_progress(*task, report.state);
    case TaskState::finished:
      if (task->state == ExecutionState::cancelling) return gone(*task, "");
      return on_progress(*task, report.state);
    case TaskState::canceled:
    case TaskState::failed:
      if (report.failure == dataflow::Failure::permanent)  // a restart would meet the same again
        return end_job(JobState::failed, "failed: " + report.reason);
      return gone(*task, report.reason.empty() ? "task canceled" : report.reason);
  }
}

// Up to what was reported, through every state on the way, as if each had been reported in time.
void JobManager::on_progress(Task& task, TaskState reported) {
  accepted(task);
  if (task.state == ExecutionState::initializing && reported >= TaskState::running) {
    go(task, ExecutionState::running);
    start_checkpoints_if_all_run();
  }
  if (task.state == ExecutionState::running && reported >= TaskState::finishing) {
    go(task, ExecutionState::finishing);
    request_checkpoint_if_all_at_end();
  }
  if (task.state != ExecutionState::finishing || reported != TaskState::finished) return;
  go(task, ExecutionState::finished);
  Region& region = region_of(task);
  const auto finished = [](const Task* other) { return other->state == ExecutionState::finished; };
  if (std::all_of(region.tasks.begin(), region.tasks.end(), finished)) region.state.go(RegionState::finished);
  if (all_tasks([](ExecutionState state) { return state == ExecutionState::finished; })) {
    end_job(JobState::finished, "");
  } else {
    start_checkpoints_if_all_run();
    coordinator_->task_finished(task.attempt);
  }
}

// ---- reconciliation ------------------------------------------------------------------------------------

void JobManager::on_heartbeat_reply(const HeartbeatReply& reply, env::ProcessId from) {
  const auto info = task_managers_.find(from);
  if (info == task_managers_.end() || info->second.incarnation != reply.incarnation)
    return tell(from, MailKind::disconnect_task_manager, HeartbeatRequest{session_, reply.incarnation, 0});
  info->second.last_reply_us = env_.now();
  if (state_ != JobState::running) return;
  for (const dataflow::TaskStateReport& report : reply.attempts) {
    if (state_ != JobState::running) return;
    on_task_state(report, from);
    const Task* task = find_attempt(report.attempt, from);
    if (task != nullptr && task->state == ExecutionState::finishing) notify_again(*task);
  }
  for (Task& task : tasks_) {
    const bool expected = task.task_manager == from && task.accepted && reply.round > task.known_round &&
                          task.state != ExecutionState::idle && task.state != ExecutionState::finished;
    if (!expected || state_ != JobState::running) continue;
    const bool listed = std::any_of(reply.attempts.begin(), reply.attempts.end(),
                                    [&](const auto& report) { return report.attempt == task.attempt; });
    if (!listed) gone(task, "its task manager does not know the attempt");
  }
}

}  // namespace onceproof::cluster
