// SPDX-License-Identifier: Apache-2.0
// The job manager's scheduling and failover (Flink: DefaultScheduler, RestartPipelinedRegionFailoverStrategy).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runtime/checkpoint/durable_counter.h"
#include "runtime/cluster/job_manager.h"

namespace onceproof::cluster {

using env::MailKind;
using env::Point;

namespace {
constexpr int kAttemptBits = 24;
constexpr const char* kGenerations = "checkpoints/generations";
}  // namespace

// ---- slots ---------------------------------------------------------------------------------------------

// One slot holds the same subtask index of every vertex (slot sharing). A slot stays where it is while its task
// manager lives; new ones go where most room is.
bool JobManager::assign_slots() {
  std::erase_if(slots_, [&](const auto& slot) { return !task_managers_.contains(slot.second); });
  for (int32_t index = 0; index < graph_.slots(); ++index) {
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
  if (state_ != JobState::running) return;
  const auto expected = static_cast<size_t>(options_.expected_task_managers);
  if (!deployed_once_ && task_managers_.size() < expected && env_.now() < started_us_ + job_.cluster.resource_wait_us) {
    env_.scheduler().after(started_us_ + job_.cluster.resource_wait_us - env_.now(), MailKind::registration_retry);
    return;
  }
  const bool waiting = std::any_of(regions_.begin(), regions_.end(),
                                   [](const Region& region) { return region.state == RegionState::waiting; });
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
  if (state_ != JobState::running || !assign_slots()) return;
  deployed_once_ = true;
  for (Region& region : regions_) {
    if (region.state == RegionState::waiting) deploy(region);
  }
}

void JobManager::deploy(Region& region) {
  region.state.go(RegionState::deployed);
  region.generation = generation_;
  const checkpoint::CompletedCheckpoint* restored = job_.checkpoint.enabled ? store_.latest() : nullptr;
  for (Task* task : region.tasks) {  // all attempts first: descriptors name their producers
    task->attempt = (session_ << kAttemptBits) | ++next_attempt_;
    task->task_manager = slots_.at(task->id.subtask);
    task->fenced = false;
    task->restored_finished = restored != nullptr && std::find(restored->finished.begin(), restored->finished.end(),
                                                               task->id) != restored->finished.end();
    go(*task, ExecutionState::deploying);
  }
  env_.probe().hit(Point::restore_begin,
                   {.checkpoint = restored == nullptr ? 0 : restored->id, .value = region.tasks.size()});
  for (Task* task : region.tasks) {
    const uint64_t incarnation = task_managers_.at(task->task_manager).incarnation;
    task->deployment = encode(DeployTask{incarnation, describe(*task, restored)});
  }
  ++region.version;
  region.tries = 0;
  on_deploy_deadline(index_of(region), region.version);
}

// Asks (again) for every task of the region that was not answered for.
void JobManager::on_deploy_deadline(size_t index, uint64_t version) {
  Region& region = regions_[index];
  if (region.version != version || region.state != RegionState::deployed) return;
  std::vector<const Task*> unanswered;
  for (const Task* task : region.tasks) {
    if (task->state == ExecutionState::deploying) unanswered.push_back(task);
  }
  if (unanswered.empty()) return;
  if (region.tries++ >= job_.cluster.deploy_tries) return fail_region(region, "a deployment was not answered");
  for (const Task* task : unanswered) {
    env_.network().send({task->task_manager, env::kMainEndpoint}, MailKind::deploy_task, task->deployment);
  }
  env_.scheduler().after(job_.cluster.deploy_timeout_us, MailKind::deploy_deadline, index, version);
}

dataflow::TaskDescriptor JobManager::describe(const Task& task, const checkpoint::CompletedCheckpoint* restored) const {
  const graph::Vertex& vertex = graph_.vertices[static_cast<size_t>(task.id.vertex)];
  dataflow::TaskDescriptor descriptor;
  descriptor.session = session_;
  descriptor.attempt = task.attempt;
  descriptor.generation = generation_;
  descriptor.fenced_generation = regions_[static_cast<size_t>(graph_.region_of(task.id))].fenced_generation;
  descriptor.subtask = task.id;
  descriptor.name = vertex.name;
  descriptor.parallelism = vertex.parallelism;
  descriptor.max_parallelism = graph_.logical.max_parallelism;
  descriptor.job_manager = env_.network().self();
  descriptor.checkpoint = job_.checkpoint;
  descriptor.source = job_.source;
  descriptor.sink = job_.sink;
  descriptor.channel = job_.channel;
  descriptor.bugs = job_.bugs;
  for (const graph::Edge* edge : graph_.inputs_of(task.id.vertex)) {
    const std::vector<const graph::Edge*> outputs = graph_.outputs_of(edge->from);
    const auto partition = static_cast<uint32_t>(std::find(outputs.begin(), outputs.end(), edge) - outputs.begin());
    for (const int32_t subtask : graph_.producers(*edge, task.id.subtask)) {
      const Task& producer = task_of({edge->from, subtask});
      const uint32_t subpartition = graph_.subpartition_of(*edge, task.id.subtask);
      descriptor.inputs.push_back({{producer.task_manager, producer.attempt}, {partition, subpartition}, edge->input.port});
    }
  }
  if (restored == nullptr) return descriptor;
  descriptor.restored_checkpoint = restored->id;
  descriptor.finished_on_restore = task.restored_finished ? 1 : 0;
  if (task.restored_finished) return descriptor;
  for (const checkpoint::TaskState& state : restored->states) {
    if (state.subtask != task.id) continue;
    descriptor.state = state.inline_state;
    descriptor.state_file = state.file;
  }
  return descriptor;
}

// ---- failover ------------------------------------------------------------------------------------------

// Told to the task manager, behind the deployment: an attempt that has not begun is stopped as well.
void JobManager::cancel(Task& task) {
  if (task.state == ExecutionState::idle || task.state == ExecutionState::cancelling) return;
  if (task.state == ExecutionState::finished) return go(task, ExecutionState::idle);
  go(task, ExecutionState::cancelling);
  tell(task.task_manager, MailKind::cancel_task, AttemptOf{session_, task.attempt});
}

// One cause is one failover, however many regions it hits, and is charged once.
void JobManager::fail_regions(const std::vector<Region*>& regions, const std::string& reason) {
  if (state_ != JobState::running) return;
  std::vector<Region*> hit;
  for (Region* region : regions) {
    if (region->state == RegionState::deployed) hit.push_back(region);
  }
  if (hit.empty()) return;
  for (Region* region : hit) region->state.go(RegionState::restarting);
  coordinator_->stop(checkpoint::Reason::job_failover_region);
  const Result<DurationUs> wait_us = restarts_.on_failure(env_.now());
  if (!wait_us.ok())
    return end_job(JobState::failed, "failed: " + wait_us.error().message + "; last failure: " + reason);
  for (Region* region : hit) {
    const size_t index = index_of(*region);
    for (Task* task : region->tasks) cancel(*task);
    region->delay_over = false;
    region->tries = 0;
    ++region->version;
    env_.probe().hit(Point::job_restart, {.value = index, .text = reason});
    env_.scheduler().after(wait_us.value(), MailKind::restart_delay, index, region->version);
    env_.scheduler().after(job_.cluster.cancel_timeout_us, MailKind::cancel_deadline, index, region->version);
  }
}

void JobManager::on_restart_delay(size_t index, uint64_t version) {
  Region& region = regions_[index];
  if (region.version != version) return;
  region.delay_over = true;
  restart_if_ready(region);
}

// Whatever has not stopped is told again; a task manager that does not answer at all is given up (Flink:
// task.cancellation.timeout ends its process).
void JobManager::on_cancel_deadline(size_t index, uint64_t version) {
  Region& region = regions_[index];
  if (region.version != version || region.state != RegionState::restarting) return;
  const bool give_up = ++region.tries >= job_.cluster.cancel_tries;
  std::set<env::ProcessId> silent;
  for (const Task* task : region.tasks) {
    if (task->state != ExecutionState::cancelling) continue;
    silent.insert(task->task_manager);
    if (!give_up) tell(task->task_manager, MailKind::cancel_task, AttemptOf{session_, task->attempt});
  }
  if (silent.empty()) return;
  if (!give_up)
    env_.scheduler().after(job_.cluster.cancel_timeout_us, MailKind::cancel_deadline, index, version);
  for (const env::ProcessId process : silent) {
    if (give_up && state_ == JobState::running) lose_task_manager(process, "it does not stop a task", true);
  }
}

// The delay is over and every cancelled task has stopped (or its task manager is gone).
void JobManager::restart_if_ready(Region& region) {
  if (region.state != RegionState::restarting || !region.delay_over || state_ != JobState::running) return;
  for (const Task* task : region.tasks) {
    if (task->state == ExecutionState::cancelling) return;
  }
  region.state.go(RegionState::waiting);
  schedule();
}

}  // namespace onceproof::cluster
