// SPDX-License-Identifier: Apache-2.0
// SimulatedNetwork: connections, first-in-first-out in each direction, with a latency drawn from that direction's own
// stream; nothing ever overtakes inside a connection. Cuts hold or reset, delays hold a direction on its sender's
// side. The rules are those of env::Network (env.h). It knows its surroundings through NetworkHost alone.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simulator/connection.h"
#include "simulator/options.h"
#include "simulator/process.h"

namespace onceproof::simulator {

// What the network asks of the world around it.
class NetworkHost {
 public:
  virtual ~NetworkHost() = default;
  virtual const std::vector<std::string>& names() const = 0;  // of the processes
  virtual bool alive(env::ProcessId process) const = 0;       // running or paused
  virtual bool silent(env::ProcessId process) const = 0;      // its host is gone without a word, and not back yet
  // True when the process is paused: it takes the arrival up when it goes on, through SimulatedNetwork::resolve().
  virtual bool keep(env::ProcessId process, uint32_t slot) = 0;
  virtual Binding* bound(env::ProcessId process, env::Endpoint endpoint) = 0;
  virtual const std::map<env::Endpoint, Binding*>& endpoints(env::ProcessId process) = 0;
  // A mail is there for its binding. True when it was handled at once.
  virtual bool deliver(uint32_t slot, bool may_run) = 0;
  // Drops what came over this connection and waits in the mailbox of `client`.
  virtual void forget(Binding& client, uint32_t connection) = 0;
  virtual void fault_effective(int fault) = 0;
  virtual void fault_applied(int fault, TimeUs until_us) = 0;
  virtual void took(TimeUs from_us, TimeUs until_us) { static_cast<void>(from_us), static_cast<void>(until_us); }
};

struct DelayRule {
  int fault = 0;
  std::optional<env::ProcessId> sender;      // nullopt: anyone
  env::MailKind mail = env::MailKind::none;  // none: any
  uint32_t count = 1;
  DurationUs delay_us = 0;
  bool hangs_up = false;  // and the log client that sends it loses its connection; others are not meant
};

class SimulatedNetwork {
 public:
  SimulatedNetwork(NetworkHost& host, EventQueue& queue, EventSlab& slab, const TimeUs& now_us, NetworkOptions options,
                   RandomStream random)
      : host_(host), queue_(queue), slab_(slab), now_us_(now_us), options_(options), random_(random) {}

  // A message as an event, ready to depart(). Until then it is the caller's.
  uint32_t compose(const Binding& sender, const env::Address& to, env::MailKind kind, Bytes&& body);
  // It leaves its sender at `depart_us`, and not at all when the sender dies before. `sender` may have gone: null.
  void depart(uint32_t slot, TimeUs depart_us, Binding* sender);
  // A message (or a notice) reaches the end of its way. True when a mail was handled in this very event.
  bool arrive(uint32_t slot, bool may_run);
  // The receiving process takes it up: the endpoint it names is looked for now.
  bool resolve(uint32_t slot, bool may_run);

  void disconnect(Binding& client, env::ProcessId peer);
  void hang_up(env::ProcessId self, const env::Address& client);
  // How often a client that went on had a new connection beside old messages, which may still arrive behind newer ones.
  uint64_t reconnections() const { return reconnections_; }
  void count_reconnection() { ++reconnections_; }
  void close(Binding& client);                               // the client goes: all its connections end
  void told(Binding& client, uint32_t id);                   // its connection_lost is about to be handled
  // What was to leave it after `left_us` never does.
  void process_crashed(env::ProcessId process, bool silent, TimeUs left_us);
  void process_restarted(env::ProcessId process);
  // What was to leave this process after `left_us` (its thread is busy), oldest first: no longer the network's.
  std::vector<uint32_t> take_back(env::ProcessId process, TimeUs left_us);

  // Cuts are named by their fault. `from` and `to` as in PartitionFault; a reset kills both directions.
  void cut(int fault, std::vector<std::pair<env::ProcessId, env::ProcessId>> directions, CutMode mode);
  void heal(int fault);

  void delay_next(DelayRule rule) { delays_.push_back(rule); }
  void drop_delays() { delays_.clear(); }
  uint64_t draws() const { return draws_; }

 private:
  // One direction between two processes, whatever the connection.
  struct Link {
    Connection* shared = nullptr;  // the same one for both directions; null: never used
    uint32_t holding = 0;          // cuts in force
    uint32_t resetting = 0;
    std::optional<RandomStream> latency;  // what its connections fork theirs from; from the first one on
  };
  struct Cut {
    int fault;
    CutMode mode;
    std::vector<std::pair<env::ProcessId, env::ProcessId>> directions;
  };

  // routes (network.cc)
  Link& link(env::ProcessId from, env::ProcessId to);
  Connection& make(env::ProcessId from, env::ProcessId to, const Binding* client);
  Connection& shared(env::ProcessId from, env::ProcessId to);
  Connection& of_client(Binding& client, env::ProcessId peer);
  Connection* route(const Event& event, Binding* sender);
  DurationUs draw_latency(Way& way);
  const DelayRule* delayed(const Event& event, const Connection& connection, TimeUs depart_us);
  void put(Connection& connection, int side, uint32_t slot, TimeUs depart_us);
  Connection& connection(uint32_t id) { return *connections_[id]; }
  void push(TimeUs at_us, uint32_t slot) { slab_[slot].order = queue_.push(at_us, slot); }
  bool leave_way(Connection& connection, uint32_t slot, bool may_run);
  void bounce(uint32_t slot);

  // losses (network_loss.cc)
  void refuse(Connection& connection, int side, env::Endpoint sender);
  template <class Lost>
  void cut_out(Way& way, Lost lost);
  void lose_all(Way& way);
  void lose_messages(Way& way);
  void lose_tail(Way& way, TimeUs left_us);
  void lose_side(Connection& connection, int gone, bool silent, TimeUs left_us);
  void lose_connection(Connection& connection);
  void tell(Connection& connection, int side);
  void send_notice(Connection& connection, int side, env::Endpoint endpoint, bool last);
  bool resolve_notice(uint32_t slot, bool may_run);
  void break_off(Connection& connection);
  void retire(Connection& connection);
  template <class Visit>
  void each_connection(env::ProcessId process, Visit visit);
  template <class Visit>
  void each_between(env::ProcessId left, env::ProcessId right, Visit visit);
  void touched(env::ProcessId from, env::ProcessId to);

  NetworkHost& host_;
  EventQueue& queue_;
  EventSlab& slab_;
  const TimeUs& now_us_;
  NetworkOptions options_;
  RandomStream random_;
  uint64_t draws_ = 0;
  std::vector<std::vector<Link>> links_;  // [from][to]
  std::vector<std::unique_ptr<Connection>> connections_;  // by id; none has id 0
  std::vector<uint32_t> live_clients_;    // ids of clients' connections that are not over, ascending
  std::vector<Cut> cuts_;
  uint64_t reconnections_ = 0;
  std::vector<DelayRule> delays_;
  DelayRule applied_;  // what delayed() found
};

}  // namespace onceproof::simulator
