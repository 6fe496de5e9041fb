// SPDX-License-Identifier: Apache-2.0
// SimulatedNetwork: one connection for each pair of processes, first-in-first-out in each direction, with a
// latency drawn from that direction's own stream. Partitions hold or reset, delays act on the sender's side.
// A lost connection is told once to the main endpoint and to each endpoint that had used it. For the kernel.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "runtime/base/random.h"
#include "simulator/event_queue.h"
#include "simulator/options.h"
#include "simulator/process.h"

namespace onceproof::simulator {

class Kernel;

struct DelayRule {
  int fault = 0;
  std::optional<env::ProcessId> sender;      // nullopt: anyone
  env::MailKind mail = env::MailKind::none;  // none: any
  uint32_t count = 1;
  DurationUs delay_us = 0;
};

class SimulatedNetwork {
 public:
  SimulatedNetwork(Kernel& kernel, NetworkOptions options, RandomStream random)
      : kernel_(kernel), options_(options), random_(random) {}

  void send(Binding& sender, const env::Address& to, env::MailKind kind, Bytes body);
  // A message (or a notice) reaches the end of its way. True when a mail was handled in this very event.
  bool arrive(uint32_t slot, bool may_run);
  void enter(uint32_t slot);                     // a delayed message enters its connection
  void depart(uint32_t slot, TimeUs depart_us);  // a message leaves its sender now
  void process_crashed(env::ProcessId process);

  // Cuts are named by their fault. `from` and `to` as in PartitionFault; a reset kills both directions.
  void cut(int fault, std::vector<std::pair<env::ProcessId, env::ProcessId>> directions, CutMode mode);
  void heal(int fault);

  void delay_next(DelayRule rule) { delays_.push_back(rule); }
  void drop_delays() { delays_.clear(); }
  uint64_t draws() const { return draws_; }

 private:
  struct Channel {
    RandomStream latency;
    TimeUs last_us = 0;  // when the newest message arrives
    uint32_t epoch = 0;  // raised when what is in flight is lost
    bool used = false;
    bool broken = false;   // the peer died, the notice of it is still under way
    uint32_t holding = 0;  // cuts in force
    uint32_t resetting = 0;
    std::vector<uint32_t> held;  // arrived during a hold, oldest first
  };
  struct Cut {
    int fault;
    CutMode mode;
    std::vector<std::pair<env::ProcessId, env::ProcessId>> directions;
  };

  Channel& channel(env::ProcessId from, env::ProcessId to);
  DurationUs draw_latency(Channel& channel);
  bool delayed(uint32_t slot, TimeUs depart_us);
  void lose_in_flight(Channel& channel);
  void lose_connection(env::ProcessId left, env::ProcessId right);
  void notify_loss(env::ProcessId told, env::ProcessId peer);
  void send_notice(env::ProcessId told, env::Endpoint endpoint, env::ProcessId peer, bool last);
  void bounce(uint32_t slot);
  bool arrive_notice(uint32_t slot, bool may_run);
  void touched(env::ProcessId from, env::ProcessId to);

  Kernel& kernel_;
  NetworkOptions options_;
  RandomStream random_;
  uint64_t draws_ = 0;
  std::vector<std::vector<Channel>> channels_;  // [from][to]
  std::vector<Cut> cuts_;
  std::vector<DelayRule> delays_;
};

}  // namespace onceproof::simulator
