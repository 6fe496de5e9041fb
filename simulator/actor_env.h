// SPDX-License-Identifier: Apache-2.0
// ActorEnv: the seams of one endpoint. Every call of an endpoint that is stopped, or whose process is dead or
// doomed, does nothing, so that a handler that was killed halfway leaves no trace.
#pragma once

#include "simulator/kernel.h"
#include "simulator/storage.h"

namespace onceproof::simulator {

class ActorEnv final : public env::Env,
                       public env::Clock,
                       public env::Scheduler,
                       public env::Network,
                       public env::Random,
                       public env::Probe {
 public:
  ActorEnv(Kernel& kernel, Binding& binding) : kernel_(kernel), binding_(binding) {}

  env::Clock& clock() override { return *this; }
  env::Scheduler& scheduler() override { return *this; }
  env::Network& network() override { return *this; }
  env::Random& random() override { return *this; }
  env::Storage& storage() override;
  env::Probe& probe() override { return *this; }
  std::unique_ptr<env::Log> open_log(const std::string& client_id) override;

  TimeUs now() const override { return kernel_.now(); }

  void post(env::MailKind kind, uint64_t a, uint64_t b) override;
  env::TimerId after(DurationUs delay, env::MailKind kind, uint64_t a, uint64_t b) override;
  void cancel(env::TimerId timer) override;
  void spawn(std::string name, env::Endpoint endpoint, env::ActorFactory factory) override;
  void stop(env::Endpoint endpoint) override;
  void charge(uint64_t records, uint64_t bytes) override;

  env::Address self() const override { return {binding_.process, binding_.endpoint}; }
  void send(const env::Address& to, env::MailKind kind, Bytes body) override;
  void disconnect(env::ProcessId peer) override;
  void hang_up(const env::Address& client) override;

  RandomStream fork(std::string_view name) override { return kernel_.fork(binding_, name); }

  void hit(env::Point point, env::Phase phase, const env::ProbeArgs& args) override;

 private:
  Kernel& kernel_;
  Binding& binding_;
  std::unique_ptr<SimulatedStorage> storage_;  // from its first use on
};

}  // namespace onceproof::simulator
