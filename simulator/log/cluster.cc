// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/cluster.h"

#include <fmt/format.h>

#include "simulator/log/broker.h"
#include "simulator/log/client.h"

namespace onceproof::simulator::log {

void LogCluster::join(World& world) {
  CHECK(world_ == nullptr, "a log cluster joins one world");
  world_ = &world;
  for (int32_t index = 0; index < options_.brokers; ++index) {
    processes_.push_back(world.add_process(fmt::format("broker-{}", index), [this, index](env::Env& env) {
      return std::make_unique<Broker>(env, *this, index);
    }));
  }
  world.set_log_factory([this](env::Env& env, const std::string&) { return std::make_unique<Client>(env, *this); });
}

bool LogCluster::alive(int32_t broker) const { return world_->alive(processes_[static_cast<size_t>(broker)]); }

}  // namespace onceproof::simulator::log
