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
    DurationUs move_every_us = 0;  // a leader is moved this often, one partition after the other; 0: never
  };

  explicit SimulatedLog(Options options)
      : cluster_(options.cluster), move_every_us_(options.move_every_us), world_(world_options(options)) {
    cluster_.join(world_);
    for (int i = 0; i < kClients; ++i) {
      world_.add_process(fmt::format("client-{}", i), [this, i](env::Env& env) {
        return std::make_unique<Owner>(env, clients_[static_cast<size_t>(i)]);
      });
    }
    if (move_every_us_ > 0) {
      world_.add_process("operator", [this](env::Env& env) { return std::make_unique<Operator>(env, *this); });
    }
  }

  // Topics and sources come before the first call of a client, which starts the world.
  void create_topic(const std::string& name, int32_t partitions) override { cluster_.add_topic(name, partitions); }
  env::Log& client(int index) override {
    if (world_.now() == 0) advance(1);
    return *clients_[static_cast<size_t>(index)];
  }
  bool has_client(int index) const { return clients_[static_cast<size_t>(index)] != nullptr; }
  env::ProcessId client_process(int index) const {
    return static_cast<env::ProcessId>(cluster_.controller_process() + 1 + index);
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

  bool transactions_v2() const override {
    return cluster_.options().transaction_version == simulator::log::TransactionVersion::v2;
  }
  bool moving() const override { return move_every_us_ > 0; }

  simulator::World& world() { return world_; }
  simulator::log::LogCluster& cluster() { return cluster_; }

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

  // Moves leaders, so that every coordinator and partition goes away and comes back.
  class Operator final : public env::Actor {
   public:
    Operator(env::Env& env, SimulatedLog& log) : env_(env), log_(log) {}
    void on_mail(env::Mail&) override {
      const simulator::log::ClusterImage& image = log_.cluster().image();
      const auto moved = image.name_of(next_++ % static_cast<uint32_t>(image.partitions.size()));
      log_.cluster().move_leader(moved.topic, moved.partition);
      env_.scheduler().after(log_.move_every_us_, env::MailKind::tick);
    }

   private:
    env::Env& env_;
    SimulatedLog& log_;
    uint32_t next_ = 0;
  };

  simulator::log::LogCluster cluster_;
  DurationUs move_every_us_;
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

// Three brokers keep three copies of everything.
inline SimulatedLog::Options variant(int32_t brokers, bool v2, bool moving) {
  SimulatedLog::Options options;
  options.cluster.brokers = brokers;
  options.cluster.replication_factor = brokers;
  options.cluster.min_isr = brokers > 1 ? 2 : 1;
  options.cluster.transaction_version =
      v2 ? simulator::log::TransactionVersion::v2 : simulator::log::TransactionVersion::classic;
  options.move_every_us = moving ? milliseconds(40) : 0;
  return options;
}

inline std::unique_ptr<LogUnderTest> make_simulated_log(SimulatedLog::Options options, LogFault fault) {
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
    case LogFault::leader_crash_at_first_append:
      // Before the transaction's records come the ones of the coordinator: the id and its first partition.
      options.faults = crash_at(env::Point::log_append, env::Phase::after, 4);
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

// Every way in which the model is to keep the contract.
inline std::vector<LogUnderTestFactory> simulated_logs() {
  std::vector<LogUnderTestFactory> all;
  const auto add = [&](const std::string& name, int32_t brokers, bool v2, bool moving) {
    all.push_back({name, [=](LogFault fault) { return make_simulated_log(variant(brokers, v2, moving), fault); }});
  };
  add("OneBrokerClassic", 1, false, false);
  add("OneBrokerV2", 1, true, false);
  add("ThreeBrokersClassic", 3, false, false);
  add("ThreeBrokersV2", 3, true, false);
  add("ThreeBrokersClassicMoving", 3, false, true);
  add("ThreeBrokersV2Moving", 3, true, true);
  return all;
}

}  // namespace onceproof::test
