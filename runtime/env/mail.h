// SPDX-License-Identifier: Apache-2.0
// Mail: the only way in which anything happens. A mail is a timer, a local post or a network message; every
// kind is named here, once, because the trace, the fault plan ("delay the 2nd acknowledge-checkpoint") and
// the reports all speak of it by this name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/base/bytes.h"

namespace onceproof::env {

// X(identifier, "printed-name")
#define ONCEPROOF_MAIL_KINDS(X)                                                         \
  X(none, "none")                                                                       \
  X(start, "start")                     /* first mail of every actor */                 \
  X(tick, "tick")                       /* periodic timers of tests and benchmarks */   \
  X(connection_lost, "connection-lost") /* a = peer process, b = a client's connection, or 0 */ \
  X(unknown_endpoint, "unknown-endpoint")                                               \
  /* job manager <-> task manager */                                                    \
  X(register_task_manager, "register-task-manager")                                     \
  X(registered, "registered")                                                           \
  X(registration_retry, "registration-retry")                                           \
  X(heartbeat_interval, "heartbeat-interval")                                           \
  X(heartbeat_request, "heartbeat-request")                                             \
  X(heartbeat_reply, "heartbeat-reply")                                                 \
  X(heartbeat_check, "heartbeat-check")                                                 \
  X(disconnect_task_manager, "disconnect-task-manager")                                 \
  X(deploy_task, "deploy-task")                                                         \
  X(deploy_answer, "deploy-answer")                                                     \
  X(deploy_deadline, "deploy-deadline")                                                 \
  X(cancel_task, "cancel-task")                                                         \
  X(cancel_done, "cancel-done")                                                         \
  X(cancel_deadline, "cancel-deadline")                                                 \
  X(task_update, "task-update") /* task -> its own task manager */                      \
  X(task_state, "task-state")                                                           \
  X(forget_task, "forget-task")                                                         \
  X(sinks_fenced, "sinks-fenced")                                                       \
  X(restart_delay, "restart-delay")                                                     \
  X(job_result, "job-result")                                                           \
  X(job_finished, "job-finished")                                                       \
  /* checkpoint coordinator <-> task */                                                 \
  X(checkpoint_interval, "checkpoint-interval")                                         \
  X(checkpoint_timeout, "checkpoint-timeout")                                           \
  X(trigger_checkpoint, "trigger-checkpoint")                                           \
  X(acknowledge_checkpoint, "acknowledge-checkpoint")                                   \
  X(decline_checkpoint, "decline-checkpoint")                                           \
  X(notify_checkpoint_complete, "notify-checkpoint-complete")                           \
  X(notify_checkpoint_aborted, "notify-checkpoint-aborted")                             \
  X(store_checkpoint, "store-checkpoint")                                               \
  X(snapshot_async, "snapshot-async")                                                   \
  /* task <-> task */                                                                   \
  X(partition_request, "partition-request")                                             \
  X(partition_request_retry, "partition-request-retry")                                 \
  X(buffer, "buffer")                                                                   \
  X(add_credit, "add-credit")                                                           \
  X(channel_closed, "channel-closed")                                                   \
  X(process_input, "process-input") /* the mailbox's default action */                  \
  X(flush_timer, "flush-timer")                                                         \
  /* storage */                                                                         \
  X(storage_call, "storage-call")     /* the storage carries out a call */              \
  X(storage_answer, "storage-answer") /* a = the call */                                \
  /* log client <-> broker, broker <-> broker */                                        \
  X(log_request, "log-request")                                                         \
  X(log_response, "log-response")                                                       \
  X(log_request_timeout, "log-request-timeout")                                         \
  X(log_retry, "log-retry")                                                             \
  X(fetch_wait, "fetch-wait")                                                           \
  X(transaction_expiry_check, "transaction-expiry-check")                               \
  X(transaction_markers, "transaction-markers")                                         \
  X(marker_retry, "marker-retry")                                                       \
  X(coordinator_load, "coordinator-load")                                               \
  X(replica_fetch, "replica-fetch")                                                     \
  X(replica_records, "replica-records")                                                 \
  X(replica_check, "replica-check")                                                     \
  X(broker_heartbeat, "broker-heartbeat")                                               \
  X(alter_partition, "alter-partition")                                                 \
  X(metadata_update, "metadata-update")                                                 \
  X(session_check, "session-check")                                                     \
  X(move_leader, "move-leader")                                                         \
  /* the simulator itself */                                                            \
  X(fault, "fault")                                                                     \
  X(process_restart, "process-restart")                                                 \
  X(network_heal, "network-heal")                                                       \
  X(sink_retry, "sink-retry")                                                           \
  X(reader_poll, "reader-poll")

enum class MailKind : uint16_t {
#define X(identifier, name) identifier,
  ONCEPROOF_MAIL_KINDS(X)
#undef X
};

const char* to_string(MailKind kind);
std::optional<MailKind> mail_kind(std::string_view name);
inline constexpr int kMailKindCount = 0
#define X(identifier, name) +1
    ONCEPROOF_MAIL_KINDS(X)
#undef X
    ;

// Processes are numbered in the order in which the cluster lists them. An endpoint is a handler inside a
// process: 1 is the process's main actor, an execution attempt listens on its attempt id.
using ProcessId = uint16_t;
using Endpoint = uint64_t;
inline constexpr Endpoint kMainEndpoint = 1;

// `connection` is set where a log client sent the mail: an answer to Mail::from travels back on the connection of the
// request, or not at all when that has ended. It is no part of who is meant, and it never leaves the process.
struct Address {
  ProcessId process = 0;
  uint32_t connection = 0;  // 0: the one that the two processes share
  Endpoint endpoint = 0;
  Address() = default;
  Address(ProcessId on, Endpoint at, uint32_t over = 0) : process(on), connection(over), endpoint(at) {}
  bool operator==(const Address& other) const { return process == other.process && endpoint == other.endpoint; }
  template <class Archive>
  void fields(Archive& archive) {
    archive(process, endpoint);
  }
};

// a and b are small arguments of timers and posts; body is the encoded message of the network.
struct Mail {
  MailKind kind = MailKind::none;
  uint64_t a = 0;
  uint64_t b = 0;
  Address from;     // network mails only
  Endpoint to = 0;  // the endpoint that was addressed (differs from the own one at a default handler)
  Bytes body;
};

// Runs one mail to completion; never blocks, never throws. A handler owns its protocol state as an enum.
class MailHandler {
 public:
  virtual ~MailHandler() = default;
  virtual void on_mail(Mail& mail) = 0;
};

// One thread of control (in the simulator: one serial executor of virtual CPU time) inside a process.
using Actor = MailHandler;

}  // namespace onceproof::env
