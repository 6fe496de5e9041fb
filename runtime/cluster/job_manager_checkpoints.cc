// SPDX-License-Identifier: Apache-2.0
// What the job manager does for its checkpoint coordinator: who takes part, who is told.
#include <algorithm>

#include "runtime/cluster/job_manager.h"

namespace onceproof::cluster {

using env::MailKind;

namespace {
bool is_running(ExecutionState state) { return state == ExecutionState::running || state == ExecutionState::finishing; }
bool is_finished(ExecutionState state) { return state == ExecutionState::finished; }
}  // namespace

// Also when one of them has finished: then without it.
void JobManager::start_checkpoints_if_all_run() {
  if (!all_tasks([](ExecutionState state) { return is_running(state) || is_finished(state); })) return;
  coordinator_->start(plan_checkpoint());
  request_checkpoint_if_all_at_end();
}

// Every task waits for a checkpoint that covers its end: not for the next interval, but now.
void JobManager::request_checkpoint_if_all_at_end() {
  const bool all = all_tasks([](ExecutionState state) { return state == ExecutionState::finishing || is_finished(state); });
  if (all && coordinator_->running()) coordinator_->request_final();
}

// Flink: DefaultCheckpointPlanCalculator. Barriers enter at running tasks none of whose producers runs: sources, and
// what is left of a job whose sources have finished. A task that was restored as finished has no state to give, now or
// later: it takes part, and is stored as finished all the same.
checkpoint::CheckpointPlan JobManager::plan_checkpoint() const {
  const auto feeds = [&](const graph::Edge& edge, const Task& task) {
    const std::vector<int32_t> producers = graph_.producers(edge, task.id.subtask);
    return std::any_of(producers.begin(), producers.end(),
                       [&](int32_t subtask) { return is_running(task_of({edge.from, subtask}).state); });
  };
  checkpoint::CheckpointPlan plan;
  for (const Task& task : tasks_) {
    if (is_finished(task.state) || task.restored_finished) plan.finished.push_back(task.id);
    if (!is_running(task.state)) continue;
    const checkpoint::TaskAttempt attempt{task.attempt, task.id};
    plan.wait_for.push_back(attempt);
    const bool fed = std::any_of(graph_.edges.begin(), graph_.edges.end(), [&](const graph::Edge& edge) {
      return edge.to == task.id.vertex && feeds(edge, task);
    });
    if (!fed) plan.trigger.push_back(attempt);
  }
  plan.commit_to = plan.wait_for;
  return plan;
}

void JobManager::trigger(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint, TimeUs timestamp_us, bool) {
  const dataflow::TriggerCheckpoint message{checkpoint, timestamp_us};
  for (const checkpoint::TaskAttempt& each : plan.trigger) {
    for (const Task& task : tasks_) {
      if (task.attempt == each.attempt && is_running(task.state))
        env_.network().send({task.task_manager, task.attempt}, MailKind::trigger_checkpoint, encode(message));
    }
  }
}

// Fire and forget: a lost notification is repaired by the next one, by an abort's latest_completed, by a restore, and
// for a task that waits for it to finish by the next heartbeat.
void JobManager::notify(const checkpoint::CheckpointPlan& plan, MailKind kind, uint64_t checkpoint,
                        uint64_t latest_completed) {
  const Bytes message = encode(dataflow::NotifyCheckpoint{checkpoint, latest_completed});
  for (const checkpoint::TaskAttempt& each : plan.commit_to) {
    for (const Task& task : tasks_) {
      if (task.attempt == each.attempt && is_running(task.state))
        env_.network().send({task.task_manager, task.attempt}, kind, message);
    }
  }
}

void JobManager::notify_again(const Task& task) {
  const checkpoint::CompletedCheckpoint* latest = job_.checkpoint.enabled ? store_.latest() : nullptr;
  if (latest == nullptr) return;
  env_.network().send({task.task_manager, task.attempt}, MailKind::notify_checkpoint_complete,
                      encode(dataflow::NotifyCheckpoint{latest->id, latest->id}));
}

void JobManager::notify_complete(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint) {
  notify(plan, MailKind::notify_checkpoint_complete, checkpoint, checkpoint);
}

void JobManager::notify_aborted(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint,
                                uint64_t latest_completed) {
  notify(plan, MailKind::notify_checkpoint_aborted, checkpoint, latest_completed);
}

void JobManager::too_many_failures(const std::string& reason) {
  std::vector<Region*> all;
  for (Region& region : regions_) all.push_back(&region);
  fail_regions(all, reason);
}

}  // namespace onceproof::cluster
