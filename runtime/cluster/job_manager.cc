// SPDX-License-Identifier: Apache-2.0
#include "runtime/cluster/job_manager.h"

#include <algorithm>

#include "runtime/checkpoint/durable_counter.h"

namespace onceproof::cluster {

using env::MailKind;
using env::Point;

namespace {
constexpr const char* kDirectory = "checkpoints";
constexpr const char* kResultDirectory = "job";
constexpr const char* kResultFile = "job/result";
constexpr const char* kResultTemporary = "job/result.tmp";

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
      graph_(options_.program->graph()),
      store_(env.storage(), kDirectory, job_.checkpoint.retained),
      checkpoint_ids_(env.storage(), std::string(kDirectory) + "/checkpoint-ids", job_.checkpoint.id_block),
      restarts_(job_.restart, env.random().fork("restart.jitter")) {}

void JobManager::on_mail(env::Mail& mail) {
  const env::ProcessId from = mail.from.process;
  if (mail.kind == MailKind::start) return start();
  if (mail.kind == MailKind::job_result) return store_result();
  if (mail.kind == MailKind::register_task_manager)
    return with<RegisterTaskManager>(mail, [&](const auto& m) { on_register(m, from); });
  if (state_ != JobState::running || on_own_timer(mail)) return;
  switch (mail.kind) {
    case MailKind::connection_lost:
      return lose_task_manager(static_cast<env::ProcessId>(mail.a), "connection lost", false);
    case MailKind::heartbeat_reply:
      return with<HeartbeatReply>(mail, [&](const auto& reply) {
        if (reply.session == session_) on_heartbeat_reply(reply, from);
      });
    case MailKind::deploy_answer:
      return with<DeployAnswer>(mail, [&](const auto& answer) {
        if (answer.session == session_) on_deploy_answer(answer, from);
      });
    case MailKind::cancel_done:
      return with<AttemptOf>(mail, [&](const auto& done) {
        if (done.session == session_) on_cancel_done(done.attempt, from);
      });
    case MailKind::task_state:
      return with<dataflow::TaskStateReport>(mail, [&](const auto& report) {
        if (report.session == session_) on_task_state(report, from);
      });
    case MailKind::sinks_fenced:
      return with<dataflow::Fenced>(mail, [&](const auto& fenced) {
        if (fenced.session == session_) on_sink_fenced(fenced.attempt, from);
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
    default: return;
  }
}

bool JobManager::on_own_timer(const env::Mail& mail) {
  switch (mail.kind) {
    case MailKind::heartbeat_interval: on_heartbeat_interval(); return true;
    case MailKind::registration_retry: schedule(); return true;
    case MailKind::deploy_deadline: on_deploy_deadline(mail.a, mail.b); return true;
    case MailKind::cancel_deadline: on_cancel_deadline(mail.a, mail.b); return true;
    case MailKind::restart_delay: on_restart_delay(mail.a, mail.b); return true;
    case MailKind::checkpoint_interval: coordinator_->on_interval(); return true;
    case MailKind::checkpoint_timeout: coordinator_->on_timeout(mail.a); return true;
    case MailKind::store_checkpoint: coordinator_->on_settle(mail.a); return true;
    default: return false;
  }
}

// ---- the job's life ------------------------------------------------------------------------------------

// A session, what is in the store, checkpoint ids: each durable before the next is asked for. While the storage hangs
// the job manager has not started; when it refuses, all is asked again. Never starts from an older checkpoint because
// the newest cannot be read just now.
void JobManager::start() {
  env_.storage().read(kResultFile, [this](const Result<Bytes>& result) {
    if (state_ != JobState::starting) return;
    if (result.ok()) {  // an earlier job manager saw the job's end
      if (!decode(result.value(), result_)) result_ = {0, "failed: the job is over, but its stored result is damaged"};
      return conclude();
    }
    if (result.code() != ErrorCode::not_found) return retry_start();
    take_session();
  });
}

void JobManager::take_session() {
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
  coordinator_ = std::make_unique<checkpoint::Coordinator>(
      env_, job_.checkpoint, job_.bugs, store_, static_cast<checkpoint::CoordinatorHost&>(*this), checkpoint_ids_);
  store_.discard_directories_below(checkpoint_ids_.next());
  for (const graph::SubtaskId& id : graph_.subtasks()) tasks_.push_back({.id = id, .deployment = {}});
  regions_.resize(graph_.regions.size());
  for (Task& task : tasks_) regions_[static_cast<size_t>(graph_.region_of(task.id))].tasks.push_back(&task);
  started_us_ = env_.now();
  env_.probe().hit(Point::leader_elect, {.checkpoint = latest_checkpoint, .value = session_});
  state_.go(JobState::running);
  env_.probe().hit(Point::job_status, {.value = static_cast<uint64_t>(JobState::running), .text = "running"});
  env_.scheduler().after(job_.heartbeat.interval_us, MailKind::heartbeat_interval);
}

// Everything stops here; what came of the job is announced when it is durable (Flink: JobResultStore), so that no
// later job manager runs it again.
void JobManager::end_job(JobState outcome, const std::string& reason) {
  state_.go(JobState::ending);
  result_ = {static_cast<uint8_t>(outcome == JobState::finished ? 1 : 0), reason};
  coordinator_->stop(checkpoint::Reason::coordinator_suspend);
  for (Task& task : tasks_) cancel(task);
  store_result();
}

void JobManager::store_result() {
  if (state_ != JobState::ending) return;
  // Each step from the answer to the last; whatever fails, all of it is done again.
  const auto step = [this](auto next) {
    return [this, next](const Status& status) {
      if (state_ != JobState::ending) return;
      if (status.ok()) return next();
      env_.scheduler().after(job_.checkpoint.storage_retry_us, MailKind::job_result);
    };
  };
  env::Storage& storage = env_.storage();
  const auto stored = step([this] { conclude(); });
  const auto renamed = step([&storage, stored] { storage.sync_directory(kResultDirectory, stored); });
  const auto synced = step([&storage, renamed] { storage.rename(kResultTemporary, kResultFile, renamed); });
  const auto appended = step([&storage, synced] { storage.sync(kResultTemporary, synced); });
  storage.remove(kResultTemporary, step([this, &storage, appended] {
    storage.append(kResultTemporary, encode(result_), appended);
  }));
}

void JobManager::conclude() {
  const JobState outcome = result_.finished != 0 ? JobState::finished : JobState::failed;
  state_.go(outcome);
  env_.probe().hit(Point::job_status, {.value = static_cast<uint64_t>(outcome),
                                       .text = result_.finished != 0 ? "finished" : std::string_view(result_.reason)});
  for (const auto& [process, info] : task_managers_) tell(process, MailKind::job_finished, AttemptOf{session_, 0});
}

// ---- task managers -------------------------------------------------------------------------------------

void JobManager::on_register(const RegisterTaskManager& message, env::ProcessId from) {
  if (state_ == JobState::finished || state_ == JobState::failed)
    return tell(from, MailKind::job_finished, AttemptOf{session_, 0});
  if (state_ != JobState::running) return;  // it asks again
  const auto known = task_managers_.find(from);
  const bool repeated = known != task_managers_.end() && known->second.incarnation == message.incarnation;
  if (!repeated) {
    // A task manager that registers anew has given up its tasks, whether or not we had noticed.
    if (known != task_managers_.end()) lose_task_manager(from, "registered again", false);
    if (state_ != JobState::running) return;
    task_managers_[from] = {message.incarnation, message.slots, env_.now()};
    env_.probe().hit(Point::task_manager_registered, {.value = from});
  }
  tell(from, MailKind::registered, Registered{session_, message.incarnation, job_.heartbeat});
  schedule();
}

void JobManager::on_heartbeat_interval() {
  env_.scheduler().after(job_.heartbeat.interval_us, MailKind::heartbeat_interval);
  ++heartbeat_round_;
  std::vector<env::ProcessId> lost;
  for (const auto& [process, info] : task_managers_) {
    if (env_.now() - info.last_reply_us > job_.heartbeat.timeout_us) {
      lost.push_back(process);
    } else {
      tell(process, MailKind::heartbeat_request, HeartbeatRequest{session_, info.incarnation, heartbeat_round_});
    }
  }
  for (const env::ProcessId process : lost) {
    if (state_ == JobState::running) lose_task_manager(process, "heartbeat timed out", true);
  }
}

// Its tasks are failed without waiting for them to stop: they may go on as zombies, so it is told, if it lives.
// All the regions that it hits are one failover.
void JobManager::lose_task_manager(env::ProcessId task_manager, const char* reason, bool tell_it) {
  const auto found = task_managers_.find(task_manager);
  if (found == task_managers_.end()) return;
  if (tell_it)
    tell(task_manager, MailKind::disconnect_task_manager, HeartbeatRequest{session_, found->second.incarnation, 0});
  task_managers_.erase(found);
  env_.probe().hit(Point::task_manager_lost, {.value = task_manager, .text = reason});
  std::vector<Region*> hit;
  for (Region& region : regions_) {
    bool affected = false;
    for (Task* task : region.tasks) {
      if (task->task_manager != task_manager || task->state == ExecutionState::idle) continue;
      if (task->state == ExecutionState::finished) continue;  // its work is in a completed checkpoint
      go(*task, ExecutionState::idle);
      affected = true;
    }
    if (affected) hit.push_back(&region);
  }
  fail_regions(hit, std::string("task manager lost: ") + reason);
  for (Region* region : hit) restart_if_ready(*region);
}

env::ActorFactory job_manager_main(JobManagerOptions options) {
  return [options = std::move(options)](env::Env& env) { return std::make_unique<JobManager>(env, options); };
}

}  // namespace onceproof::cluster
