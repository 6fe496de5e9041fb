// SPDX-License-Identifier: Apache-2.0
#include "simulator/actor_env.h"

namespace onceproof::simulator {

Binding::Binding() = default;
Binding::~Binding() = default;

std::unique_ptr<env::Log> ActorEnv::open_log(const std::string& client_id) {
  return kernel_.open_log(*binding_.owner, client_id);
}

env::Storage& ActorEnv::storage() {
  if (!storage_) storage_ = std::make_unique<SimulatedStorage>(kernel_, *binding_.owner);
  return *storage_;
}

void ActorEnv::post(env::MailKind kind, uint64_t a, uint64_t b) {
  if (!kernel_.inert(binding_)) kernel_.post(binding_, kind, a, b);
}

env::TimerId ActorEnv::after(DurationUs delay, env::MailKind kind, uint64_t a, uint64_t b) {
  return kernel_.inert(binding_) ? 0 : kernel_.after(binding_, delay, kind, a, b);
}

void ActorEnv::cancel(env::TimerId timer) {
  if (!kernel_.inert(binding_)) kernel_.cancel(binding_, timer);
}

void ActorEnv::spawn(std::string name, env::Endpoint endpoint, env::ActorFactory factory) {
  if (!kernel_.inert(binding_)) kernel_.spawn(binding_, std::move(name), endpoint, factory);
}

void ActorEnv::stop(env::Endpoint endpoint) {
  if (!kernel_.inert(binding_)) kernel_.stop(binding_.process, endpoint);
}

void ActorEnv::send(const env::Address& to, env::MailKind kind, Bytes body) {
  if (!kernel_.inert(binding_)) kernel_.send(binding_, to, kind, std::move(body));
}

void ActorEnv::disconnect(env::ProcessId peer) {
  if (kernel_.inert(binding_)) return;
  kernel_.network().count_reconnection();
  kernel_.network().disconnect(binding_, peer);
}

void ActorEnv::hang_up(const env::Address& client) {
  if (!kernel_.inert(binding_)) kernel_.network().hang_up(binding_.process, client);
}

void ActorEnv::charge(uint64_t records, uint64_t bytes) {
  if (!kernel_.inert(binding_)) kernel_.charge(binding_, records, bytes);
}

void ActorEnv::hit(env::Point point, env::Phase phase, const env::ProbeArgs& args) {
  if (!kernel_.inert(binding_)) kernel_.hit(binding_, point, phase, args);
}

}  // namespace onceproof::simulator
