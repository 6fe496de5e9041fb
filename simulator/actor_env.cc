// SPDX-License-Identifier: Apache-2.0
#include "simulator/actor_env.h"

namespace onceproof::simulator {

namespace {
Status killed() { return {ErrorCode::io_error, "the process is being killed"}; }

DurationUs transfer_us(const DiskOptions& options, size_t bytes) {
  return static_cast<DurationUs>(bytes) * options.per_kib_us / 1024;
}
}  // namespace

Binding::Binding() = default;
Binding::~Binding() = default;

std::unique_ptr<env::Log> ActorEnv::open_log(const std::string& client_id) {
  return kernel_.open_log(*binding_.owner, client_id);
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
  if (!kernel_.inert(binding_)) kernel_.network().disconnect(binding_, peer);
}

void ActorEnv::charge(uint64_t records, uint64_t bytes) {
  if (!kernel_.inert(binding_)) kernel_.charge(binding_, records, bytes);
}

void ActorEnv::pay(DurationUs cost_us, uint64_t note) {
  binding_.owner->busy_until_us = kernel_.depart_us(binding_) + cost_us;
  kernel_.trace().note(note);
}

Status ActorEnv::append(const std::string& path, ByteView data) {
  if (kernel_.inert(binding_)) return killed();
  const DiskOptions& options = kernel_.disk().options();
  pay(options.append_us + transfer_us(options, data.size()), hash64(path) ^ hash64(data));
  return kernel_.disk().append(binding_.process, process_name(), path, data);
}

Status ActorEnv::sync(const std::string& path) {
  if (kernel_.inert(binding_)) return killed();
  pay(kernel_.disk().options().sync_us, hash64(path) + 1);
  return kernel_.disk().sync(process_name(), path);
}

Status ActorEnv::rename(const std::string& from, const std::string& to) {
  if (kernel_.inert(binding_)) return killed();
  pay(kernel_.disk().options().append_us, hash64(from) + 3 * hash64(to));
  return kernel_.disk().rename(binding_.process, from, to);
}

Status ActorEnv::sync_directory(const std::string& directory) {
  if (kernel_.inert(binding_)) return killed();
  pay(kernel_.disk().options().sync_us, hash64(directory) + 2);
  return kernel_.disk().sync_directory(directory);
}

Status ActorEnv::remove(const std::string& path) {
  if (kernel_.inert(binding_)) return killed();
  pay(kernel_.disk().options().append_us, hash64(path) + 4);
  return kernel_.disk().remove(path);
}

Result<std::vector<std::string>> ActorEnv::list(const std::string& directory) {
  if (kernel_.inert(binding_)) return killed().error();
  pay(kernel_.disk().options().read_us, hash64(directory) + 5);
  return kernel_.disk().list(directory);
}

Result<Bytes> ActorEnv::read(const std::string& path) {
  if (kernel_.inert(binding_)) return killed().error();
  Result<Bytes> data = kernel_.disk().read(path);
  const DiskOptions& options = kernel_.disk().options();
  pay(options.read_us + (data.ok() ? transfer_us(options, data.value().size()) : 0), hash64(path) + 6);
  return data;
}

void ActorEnv::hit(env::Point point, env::Phase phase, const env::ProbeArgs& args) {
  if (!kernel_.inert(binding_)) kernel_.hit(binding_, point, phase, args);
}

}  // namespace onceproof::simulator
