// SPDX-License-Identifier: Apache-2.0
// What job manager and task managers say to each other. Every message names the job manager's session (its leader
// session id): messages of another session are ignored (Flink: fenced RPC). What is asked of a task manager also names
// its incarnation, so that nothing that was meant for an earlier life is taken for this one.
//   register-task-manager ->   <- registered | job-finished
//   <- deploy-task             deploy-answer ->          (asked again until answered)
//   <- cancel-task             cancel-done ->            (asked again until answered)
//   task-state ->              <- forget-task            (a terminal state is repeated until it is forgotten)
//   <- heartbeat-request       heartbeat-reply ->        (with everything that runs: heals whatever was lost or late)
#pragma once

#include "runtime/dataflow/messages.h"

namespace onceproof::cluster {

struct RegisterTaskManager {
  uint64_t incarnation = 0;  // drawn anew for every life and after every loss of the job manager; retries repeat it
  int32_t slots = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(incarnation, slots);
  }
};

struct Registered {
  uint64_t session = 0;
  uint64_t incarnation = 0;  // of the registration that this answers
  graph::HeartbeatConfig heartbeat;
  template <class Archive>
  void fields(Archive& archive) {
    archive(session, incarnation, heartbeat);
  }
};

// Also the body of disconnect-task-manager: "you are registered no more; give up your tasks and register again".
struct HeartbeatRequest {
  uint64_t session = 0;
  uint64_t incarnation = 0;
  uint64_t round = 0;  // ascending: a reply speaks of the time after its request was sent
  template <class Archive>
  void fields(Archive& archive) {
    archive(session, incarnation, round);
  }
};

struct HeartbeatReply {
  uint64_t session = 0;
  uint64_t incarnation = 0;
  uint64_t round = 0;
  std::vector<dataflow::TaskStateReport> attempts;  // all that run, and the ended ones that were not yet forgotten
  template <class Archive>
  void fields(Archive& archive) {
    archive(session, incarnation, round, attempts);
  }
};

struct DeployTask {
  uint64_t incarnation = 0;
  dataflow::TaskDescriptor task;  // which names the session
  template <class Archive>
  void fields(Archive& archive) {
    archive(incarnation, task);
  }
};

enum class DeployOutcome : uint8_t {
  accepted,           // also when it is asked a second time
  not_registered,     // not yet, or no more
  wrong_session,      // registered with another job manager
  wrong_incarnation,  // meant for an earlier life
  attempt_over,       // that attempt was cancelled or has ended; it never starts again
  no_slot,
};
const char* to_string(DeployOutcome outcome);

struct DeployAnswer {
  uint64_t session = 0;
  uint64_t attempt = 0;
  DeployOutcome outcome = DeployOutcome::accepted;
  template <class Archive>
  void fields(Archive& archive) {
    archive(session, attempt, outcome);
  }
};

// The body of cancel-task, cancel-done and forget-task.
struct AttemptOf {
  uint64_t session = 0;
  uint64_t attempt = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(session, attempt);
  }
};

}  // namespace onceproof::cluster
