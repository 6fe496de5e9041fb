// SPDX-License-Identifier: Apache-2.0
// Process, Binding: the kernel's own bookkeeping of who lives where. For the kernel and its parts only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/env/env.h"
#include "simulator/event_queue.h"

namespace onceproof::simulator {

class ActorEnv;

// A handler that listens on an endpoint: an actor, or a log client in its owner's thread. Ids are never reused,
// so an event that names a binding that has gone is recognised.
struct Binding {
  Binding();
  ~Binding();

  uint32_t id = 0;
  env::Endpoint endpoint = 0;
  env::ProcessId process = 0;
  bool closed = false;    // its seams do nothing any more
  uint64_t contacts = 0;  // bit p: messages were exchanged with process p over the present connection
  std::string name;
  Binding* owner = nullptr;  // whose thread it runs in; itself for an actor
  env::MailHandler* handler = nullptr;
  std::unique_ptr<ActorEnv> env;
  std::unique_ptr<env::Actor> actor;  // null for a log client, which its owner owns

  // The thread, of actors only: a serial executor.
  TimeUs busy_until_us = 0;
  uint32_t head = kNoSlot;  // the mailbox, linked through Event::next
  uint32_t tail = kNoSlot;
  bool ready_scheduled = false;
};

struct Process {
  std::string name;
  env::ActorFactory main;
  bool started = false;
  bool alive = false;
  bool doomed = false;  // crashed in the middle of its own handler, which is about to return
  uint32_t pauses = 0;
  bool held_something = false;  // while paused
  uint32_t incarnation = 0;
  uint32_t cpu_percent = 100;
  env::Endpoint next_client_endpoint = env::Endpoint{1} << 48;
  std::map<env::Endpoint, Binding*> endpoints;
  std::vector<uint32_t> actors;  // binding ids, oldest first
  std::vector<uint32_t> outbox;  // messages that its running handler sent after a pause had struck
};

}  // namespace onceproof::simulator
