// SPDX-License-Identifier: Apache-2.0
// The job manager's scheduling and failover (Flink: DefaultScheduler, RestartPipelinedRegionFailoverStrategy).
#include <fmt/format.h>

#include <algorithm>

#include "runtime/checkpoint/durable_counter.h"
#include "runtime/cluster/job_manager.h"

namespace onceproof::cluster {

using env::MailKind;
using env::Point;

namespace {
constexpr DurationUs kResourceWaitUs = seconds(2);
constexpr int kAttemptBits = 24;
constexpr const char* kGenerations = "checkpoints/generations";
}  // namespace

// ---- slots ---------------------------------------------------------------------------------------------

// One slot holds the same subtask index of every vertex (slot sharing). A slot stays where it is while its task
// manager lives; new ones go where most room is.
bool JobManager::assign_slots() {
  std::erase_if(slots_, [&](const auto& slot) { return !task_managers_.contains(slot.second); });
  for (int32_t index = 0; index < job_.plan.parallelism; ++index) {
    if (slots_.contains(index)) continue;
    env::ProcessId best = 0;
    int32_t most_free = 0;
    for (const auto& [process, info] : task_managers_) {
      int32_t free = info.slots;
      for (const auto& slot : slots_) free -= slot.second == process ? 1 : 0;
      if (free > most_free) {
        most_free = free;
        best = process;
      }
    }
    if (most_free == 0) return false;
    slots_[index] = best;
  }
  return true;
}

void JobManager::schedule() {
  if (status_ != JobStatus::running) return;
  const auto expected = static_cast<size_t>(options_.expected_task_managers);
  if (!deployed_once_ && task_managers_.size() < expected && env_.now() < started_us_ + kResourceWaitUs) {
    env_.scheduler().after(started_us_ + kResourceWaitUs - env_.now(), MailKind::registration_retry);
    return;
  }
  const bool waiting = std::any_of(regions_.begin(), regions_.end(),
                                   [](const Region& region) { return region.status == RegionStatus::waiting; });
  if (!waiting || !assign_slots()) return;
  prepare_deployment();
}

// A store write of unknown outcome must be settled first: restoring an older checkpoint aborts transactions that a
// later job manager could then believe committed. Then a generation, durable before it is used. When the storage
// refuses, schedule() asks again; while it hangs, nothing is deployed.
void JobManager::prepare_deployment() {
  if (preparing_) return;
  preparing_ = true;
  const auto again = [this] {
    preparing_ = false;
    env_.scheduler().after(job_.checkpoint.storage_retry_us, MailKind::registration_retry);
  };
  store_.settle_all([this, again](bool known) {
    if (!known) return again();
    checkpoint::reserve_numbers(env_.storage(), kGenerations, 1, [this, again](const Result<uint64_t>& generation) {
      if (!generation.ok()) return again();
      preparing_ = false;
      generation_ = generation.value();
      deploy_waiting();
    });
  });
}

// Task managers may have come and gone meanwhile.
void JobManager::deploy_waiting() {
  if (status_ != JobStatus::running || !assign_slots()) return;
  deployed_once_ = true;
  for (Region& region : regions_) {
    if (region.status == RegionStatus::waiting) deploy(region);
  }
}

void JobManager::deploy(Region& region) {
  region.status = RegionStatus::deployed;
  const checkpoint::CompletedCheckpoint* restored = job_.checkpoint.enabled ? store_.latest() : nullptr;
  for (Task* task : region.tasks) {  // all attempts first: descriptors name their producers
    task->attempt = (session_ << kAttemptBits) | ++next_attempt_;
    task->task_manager = slots_.at(task->id.subtask);
    task->status = TaskStatus::deploying;
    task->end_of_data = false;
  }
  env_.probe().hit(Point::restore_begin,
                   {.checkpoint = restored == nullptr ? 0 : restored->id, .value = region.tasks.size()});
  for (const Task* task : region.tasks) {
    env_.network().send({task->task_manager, env::kMainEndpoint}, MailKind::deploy_task,
                        encode(describe(*task, restored)));
  }
}

dataflow::TaskDescriptor JobManager::describe(const Task& task, const checkpoint::CompletedCheckpoint* restored) const {
  const graph::Vertex& vertex = graph_.vertices[static_cast<size_t>(task.id.vertex)];
  dataflow::TaskDescriptor descriptor;
  descriptor.session = session_;
  descriptor.attempt = task.attempt;
  descriptor.generation = generation_;
  descriptor.subtask = task.id;
  descriptor.name = vertex.name;
  descriptor.parallelism = vertex.parallelism;
  descriptor.max_parallelism = job_.plan.max_parallelism;
  descriptor.operators = vertex.operators;
  descriptor.job_manager = env_.network().self();
  descriptor.checkpoint = job_.checkpoint;
  descriptor.source = job_.source;
  descriptor.sink = job_.sink;
  descriptor.channel = job_.channel;
  descriptor.bugs = job_.bugs;
  for (const graph::Edge& edge : graph_.edges) {
    CHECK(edge.exchange == graph::Exchange::hash, "a forward edge is a chain");
    if (edge.from == task.id.vertex) {
      descriptor.outputs = static_cast<uint32_t>(graph_.vertices[static_cast<size_t>(edge.to)].parallelism);
    }
    if (edge.to != task.id.vertex) continue;
    for (const Task& producer : tasks_) {
      if (producer.id.vertex != edge.from) continue;
      descriptor.inputs.push_back({{producer.task_manager, producer.attempt}, static_cast<uint32_t>(task.id.subtask)});
    }
  }
  if (restored == nullptr) return descriptor;
  descriptor.restored_checkpoint = restored->id;
  for (const checkpoint::TaskState& state : restored->states) {
    if (state.subtask != task.id) continue;
    descriptor.state = state.inline_state;
    descriptor.state_file = state.file;
  }
  return descriptor;
}

// ---- failover ------------------------------------------------------------------------------------------

void JobManager::cancel(Task& task) {
  if (task.status == TaskStatus::none || task.status == TaskStatus::cancelling) return;
  if (task.status == TaskStatus::finished) {
    task.status = TaskStatus::none;
    return;
  }
  task.status = TaskStatus::cancelling;
  env_.network().send({task.task_manager, task.attempt}, MailKind::cancel_task, {});
}

void JobManager::fail_region(Region& region, const std::string& reason) {
  if (region.status != RegionStatus::deployed || status_ != JobStatus::running) return;
  const auto index = static_cast<size_t>(&region - regions_.data());
  region.status = RegionStatus::restarting;
  region.delay_over = false;
  coordinator_->stop(checkpoint::Reason::job_failover_region);
  for (Task* task : region.tasks) cancel(*task);
  if (++restarts_ > job_.restart.attempts) return fail_job("restart attempts exhausted; last failure: " + reason);
  env_.probe().hit(Point::job_restart, {.value = index, .text = reason});
  env_.scheduler().after(job_.restart.delay_us, MailKind::restart_delay, index, ++region.version);
}

void JobManager::fail_job(const std::string& reason) {
  coordinator_->stop(checkpoint::Reason::coordinator_suspend);
  for (Task& task : tasks_) cancel(task);
  set_status(JobStatus::failed, "failed: " + reason);
}

void JobManager::on_restart_delay(size_t index, uint64_t version) {
  Region& region = regions_[index];
  if (region.version != version) return;
  region.delay_over = true;
  restart_if_ready(region);
}

// The delay is over and every cancelled task has stopped (or its task manager is gone).
void JobManager::restart_if_ready(Region& region) {
  if (region.status != RegionStatus::restarting || !region.delay_over) return;
  for (const Task* task : region.tasks) {
    if (task->status == TaskStatus::cancelling) return;
  }
  region.status = RegionStatus::waiting;
  schedule();
}

void JobManager::start_checkpoints_if_all_run() {
  std::vector<const Task*> running;
  for (const Task& task : tasks_) {
    if (task.status != TaskStatus::running) return;  // NOT_ALL_REQUIRED_TASKS_RUNNING
    running.push_back(&task);
  }
  coordinator_->start(plan_of(running));
  const bool at_end = std::all_of(tasks_.begin(), tasks_.end(), [](const Task& task) { return task.end_of_data; });
  if (at_end) coordinator_->request_final();
}

// Flink: DefaultCheckpointPlanCalculator. The barrier begins where no running predecessor would bring it.
checkpoint::CheckpointPlan JobManager::plan_of(const std::vector<const Task*>& running) const {
  const auto runs = [&](int32_t vertex) {
    return std::any_of(running.begin(), running.end(), [&](const Task* task) { return task->id.vertex == vertex; });
  };
  checkpoint::CheckpointPlan plan;
  for (const Task* task : running) {
    const checkpoint::TaskAttempt attempt{task->attempt, task->id};
    plan.wait_for.push_back(attempt);
    const bool fed = std::any_of(graph_.edges.begin(), graph_.edges.end(), [&](const graph::Edge& edge) {
      return edge.to == task->id.vertex && runs(edge.from);
    });
    if (!fed) plan.trigger.push_back(attempt);
  }
  plan.commit_to = plan.wait_for;
  return plan;
}

// ---- the coordinator's host ----------------------------------------------------------------------------

void JobManager::trigger(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint, TimeUs timestamp_us,
                         bool final_checkpoint) {
  const dataflow::TriggerCheckpoint message{checkpoint, timestamp_us, static_cast<uint8_t>(final_checkpoint ? 1 : 0)};
  for (const checkpoint::TaskAttempt& each : plan.trigger) {
    const Task* task = find_attempt(each.attempt);
    if (task == nullptr) continue;
    env_.network().send({task->task_manager, task->attempt}, MailKind::trigger_checkpoint, encode(message));
  }
}

// Fire and forget: a lost notification is repaired by the next one, by an abort's latest_completed, or by a restore.
void JobManager::notify(const checkpoint::CheckpointPlan& plan, MailKind kind, uint64_t checkpoint,
                        uint64_t latest_completed) {
  for (const checkpoint::TaskAttempt& each : plan.commit_to) {
    const Task* task = find_attempt(each.attempt);
    if (task == nullptr || task->status != TaskStatus::running) continue;
    env_.network().send({task->task_manager, task->attempt}, kind,
                        encode(dataflow::NotifyCheckpoint{checkpoint, latest_completed}));
  }
}

void JobManager::notify_complete(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint) {
  notify(plan, MailKind::notify_checkpoint_complete, checkpoint, checkpoint);
}

void JobManager::notify_aborted(const checkpoint::CheckpointPlan& plan, uint64_t checkpoint,
                                uint64_t latest_completed) {
  notify(plan, MailKind::notify_checkpoint_aborted, checkpoint, latest_completed);
}

void JobManager::too_many_failures(const std::string& reason) {
  for (Region& region : regions_) fail_region(region, reason);
}

}  // namespace onceproof::cluster
