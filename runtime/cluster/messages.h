// SPDX-License-Identifier: Apache-2.0
// What job manager and task managers say to each other. Every message names the job manager's session (its leader
// session id): messages of another session are ignored (Flink: fenced RPC).
#pragma once

#include "runtime/dataflow/messages.h"

namespace onceproof::cluster {

struct RegisterTaskManager {
  uint64_t incarnation = 0;  // grows with every life and with every loss of the job manager; retries repeat it
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

struct Heartbeat {  // request and reply
  uint64_t session = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(session);
  }
};

}  // namespace onceproof::cluster
