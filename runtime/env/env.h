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

// Connections. Each pair of processes shares one; each log client (Env::open_log) has one of its own to each process
// that it asks, and an answer to Mail::from travels on the connection of the request. While a connection lives it is
// reliable and ordered in each direction (as TCP is): a late message holds up those behind it, none overtakes.
// It ends by a reset, by the death of a process, by a refusal (nobody runs there) or by disconnect(). Then
//  - of what the dead process had sent a first part arrives, in order, and the rest never; after a reset nothing does;
//  - the ends that live get connection_lost behind the last of it: of a shared connection the main endpoint and every
//    endpoint that had used it, of a client's the client and the main endpoint of its peer. a = the peer, b = the
//    client's connection, or 0. What they send before they know is lost;
//  - the next send opens a new one, on which nothing old arrives. Only what a log client had sent on a connection that
//    it left by disconnect() may still arrive, late, beside its new one.
// A host that is lost in silence sends no word of it: what is sent there vanishes, with no answer, until its process
// runs again and answers with connection_lost.
// unknown_endpoint (from = who is not there, a = the endpoint, b = the kind of the mail) is said by the process that
// was addressed, in the order of arrival, when it runs and no handler listens there. A paused process says nothing,
// neither that nor connection_lost of its own: what arrives waits, and is looked at when it goes on.
class Network {
 public:
  virtual ~Network() = default;
  virtual Address self() const = 0;
  // Sending to the own process uses the loopback.
  virtual void send(const Address& to, MailKind kind, Bytes body) = 0;
  // Ends this log client's connection to `peer`; the next send opens a new one. What was sent before may still arrive
  // and be executed, late; what comes back on the old one is dropped, also what waits in the mailbox; the peer gets
  // connection_lost behind the last of it. For every other endpoint it does nothing.
  virtual void disconnect(ProcessId peer) = 0;
  // Ends the connection of the log client that asked from `client` (a Mail::from), from the side that was asked: it gets
  // connection_lost behind what it was sent, and what it sent since is lost. The caller is told nothing.
  virtual void hang_up(const Address& client) = 0;
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
