// SPDX-License-Identifier: Apache-2.0
#include "runtime/cluster/task_manager.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/dataflow/task.h"

namespace onceproof::cluster {

using dataflow::TaskState;
using env::MailKind;

namespace {
template <class T, class Handler>
void with(const env::Mail& mail, Handler handler) {
  T message;
  if (decode(mail.body, message)) handler(std::move(message));
}
}  // namespace

const char* to_string(TaskManagerState state) {
  switch (state) {
    case TaskManagerState::registering: return "registering";
    case TaskManagerState::registered: return "registered";
    case TaskManagerState::retired: return "retired";
  }
  return "?";
}

const char* to_string(DeployOutcome outcome) {
  switch (outcome) {
    case DeployOutcome::accepted: return "accepted";
    case DeployOutcome::not_registered: return "the task manager is not registered";
    case DeployOutcome::wrong_session: return "the task manager is registered with another session";
    case DeployOutcome::wrong_incarnation: return "meant for another life of the task manager";
    case DeployOutcome::attempt_over: return "the attempt is over";
    case DeployOutcome::no_slot: return "no free slot";
  }
  return "?";
}

TaskManager::TaskManager(env::Env& env, TaskManagerOptions options)
    : env_(env), options_(options), incarnations_(env.random().fork("task-manager.incarnation")) {}

void TaskManager::on_mail(env::Mail& mail) {
  if (state_ == TaskManagerState::retired) return;
  switch (mail.kind) {
    case MailKind::start:
      incarnation_ = incarnations_.next();
      retry_us_ = options_.cluster.registration_retry_us;
      return register_again();
    case MailKind::registration_retry:
      if (state_ == TaskManagerState::registering) register_again();
      return;
    case MailKind::registered: return with<Registered>(mail, [&](const auto& m) { on_registered(m); });
    case MailKind::heartbeat_request: return with<HeartbeatRequest>(mail, [&](const auto& m) { on_heartbeat(m); });
    case MailKind::disconnect_task_manager:
      return with<HeartbeatRequest>(mail, [&](const auto& m) {
        const bool ours = m.session == session_ && m.incarnation == incarnation_;
        if (ours && state_ == TaskManagerState::registered) lose_job_manager();
      });
    case MailKind::heartbeat_check: return on_heartbeat_check();
    case MailKind::connection_lost:
      if (mail.a == options_.job_manager) lose_connection();
      return;
    case MailKind::job_finished: return retire();
    case MailKind::deploy_task: return with<DeployTask>(mail, [&](auto m) { on_deploy(std::move(m)); });
    case MailKind::cancel_task: return with<AttemptOf>(mail, [&](const auto& m) { on_cancel(m); });
    case MailKind::forget_task:
      return with<AttemptOf>(mail, [&](const auto& m) {
        const auto found = attempts_.find(m.attempt);
        if (found != attempts_.end() && dataflow::is_terminal(found->second.state)) attempts_.erase(found);
      });
    case MailKind::task_update: return with<dataflow::TaskStateReport>(mail, [&](const auto& m) { on_task_update(m); });
    default: return;
  }
}

// ---- registration and heartbeats -----------------------------------------------------------------------

void TaskManager::register_again() {
  tell(MailKind::register_task_manager, RegisterTaskManager{incarnation_, options_.slots});
  env_.scheduler().cancel(retry_timer_);
  retry_timer_ = env_.scheduler().after(retry_us_, MailKind::registration_retry);
  retry_us_ = std::min(retry_us_ * 2, options_.cluster.registration_retry_max_us);
}

// The highest session wins: an older job manager's answer may arrive after its successor's.
void TaskManager::on_registered(const Registered& message) {
  if (message.incarnation != incarnation_ || message.session < session_) return;
  if (state_ == TaskManagerState::registered) {
    if (message.session == session_) return;  // an answer to a repeated question
    cancel_all();                             // what the older job manager had given us
    over_.clear();
  } else {
    state_.go(TaskManagerState::registered);
  }
  session_ = message.session;
  heartbeat_ = message.heartbeat;
  last_heartbeat_us_ = env_.now();
  env_.scheduler().cancel(retry_timer_);
  env_.scheduler().cancel(check_timer_);
  check_timer_ = env_.scheduler().after(heartbeat_.timeout_us, MailKind::heartbeat_check);
}

void TaskManager::on_heartbeat(const HeartbeatRequest& request) {
  if (state_ != TaskManagerState::registered || request.session != session_) return;
  if (request.incarnation != incarnation_) return lose_job_manager();  // it believes in another life
  last_heartbeat_us_ = env_.now();
  HeartbeatReply reply{session_, incarnation_, request.round, {}};
  reply.attempts.reserve(attempts_.size());
  for (const auto& [attempt, info] : attempts_) {
    if (info.session == session_) reply.attempts.push_back(report_of(attempt, info));
  }
  tell(MailKind::heartbeat_reply, reply);
}

void TaskManager::on_heartbeat_check() {
  if (state_ != TaskManagerState::registered) return;
  const DurationUs silence_us = env_.now() - last_heartbeat_us_;
  if (silence_us >= heartbeat_.timeout_us) return lose_job_manager();
  check_timer_ = env_.scheduler().after(heartbeat_.timeout_us - silence_us, MailKind::heartbeat_check);
}

// One that is not registered hears that way that its last request went to a job manager that is no more: it does not
// wait for that one's answer, which may have grown to be a long wait, and waits for the next one's from the shortest on
// (Flink: RetryingRegistration, which begins anew after an error and doubles after a timeout).
void TaskManager::lose_connection() {
  if (state_ == TaskManagerState::registered) return lose_job_manager();
  retry_us_ = options_.cluster.registration_retry_us;
  env_.scheduler().cancel(retry_timer_);
  retry_timer_ = env_.scheduler().after(options_.cluster.registration_retry_us, MailKind::registration_retry);
}

void TaskManager::lose_job_manager() {
  state_.go(TaskManagerState::registering);
  incarnation_ = incarnations_.next();
  cancel_all();
  over_.clear();  // a deployment for the earlier incarnation is refused for that alone
  retry_us_ = options_.cluster.registration_retry_us;
  register_again();
}

void TaskManager::retire() {
  cancel_all();
  state_.go(TaskManagerState::retired);
  env_.scheduler().cancel(retry_timer_);
  env_.scheduler().cancel(check_timer_);
}

// ---- tasks ---------------------------------------------------------------------------------------------

void TaskManager::on_deploy(DeployTask message) {
  dataflow::TaskDescriptor& task = message.task;
  const DeployOutcome outcome = judge(message);
  tell(MailKind::deploy_answer, DeployAnswer{task.session, task.attempt, outcome});
  if (outcome != DeployOutcome::accepted || attempts_.contains(task.attempt)) return;
  Attempt& attempt = attempts_[task.attempt];
  attempt.slot = task.subtask.subtask;
  attempt.session = task.session;
  const std::string name = fmt::format("{} ({}/{})", task.name, task.subtask.subtask + 1, task.parallelism);
  const env::Endpoint endpoint = task.attempt;
  env_.scheduler().spawn(name, endpoint, [descriptor = std::move(task), program = options_.program](env::Env& task_env) {
    return std::make_unique<dataflow::Task>(task_env, descriptor, program);
  });
}

DeployOutcome TaskManager::judge(const DeployTask& message) const {
  if (state_ != TaskManagerState::registered) return DeployOutcome::not_registered;
  if (message.task.session != session_) return DeployOutcome::wrong_session;
  if (message.incarnation != incarnation_) return DeployOutcome::wrong_incarnation;
  if (over_.contains(message.task.attempt)) return DeployOutcome::attempt_over;
  if (attempts_.contains(message.task.attempt)) return DeployOutcome::accepted;
  return slot_free(message.task.subtask.subtask) ? DeployOutcome::accepted : DeployOutcome::no_slot;
}

// A slot holds the same subtask of every vertex. One whose tasks were all told to stop is free: they are on their way.
bool TaskManager::slot_free(int32_t slot) const {
  std::set<int32_t> used;
  for (const auto& [attempt, info] : attempts_) {
    if (!info.cancelled && !dataflow::is_terminal(info.state)) used.insert(info.slot);
  }
  used.insert(slot);
  return used.size() <= static_cast<size_t>(options_.slots);
}

// Behind the deployment on the same connection, so it also meets an attempt that has not begun; and one that has not
// arrived yet is remembered.
void TaskManager::on_cancel(const AttemptOf& message) {
  if (state_ != TaskManagerState::registered || message.session != session_) return;
  over_.insert(message.attempt);
  const auto found = attempts_.find(message.attempt);
  if (found == attempts_.end() || dataflow::is_terminal(found->second.state))
    return tell(MailKind::cancel_done, message);
  found->second.answer_cancel = true;
  cancel(message.attempt);
}

void TaskManager::cancel(uint64_t attempt) {
  attempts_.at(attempt).cancelled = true;
  env_.network().send({env_.network().self().process, attempt}, MailKind::cancel_task, {});
}

void TaskManager::cancel_all() {
  for (auto& [attempt, info] : attempts_) {
    info.session = 0;  // whatever it comes to, nobody waits for it
    info.answer_cancel = false;
    if (!dataflow::is_terminal(info.state)) cancel(attempt);
  }
  std::erase_if(attempts_, [](const auto& entry) { return dataflow::is_terminal(entry.second.state); });
}

// From the task itself. The job manager hears it at once, and again with every heartbeat.
void TaskManager::on_task_update(const dataflow::TaskStateReport& report) {
  const auto found = attempts_.find(report.attempt);
  if (found == attempts_.end()) return;
  Attempt& info = found->second;
  info.state = report.state;
  info.reason = report.reason;
  info.failure = report.failure;
  const bool current = state_ == TaskManagerState::registered && info.session == session_;
  if (current) {
    tell(MailKind::task_state, report_of(report.attempt, info));
    if (dataflow::is_terminal(report.state)) {
      over_.insert(report.attempt);
      if (info.answer_cancel) tell(MailKind::cancel_done, AttemptOf{session_, report.attempt});
    }
  } else if (dataflow::is_terminal(report.state)) {
    attempts_.erase(found);  // nobody waits for it
  }
}

dataflow::TaskStateReport TaskManager::report_of(uint64_t attempt, const Attempt& info) const {
  return {info.session, attempt, info.state, info.reason, info.failure};
}

env::ActorFactory task_manager_main(TaskManagerOptions options) {
  return [options](env::Env& env) { return std::make_unique<TaskManager>(env, options); };
}

}  // namespace onceproof::cluster
