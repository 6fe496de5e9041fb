// SPDX-License-Identifier: Apache-2.0
#include "runtime/cluster/task_manager.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/connectors/connectors.h"
#include "runtime/dataflow/task.h"

namespace onceproof::cluster {

using env::MailKind;

namespace {
constexpr DurationUs kRegistrationRetryUs = milliseconds(500);
}  // namespace

void TaskManager::on_mail(env::Mail& mail) {
  switch (mail.kind) {
    case MailKind::start: next_incarnation(); return register_again();
    case MailKind::registration_retry:
      if (state_ == State::registering) register_again();
      return;
    case MailKind::registered: {
      Registered message;
      if (decode(mail.body, message)) on_registered(message);
      return;
    }
    case MailKind::heartbeat_request: {
      Heartbeat request;
      if (decode(mail.body, request)) on_heartbeat(request);
      return;
    }
    case MailKind::heartbeat_check: return on_heartbeat_check();
    case MailKind::connection_lost:
      if (mail.a == options_.job_manager && state_ == State::registered) lose_job_manager();
      return;
    case MailKind::deploy_task: return deploy(std::move(mail.body));
    default: return;
  }
}

void TaskManager::register_again() {
  const RegisterTaskManager message{incarnation_, options_.slots};
  env_.network().send({options_.job_manager, env::kMainEndpoint}, MailKind::register_task_manager, encode(message));
  env_.scheduler().after(kRegistrationRetryUs, MailKind::registration_retry);
}

void TaskManager::on_registered(const Registered& message) {
  if (state_ == State::registered || message.incarnation != incarnation_) return;  // an answer to an older question
  state_ = State::registered;
  session_ = message.session;
  heartbeat_ = message.heartbeat;
  last_heartbeat_us_ = env_.now();
  if (!check_armed_) env_.scheduler().after(heartbeat_.interval_us, MailKind::heartbeat_check);
  check_armed_ = true;
}

void TaskManager::on_heartbeat(const Heartbeat& request) {
  if (state_ != State::registered || request.session != session_) return;
  last_heartbeat_us_ = env_.now();
  env_.network().send({options_.job_manager, env::kMainEndpoint}, MailKind::heartbeat_reply, encode(request));
}

void TaskManager::next_incarnation() { incarnation_ = std::max(incarnation_, static_cast<uint64_t>(env_.now())) + 1; }

void TaskManager::on_heartbeat_check() {
  check_armed_ = state_ == State::registered;
  if (!check_armed_) return;
  env_.scheduler().after(heartbeat_.interval_us, MailKind::heartbeat_check);
  if (env_.now() - last_heartbeat_us_ > heartbeat_.timeout_us) lose_job_manager();
}

void TaskManager::lose_job_manager() {
  state_ = State::registering;
  next_incarnation();
  cancel_tasks();
  register_again();
}

void TaskManager::cancel_tasks() {
  const env::ProcessId own = env_.network().self().process;
  for (const uint64_t attempt : attempts_) env_.network().send({own, attempt}, MailKind::cancel_task, {});
  attempts_.clear();
}

void TaskManager::deploy(Bytes body) {
  dataflow::TaskDescriptor descriptor;
  if (!decode(body, descriptor) || state_ != State::registered || descriptor.session != session_) return;
  attempts_.insert(descriptor.attempt);
  const std::string name =
      fmt::format("{} ({}/{})", descriptor.name, descriptor.subtask.subtask + 1, descriptor.parallelism);
  const env::Endpoint endpoint = descriptor.attempt;
  env_.scheduler().spawn(name, endpoint, [descriptor = std::move(descriptor)](env::Env& task_env) {
    return std::make_unique<dataflow::Task>(task_env, descriptor, connectors::standard_connectors());
  });
}

env::ActorFactory task_manager_main(TaskManagerOptions options) {
  return [options](env::Env& env) { return std::make_unique<TaskManager>(env, options); };
}

}  // namespace onceproof::cluster
