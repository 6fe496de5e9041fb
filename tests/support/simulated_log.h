// SPDX-License-Identifier: Apache-2.0
// SimulatedLog: the simulator's log as a LogUnderTest, for the contract suite and for tests that need a whole
// cluster of brokers and clients around them.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "simulator/log/cluster.h"
#include "simulator/log/extract.h"
#include "simulator/world.h"
#include "tests/support/log_under_test.h"

namespace onceproof::test {

class SimulatedLog final : public LogUnderTest {
 public:
  static constexpr int kClients = 4;
  struct Options {
    uint64_t seed = 1;
    simulator::FaultPlan faults;
    simulator::log::ClusterOptions cluster;
  };

  explicit SimulatedLog(Options options) : cluster_(options.cluster), world_(world_options(options)) {
    cluster_.join(world_);
    for (int i = 0; i < kClients; ++i) {
      world_.add_process(fmt::format("client-{}", i), [this, i](env::Env& env) {
        return std::make_unique<Owner>(env, clients_[static_cast<size_t>(i)]);
      });
    }
    advance(1);
  }

  void create_topic(const std::string& name, int32_t partitions) override {
    cluster_.store().add_topic(name, partitions);
  }
  env::Log& client(int index) override { return *clients_[static_cast<size_t>(index)]; }
  bool has_client(int index) const { return clients_[static_cast<size_t>(index)] != nullptr; }
  env::ProcessId client_process(int index) const {
    return static_cast<env::ProcessId>(cluster_.processes().size() + static_cast<size_t>(index));
  }
  TimeUs now() override { return world_.now(); }
  bool run_until(const std::function<bool()>& condition, DurationUs limit) override {
    const TimeUs end_us = world_.now() + limit;
    while (!condition()) {
      if (world_.now() >= end_us || !world_.step()) return false;
    }
    return true;
  }
  void advance(DurationUs duration) override { world_.run_until(world_.now() + duration); }
  DurationUs expiry_slack() const override { return cluster_.options().broker.expiry_check_us + seconds(1); }
  DurationUs max_transaction_timeout() const override { return cluster_.options().broker.max_transaction_timeout_us; }

  simulator::World& world() { return world_; }
  simulator::log::LogCluster& cluster() { return cluster_; }
  simulator::log::LogStore& store() { return cluster_.store(); }

 private:
  static simulator::WorldOptions world_options(const Options& options) {
    simulator::WorldOptions world;
    world.seed = options.seed;
    world.faults = options.faults;
    return world;
  }
  // The clients run in this actor's thread; the test speaks for it.
  class Owner final : public env::Actor {
   public:
    Owner(env::Env& env, env::Log*& slot) : log_(env.open_log("client")), slot_(slot) { slot_ = log_.get(); }
    ~Owner() override { slot_ = nullptr; }
    void on_mail(env::Mail&) override {}

   private:
    std::unique_ptr<env::Log> log_;
    env::Log*& slot_;
  };

  simulator::log::LogCluster cluster_;
  std::vector<env::Log*> clients_ = std::vector<env::Log*>(kClients);
  simulator::World world_;
};

inline simulator::FaultPlan crash_at(env::Point point, env::Phase when, uint32_t nth = 1) {
  simulator::Trigger trigger;
  trigger.point = point;
  trigger.when = when;
  trigger.nth = nth;
  return {{trigger, simulator::CrashFault{"@hit", seconds(2)}}};
}

inline std::unique_ptr<LogUnderTest> make_simulated_log(LogFault fault) {
  SimulatedLog::Options options;
  switch (fault) {
    case LogFault::none: break;
    case LogFault::coordinator_crash_before_prepare:
      options.faults = crash_at(env::Point::txn_prepare, env::Phase::before);
      break;
    case LogFault::coordinator_crash_after_prepare:
      options.faults = crash_at(env::Point::txn_prepare, env::Phase::after);
      break;
    case LogFault::leader_crash_at_first_marker:
      options.faults = crash_at(env::Point::txn_marker, env::Phase::after);
      break;
    case LogFault::answers_are_lost: {
      simulator::Trigger trigger;
      trigger.at_us = 0;
      options.faults = {{trigger, simulator::DelayFault{"*", env::MailKind::log_response, 4, seconds(4)}}};
      break;
    }
  }
  return std::make_unique<SimulatedLog>(options);
}

}  // namespace onceproof::test
