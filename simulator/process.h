// SPDX-License-Identifier: Apache-2.0
// Process, Binding: the kernel's own bookkeeping of who lives where. For the kernel and its parts only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/env/env.h"
#include "simulator/connection.h"
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
  bool closed = false;  // its seams do nothing any more
  ProcessSet contacts;  // with whom messages were exchanged over the present shared connection
  std::vector<std::pair<env::ProcessId, uint32_t>> connections;  // of a log client: its own, by peer
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

  bool is_client() const { return owner != this; }
};
// In Address::connection of a message that a log client has not sent off yet.
inline constexpr uint32_t kOwnConnection = ~0u;
inline constexpr int kNoFault = -1;  // who paused a process: no fault, a test's own lever

struct Process {
  std::string name;
  env::ActorFactory main;
  bool started = false;
  bool alive = false;
  bool doomed = false;  // crashed in the middle of its own handler, which is about to return
  TimeUs died_us = 0;   // up to here what it sent has left it
  bool silent = false;             // it died and nobody was told; until its next life
  std::vector<int> paused_by;      // the faults that hold it now; a crash forgets them
  bool held_something = false;     // while paused
  uint32_t incarnation = 0;
  uint32_t cpu_percent = 100;                        // the product of these:
  std::vector<std::pair<int, uint32_t>> slowed_by;  // a factor by owner
  env::Endpoint next_client_endpoint = env::Endpoint{1} << 48;
  std::map<env::Endpoint, Binding*> endpoints;
  std::vector<uint32_t> actors;  // binding ids, oldest first
  std::vector<uint32_t> outbox;  // messages that had not left it when a pause struck
  std::vector<uint32_t> inbox;   // what arrived or fell due during a pause, in that order
  bool paused() const { return !paused_by.empty(); }
};

}  // namespace onceproof::simulator
