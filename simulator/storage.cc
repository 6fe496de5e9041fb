// SPDX-License-Identifier: Apache-2.0
#include "simulator/storage.h"

#include <fmt/core.h>

#include <algorithm>

#include "simulator/kernel.h"

namespace onceproof::simulator {

namespace {

struct CallInfo {
  env::Point point;
  const char* verb;  // "syncing"
};

CallInfo info_of(StorageCall call) {
  switch (call) {
    case StorageCall::append: return {env::Point::storage_append, "writing"};
    case StorageCall::sync: return {env::Point::storage_sync, "syncing"};
    case StorageCall::rename: return {env::Point::storage_rename, "renaming"};
    case StorageCall::sync_directory: return {env::Point::storage_sync_directory, "syncing the directory"};
    case StorageCall::remove: return {env::Point::storage_remove, "removing"};
    case StorageCall::list: return {env::Point::storage_list, "listing"};
    case StorageCall::read: return {env::Point::storage_read, "reading"};
  }
  CHECK(false, "a call that is none");
}

DurationUs transfer_us(const DiskOptions& options, size_t bytes) {
  return static_cast<DurationUs>(bytes) * options.per_kib_us / 1024;
}

}  // namespace

SimulatedStorage::SimulatedStorage(Kernel& kernel, Binding& owner)
    : kernel_(kernel), owner_(owner), binding_(kernel.bind_storage(owner, *this)) {}

SimulatedStorage::~SimulatedStorage() { kernel_.unbind_client(binding_.id); }

// ---- the seam --------------------------------------------------------------------------------------------

void SimulatedStorage::append(const std::string& path, ByteView data, Done done) {
  make({.kind = StorageCall::append, .path = path, .data = Bytes(data), .done = std::move(done)});
}
void SimulatedStorage::sync(const std::string& path, Done done) {
  make({.kind = StorageCall::sync, .path = path, .done = std::move(done)});
}
void SimulatedStorage::rename(const std::string& from, const std::string& to, Done done) {
  make({.kind = StorageCall::rename, .path = from, .to = to, .done = std::move(done)});
}
void SimulatedStorage::sync_directory(const std::string& directory, Done done) {
  make({.kind = StorageCall::sync_directory, .path = directory, .done = std::move(done)});
}
void SimulatedStorage::remove(const std::string& path, Done done) {
  make({.kind = StorageCall::remove, .path = path, .done = std::move(done)});
}
void SimulatedStorage::list(const std::string& directory, Reply<Paths> reply) {
  make({.kind = StorageCall::list, .path = directory, .on_paths = std::move(reply)});
}
void SimulatedStorage::read(const std::string& path, Reply<Bytes> reply) {
  make({.kind = StorageCall::read, .path = path, .on_bytes = std::move(reply)});
}

void SimulatedStorage::make(Call call) {
  if (kernel_.inert(owner_)) return;
  call.digest = (hash64(call.path) + 3 * hash64(call.to)) ^ (hash64(call.data) + static_cast<uint64_t>(call.kind));
  kernel_.trace().note_state(call.digest);  // the call belongs to its handler, its effect to an event of its own
  calls_.emplace(next_id_++, std::move(call));
  begin_unblocked();
}

bool SimulatedStorage::blocked(uint64_t id, const Call& call) const {
  return std::any_of(calls_.begin(), calls_.lower_bound(id), [&](const auto& entry) {
    const Call& earlier = entry.second;
    if (earlier.state == State::done) return false;
    return earlier.path == call.path || earlier.to == call.path ||
           (!call.to.empty() && (earlier.path == call.to || earlier.to == call.to));
  });
}

void SimulatedStorage::begin_unblocked() {
  for (auto& [id, call] : calls_) {
    if (call.state != State::blocked || blocked(id, call)) continue;
    call.state = State::under_way;
    schedule(id, kernel_.depart_us(binding_) + cost_us(call));
  }
}

DurationUs SimulatedStorage::cost_us(const Call& call) const {
  const DiskOptions& options = kernel_.disk().options();
  switch (call.kind) {
    case StorageCall::append: return options.append_us + transfer_us(options, call.data.size());
    case StorageCall::sync:
    case StorageCall::sync_directory: return options.sync_us;
    case StorageCall::rename:
    case StorageCall::remove: return options.append_us;
    case StorageCall::list: return options.read_us;
    case StorageCall::read: return options.read_us + transfer_us(options, kernel_.disk().size(call.path));
  }
  return 0;
}

void SimulatedStorage::schedule(uint64_t id, TimeUs at_us) {
  kernel_.took(kernel_.now(), at_us);
  kernel_.call_storage(at_us, binding_.id, id);
}

uint64_t SimulatedStorage::digest(uint64_t id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? 0 : found->second.digest;
}

// ---- the storage's side ----------------------------------------------------------------------------------

bool SimulatedStorage::hit(const Call& call, env::Phase phase) {
  const std::string& path = call.to.empty() ? call.path : call.to;
  kernel_.hit(binding_, info_of(call.kind).point, phase, {.text = path});
  return !kernel_.inert(binding_);
}

void SimulatedStorage::carry_out(uint64_t id) {
  const auto found = calls_.find(id);
  CHECK(found != calls_.end(), "a storage call without its record");
  Call& call = found->second;
  size_t append_bytes = call.data.size();
  bool perform_it = true;
  if (call.state == State::under_way) {
    if (!hit(call, env::Phase::before)) return;
    const auto fault = kernel_.disk().strike(call.kind, kernel_.names()[binding_.process], call.path, call.to);
    const StorageEffect effect = fault ? fault->what.effect : StorageEffect::fails;
    if (fault) {
      kernel_.storage_fault_applied(*fault);
      if (effect == StorageEffect::hangs || effect == StorageEffect::slow) {
        call.state = State::struck;
        if (effect == StorageEffect::slow) return schedule(id, kernel_.now() + fault->what.delay_us);
        return kernel_.hang_storage(fault->fault, binding_.id, id);
      }
      if (effect == StorageEffect::fails) {
        if (call.kind == StorageCall::append) append_bytes = kernel_.disk().torn(call.data.size());
        perform_it = call.kind == StorageCall::append && append_bytes > 0;
      }
    }
    if (perform_it) perform(call, append_bytes);
    if (fault) {
      call.status = {ErrorCode::io_error,
                     fmt::format("{} \"{}\" failed: input/output error", info_of(call.kind).verb, call.path)};
    }
  } else {
    perform(call, append_bytes);
  }
  call.state = State::done;
  if (!hit(call, env::Phase::after)) return;
  kernel_.after(binding_, 0, env::MailKind::storage_answer, id, static_cast<uint64_t>(call.status.code()));
  begin_unblocked();
}

void SimulatedStorage::perform(Call& call, size_t append_bytes) {
  SimulatedDisk& disk = kernel_.disk();
  switch (call.kind) {
    case StorageCall::append:
      call.data.resize(append_bytes);
      call.status = disk.append(binding_.process, call.path, std::move(call.data));
      return;
    case StorageCall::sync: call.status = disk.sync(call.path); return;
    case StorageCall::rename: call.status = disk.rename(binding_.process, call.path, call.to); return;
    case StorageCall::sync_directory: call.status = disk.sync_directory(call.path); return;
    case StorageCall::remove: call.status = disk.remove(call.path); return;
    case StorageCall::list: call.paths = disk.list(call.path); return;
    case StorageCall::read:
      if (Result<Bytes> data = disk.read(call.path); data.ok()) {
        call.data = data.take();
      } else {
        call.status = data.error();
      }
      return;
  }
}

void SimulatedStorage::on_mail(env::Mail& mail) {
  const auto found = calls_.find(mail.a);
  if (mail.kind != env::MailKind::storage_answer || found == calls_.end()) return;
  Call call = std::move(found->second);
  calls_.erase(found);
  switch (call.kind) {
    case StorageCall::list:
      return call.status.ok() ? call.on_paths(std::move(call.paths)) : call.on_paths(call.status.error());
    case StorageCall::read:
      return call.status.ok() ? call.on_bytes(std::move(call.data)) : call.on_bytes(call.status.error());
    default: return call.done(call.status);
  }
}

}  // namespace onceproof::simulator
