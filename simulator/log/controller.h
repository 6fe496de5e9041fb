// SPDX-License-Identifier: Apache-2.0
// Controller: Kafka's KRaft controller as one process of its own: registers brokers, watches their sessions, elects
// leaders, changes in-sync sets and tells every broker. Stated limit: its log is one durable state without a quorum
// of its own, so it is down while its process is; brokers and clients go on with what they know. Decisions are
// ControllerState's. Made by LogCluster.
#pragma once

#include <vector>

#include "runtime/env/env.h"
#include "simulator/log/cluster.h"
#include "simulator/log/messages.h"

namespace onceproof::simulator::log {

class Controller final : public env::Actor {
 public:
  Controller(env::Env& env, LogCluster& cluster);
  void on_mail(env::Mail& mail) override;

 private:
  void on_heartbeat(env::Mail& mail);
  void on_alter_partition(env::Mail& mail);
  void check_sessions();
  void on_move_leader(PartitionId partition, bool by_itself);
  // before -> change -> after -> tell everybody, if it changed anything. False: the process died on the way.
  template <class Change>
  [[nodiscard]] bool change(const char* why, int32_t broker, Change decide);
  void tell(int32_t broker);
  void tell_all();

  env::Env& env_;
  LogCluster& cluster_;
  ControllerState& state_;
  env::ProcessId self_;
  PartitionId next_moved_ = 0;
  std::vector<TimeUs> heard_us_;  // of each broker's session
};

}  // namespace onceproof::simulator::log
