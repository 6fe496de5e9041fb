// SPDX-License-Identifier: Apache-2.0
#include "runtime/cluster/job_manager.h"

#include <algorithm>

#include "runtime/checkpoint/durable_counter.h"

namespace onceproof::cluster {

using env::MailKind;
using env::Point;

namespace {
constexpr const char* kDirectory = "checkpoints";

template <class T, class Handler>
void with(const env::Mail& mail, Handler handler) {
  T message;
  if (decode(mail.body, message)) handler(message);
}
}  // namespace

JobManager::JobManager(env::Env& env, JobManagerOptions options)
    : env_(env),
      options_(std::move(options)),
      job_(options_.job),
      store_(env.storage(), kDirectory, job_.checkpoint.retained),
      checkpoint_ids_(env.storage(), std::string(kDirectory) + "/checkpoint-ids", job_.checkpoint.id_block) {}

void JobManager::on_mail(env::Mail& mail) {
  if (status_ == JobStatus::finished || status_ == JobStatus::failed) return;
  if (mail.kind == MailKind::start) return start();
  if (status_ == JobStatus::starting) return;  // task managers register again
  switch (mail.kind) {
    case MailKind::register_task_manager:
      return with<RegisterTaskManager>(mail, [&](const auto& m) { on_register(m, mail.from.process); });
    case MailKind::heartbeat_interval: return on_heartbeat_interval();
    case MailKind::heartbeat_reply:
      return with<Heartbeat>(mail, [&](const auto& reply) {
        const auto found = task_managers_.find(mail.from.process);
        if (reply.session == session_ && found != task_managers_.end()) found->second.last_reply_us = env_.now();
      });
    case MailKind::connection_lost: return lose_task_manager(static_cast<env::ProcessId>(mail.a), "connection lost");
    case MailKind::task_state:
      return with<dataflow::TaskStateReport>(mail, [&](const auto& report) {
        if (report.session == session_) on_task_state(report);
      });
    case MailKind::unknown_endpoint:  // the task that a message was for is gone
      if (Task* task = find_attempt(mail.a)) {
        if (task->status == TaskStatus::cancelling) {
          task->status = TaskStatus::none;
          restart_if_ready(region_of(*task));
        }
      }
      return;
    case MailKind::end_of_data:
      return with<dataflow::TaskStateReport>(mail, [&](const auto& report) {
        if (report.session == session_) on_end_of_data(report.attempt);
      });
    case MailKind::acknowledge_checkpoint:
      return with<dataflow::Acknowledge>(mail, [&](auto& ack) {
        if (ack.session != session_) return;
        coordinator_->acknowledge({ack.attempt, ack.subtask}, ack.checkpoint, std::move(ack.state),
                                  std::move(ack.file));
      });
    case MailKind::decline_checkpoint:
      return with<dataflow::Decline>(mail, [&](const auto& decline) {
        if (decline.session == session_) coordinator_->decline(decline.attempt, decline.checkpoint, decline.reason);
      });
    case MailKind::checkpoint_interval: return coordinator_->on_interval();
    case MailKind::checkpoint_timeout: return coordinator_->on_timeout(mail.a);
    case MailKind::store_checkpoint: return coordinator_->on_settle(mail.a);
    case MailKind::restart_delay: return on_restart_delay(mail.a, mail.b);
    case MailKind::registration_retry: return schedule();
    default: return;
  }
}

// ---- life cycle ----------------------------------------------------------------------------------------

// A session, what is in the store, checkpoint ids: each durable before the next is asked for. While the storage hangs
// the job manager has not started; when it refuses, all is asked again. Never starts from an older checkpoint because
// the newest cannot be read just now.
void JobManager::start() {
  checkpoint::reserve_numbers(
      env_.storage(), std::string(kDirectory) + "/leader-session", 1, [this](const Result<uint64_t>& session) {
        if (!session.ok()) return retry_start();
        session_ = session.value();
        store_.recover([this](const Result<uint64_t>& latest) {
          if (!latest.ok()) return retry_start();
          checkpoint_ids_.reserve([this, id = latest.value()](const Status& reserved) {
            if (!reserved.ok()) return retry_start();
            started(id);
          });
        });
      });
}

void JobManager::retry_start() { env_.scheduler().after(job_.checkpoint.storage_retry_us, MailKind::start); }

void JobManager::started(uint64_t latest_checkpoint) {
  graph_ = graph::build_execution_graph(job_.plan).take();
  coordinator_ = std::make_unique<checkpoint::Coordinator>(
      env_, job_.checkpoint, job_.bugs, store_, static_cast<checkpoint::CoordinatorHost&>(*this), checkpoint_ids_);
  store_.discard_directories_below(checkpoint_ids_.next());
  for (const graph::SubtaskId& id : graph_.subtasks()) tasks_.push_back({.id = id});
  regions_.resize(graph_.regions.size());
  for (Task& task : tasks_) regions_[static_cast<size_t>(graph_.region_of(task.id))].tasks.push_back(&task);
  started_us_ = env_.now();
  env_.probe().hit(Point::leader_elect, {.checkpoint = latest_checkpoint, .value = session_});
  set_status(JobStatus::running, "");
  env_.scheduler().after(job_.heartbeat.interval_us, MailKind::heartbeat_interval);
}

void JobManager::set_status(JobStatus status, const std::string& reason) {
  status_ = status;
  const char* name = status == JobStatus::finished ? "finished" : status == JobStatus::failed ? "failed" : "running";
  env_.probe().hit(Point::job_status, {.value = static_cast<uint64_t>(status), .text = reason.empty() ? name : reason});
}

JobManager::Task* JobManager::find_attempt(uint64_t attempt) {
  for (Task& task : tasks_) {
    if (task.attempt == attempt) return &task;
  }
  return nullptr;
}

JobManager::Region& JobManager::region_of(const Task& task) {
  return regions_[static_cast<size_t>(graph_.region_of(task.id))];
}

// ---- task managers -------------------------------------------------------------------------------------

void JobManager::on_register(const RegisterTaskManager& message, env::ProcessId from) {
  const auto known = task_managers_.find(from);
  const bool repeated = known != task_managers_.end() && known->second.incarnation == message.incarnation;
  if (!repeated) {
    // A task manager that registers anew has given up its tasks, whether or not we had noticed.
    if (known != task_managers_.end()) lose_task_manager(from, "registered again");
    task_managers_[from] = {message.incarnation, message.slots, env_.now()};
    env_.probe().hit(Point::task_manager_registered, {.value = from});
  }
  const Registered answer{session_, message.incarnation, job_.heartbeat};
  env_.network().send({from, env::kMainEndpoint}, MailKind::registered, encode(answer));
  schedule();
}

void JobManager::on_heartbeat_interval() {
  env_.scheduler().after(job_.heartbeat.interval_us, MailKind::heartbeat_interval);
  std::vector<env::ProcessId> lost;
  for (const auto& [process, info] : task_managers_) {
    if (env_.now() - info.last_reply_us > job_.heartbeat.timeout_us) {
      lost.push_back(process);
    } else {
      env_.network().send({process, env::kMainEndpoint}, MailKind::heartbeat_request, encode(Heartbeat{session_}));
    }
  }
  for (const env::ProcessId process : lost) lose_task_manager(process, "heartbeat timed out");
}

// Its tasks are failed without waiting for them to stop: they may go on as zombies.
void JobManager::lose_task_manager(env::ProcessId task_manager, const char* reason) {
  if (task_managers_.erase(task_manager) == 0) return;
  env_.probe().hit(Point::task_manager_lost, {.value = task_manager, .text = reason});
  std::vector<Region*> hit;
  for (Region& region : regions_) {
    bool affected = false;
    for (Task* task : region.tasks) {
      if (task->task_manager != task_manager || task->status == TaskStatus::none) continue;
      if (task->status == TaskStatus::finished) continue;  // its work is in a completed checkpoint
      task->status = TaskStatus::none;
      affected = true;
    }
    if (affected) hit.push_back(&region);
  }
  for (Region* region : hit) {
    if (region->status == RegionStatus::restarting) {
      restart_if_ready(*region);
    } else {
      fail_region(*region, std::string("task manager lost: ") + reason);
    }
  }
}

// ---- tasks ---------------------------------------------------------------------------------------------

void JobManager::on_task_state(const dataflow::TaskStateReport& report) {
  Task* task = find_attempt(report.attempt);
  if (task == nullptr || task->status == TaskStatus::none) return;  // an attempt that is no longer ours
  Region& region = region_of(*task);
  switch (report.state) {
    case dataflow::TaskState::running:
      if (task->status == TaskStatus::deploying) task->status = TaskStatus::running;
      return start_checkpoints_if_all_run();
    case dataflow::TaskState::finished:
      if (task->status == TaskStatus::cancelling) {
        task->status = TaskStatus::none;
        return restart_if_ready(region);
      }
      task->status = TaskStatus::finished;
      coordinator_->stop(checkpoint::Reason::coordinator_suspend);
      if (std::all_of(tasks_.begin(), tasks_.end(), [](const Task& t) { return t.status == TaskStatus::finished; })) {
        set_status(JobStatus::finished, "");
      }
      return;
    case dataflow::TaskState::canceled:
    case dataflow::TaskState::failed: {
      const bool expected = task->status == TaskStatus::cancelling;
      task->status = TaskStatus::none;
      if (report.failure == dataflow::Failure::permanent) return fail_job(report.reason);
      if (expected || region.status == RegionStatus::restarting) return restart_if_ready(region);
      return fail_region(region, report.reason.empty() ? "task canceled" : report.reason);
    }
    case dataflow::TaskState::created:
    case dataflow::TaskState::initializing: return;
  }
}

void JobManager::on_end_of_data(uint64_t attempt) {
  Task* task = find_attempt(attempt);
  if (task == nullptr || task->status != TaskStatus::running) return;
  task->end_of_data = true;
  bool any_finished = false;
  for (const Task& other : tasks_) {
    if (!other.end_of_data) return;
    any_finished = any_finished || other.status == TaskStatus::finished;
  }
  if (job_.checkpoint.enabled && !any_finished) return coordinator_->request_final();
  // Nothing to wait for: without checkpoints everything was sent; and where a task has finished the final checkpoint
  // is complete, so a region that restarted after it restored that very checkpoint and has nothing of its own.
  for (const Task& other : tasks_) {
    if (other.status != TaskStatus::running) continue;
    env_.network().send({other.task_manager, other.attempt}, MailKind::job_finished, {});
  }
}

env::ActorFactory job_manager_main(JobManagerOptions options) {
  return [options = std::move(options)](env::Env& env) { return std::make_unique<JobManager>(env, options); };
}

}  // namespace onceproof::cluster
