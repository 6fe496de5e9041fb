// SPDX-License-Identifier: Apache-2.0
// Env: everything that one handler may ask of its world, and nothing else. The runtime makes no system call
// and never learns whether the world is simulated. One Env belongs to one endpoint; all of it is called from
// that endpoint's own handler only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/random.h"
#include "runtime/base/time.h"
#include "runtime/env/log.h"
#include "runtime/env/mail.h"
#include "runtime/env/probe.h"
#include "runtime/env/storage.h"

namespace onceproof::env {

class Env;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeUs now() const = 0;
};

using TimerId = uint64_t;
using ActorFactory = std::function<std::unique_ptr<Actor>(Env&)>;

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // A mail to this handler itself: behind what is already queued, or after a delay.
  virtual void post(MailKind kind, uint64_t a = 0, uint64_t b = 0) = 0;
  virtual TimerId after(DurationUs delay, MailKind kind, uint64_t a = 0, uint64_t b = 0) = 0;
  virtual void cancel(TimerId timer) = 0;  // unknown or fired ids are ignored
  // A new actor in this process, listening on `endpoint`; its first mail is MailKind::start. Its Env lives
  // as long as the actor. `name` appears in the trace and in reports.
  virtual void spawn(std::string name, Endpoint endpoint, ActorFactory factory) = 0;
  // Drops an actor of this process with its timers and queued mails, once its current handler has returned.
  virtual void stop(Endpoint endpoint) = 0;
  // The handler that is running did this much work on records: the world may let it take time (its later sends and
  // the actor's next mail move back). In the real world the work has taken its time already.
  virtual void charge(uint64_t records, uint64_t bytes) = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  virtual Address self() const = 0;
  // Reliable and ordered for each pair of processes while the connection lives (as TCP is). When it is lost
  // (reset, crash, refusal) what was in flight may be lost and both sides' main endpoints and bound handlers get
  // connection_lost with a = peer. Sending to the own process uses the loopback.
  virtual void send(const Address& to, MailKind kind, Bytes body) = 0;
  // A log client has a connection of its own to each peer; this ends it, and the next send opens a new one. What was
  // sent before may still arrive and be executed, late; what comes back on the old one is dropped. For every other
  // endpoint, which shares its process's connection, it does nothing.
  virtual void disconnect(ProcessId peer) = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  // A stream of this world's seed, named by the process, its incarnation, the endpoint and `name`.
  virtual RandomStream fork(std::string_view name) = 0;
};

class Env {
 public:
  virtual ~Env() = default;
  virtual Clock& clock() = 0;
  virtual Scheduler& scheduler() = 0;
  virtual Network& network() = 0;
  virtual Random& random() = 0;
  virtual Storage& storage() = 0;
  virtual Probe& probe() = 0;
  // A log client whose callbacks run inside this actor. `client_id` names it in the trace.
  virtual std::unique_ptr<Log> open_log(const std::string& client_id) = 0;

  TimeUs now() { return clock().now(); }
};

}  // namespace onceproof::env
