// SPDX-License-Identifier: Apache-2.0
// What the seams of an endpoint ask of the kernel, and what protocol points set off.
#include <algorithm>

#include "simulator/actor_env.h"
#include "simulator/kernel.h"

namespace onceproof::simulator {

uint32_t Kernel::local_event(const Binding& to, env::MailKind kind, uint64_t a, uint64_t b) {
  const uint32_t slot = slab_.allocate();
  Event& event = slab_[slot];
  event.type = EventType::local;
  event.binding = to.id;
  event.mail.kind = kind;
  event.mail.a = a;
  event.mail.b = b;
  event.mail.from = {};
  event.mail.to = to.endpoint;
  return slot;
}

// Behind what is queued already: straight into the mailbox while its own thread runs.
void Kernel::post(Binding& to, env::MailKind kind, uint64_t a, uint64_t b) {
  const uint32_t slot = local_event(to, kind, a, b);
  Binding& owner = *to.owner;
  enqueue(owner, slot);
  if (!owner.ready_scheduled && !processes_[owner.process]->paused()) schedule_ready(owner);
}

env::TimerId Kernel::after(Binding& to, DurationUs delay_us, env::MailKind kind, uint64_t a, uint64_t b) {
  CHECK(delay_us >= 0, "a timer cannot lie in the past");
  const uint32_t slot = local_event(to, kind, a, b);
  push(now_us_ + delay_us, slot);
  return slab_[slot].order;
}

// The key's order names the timer for as long as it is pending or queued, and is never used again.
void Kernel::cancel(const Binding& of, env::TimerId timer) {
  if (timer == 0) return;
  const auto slot = static_cast<uint32_t>(timer & ((1u << kSlotBits) - 1));
  if (!slab_.contains(slot)) return;
  Event& event = slab_[slot];
  if (event.order == timer && event.type == EventType::local && event.binding == of.id) event.cancelled = true;
}

void Kernel::spawn(Binding& parent, std::string name, env::Endpoint endpoint, const env::ActorFactory& factory) {
  create_actor(bind(parent.process, endpoint, std::move(name), nullptr), factory);
}

void Kernel::stop(env::ProcessId process, env::Endpoint endpoint) {
  auto& endpoints = processes_[process]->endpoints;
  const auto entry = endpoints.find(endpoint);
  if (entry == endpoints.end() || entry->second->owner != entry->second) return;
  // Unbound at once, so that a successor may take the endpoint; the actor itself goes after the handler.
  to_stop_.push_back(entry->second->id);
  endpoints.erase(entry);
  clean_up_needed_ = true;
}

void Kernel::send(Binding& from, const env::Address& to, env::MailKind kind, Bytes&& body) {
  const uint32_t slot = network_.compose(from, to, kind, std::move(body));
  Process& process = *processes_[from.process];
  if (process.paused()) [[unlikely]] {  // in the middle of this very handler: the rest of it runs after the pause
    process.outbox.push_back(slot);
    return;
  }
  network_.depart(slot, depart_us(from), &from);
}

// What a client has not read of a connection that it ended.
void Kernel::forget(Binding& client, uint32_t connection) {
  for (uint32_t slot = client.owner->head; slot != kNoSlot; slot = slab_[slot].next) {
    Event& event = slab_[slot];
    if (event.binding == client.id && event.mail.from.connection == connection) event.cancelled = true;
  }
}

// In nanoseconds, rounded down for each call: a buffer's worth of records is charged at once.
void Kernel::charge(Binding& by, uint64_t records, uint64_t bytes) {
  const auto cost_ns = static_cast<DurationUs>(records) * options_.cpu.per_record_ns +
                       static_cast<DurationUs>(bytes) * options_.cpu.per_record_byte_ns;
  if (cost_ns == 0) return;
  DurationUs cost_us = cost_ns / 1000;
  const uint32_t percent = processes_[by.process]->cpu_percent;
  if (percent != 100) cost_us = cost_us * percent / 100;
  by.owner->busy_until_us = depart_us(by) + cost_us;
  slow_steps_.note(now_us_, by.owner->busy_until_us);
}

std::unique_ptr<env::Log> Kernel::open_log(Binding& owner, const std::string& client_id) {
  CHECK(log_factory_ != nullptr, "open_log() needs World::set_log_factory()");
  Process& process = *processes_[owner.process];
  Binding& binding = bind(owner.process, process.next_client_endpoint++, client_id, &owner);
  std::unique_ptr<LogClient> client = log_factory_(*binding.env, client_id);
  CHECK(client != nullptr, "the log factory made nothing");
  client->attach(*this, binding.id);
  binding.handler = client.get();
  return client;
}

Binding& Kernel::bind_storage(Binding& owner, env::MailHandler& client) {
  Process& process = *processes_[owner.process];
  Binding& binding = bind(owner.process, process.next_client_endpoint++, owner.name, &owner);
  binding.handler = &client;
  return binding;
}

void Kernel::call_storage(TimeUs at_us, uint32_t client, uint64_t call) {
  const uint32_t slot = slab_.allocate();
  Event& event = slab_[slot];
  event.type = EventType::storage;
  event.binding = client;
  event.mail.kind = env::MailKind::storage_call;
  event.mail.a = call;
  event.mail.b = 0;
  push(at_us, slot);
}

void Kernel::heal_storage(int fault) {
  disk_.drop_fault(fault);
  std::erase_if(hanging_, [&](const HangingCall& hanging) {
    if (hanging.fault != fault) return false;
    call_storage(now_us_, hanging.client, hanging.call);
    return true;
  });
}

void Kernel::storage_fault_applied(const DiskFault& fault) {
  if (fault.until_healed) return faults_.effective(fault.fault);
  faults_.applied(fault.fault, now_us_ + (fault.what.effect == StorageEffect::slow ? fault.what.delay_us : 0));
}

// The client's own handler may be on the stack, so its Env stays until that has returned.
void Kernel::unbind_client(uint32_t id) {
  std::unique_ptr<Binding> binding = std::move(bindings_[id]);
  if (binding == nullptr) return;
  if (alive(binding->process)) network_.close(*binding);
  binding->closed = true;
  binding->handler = nullptr;
  auto& endpoints = processes_[binding->process]->endpoints;
  const auto entry = endpoints.find(binding->endpoint);
  if (entry != endpoints.end() && entry->second == binding.get()) endpoints.erase(entry);
  if (running_process_ < 0) return;
  graveyard_.push_back(std::move(binding));
  clean_up_needed_ = true;
}

RandomStream Kernel::fork(const Binding& binding, std::string_view name) const {
  const Process& process = *processes_[binding.process];
  // A restarted process must not repeat what its predecessor drew.
  return RandomStream(options_.seed)
      .fork("process")
      .fork(process.name, process.incarnation)
      .fork("endpoint", binding.endpoint)
      .fork(name);
}

Binding* Kernel::bound(env::ProcessId process, env::Endpoint endpoint) {
  const auto& endpoints = processes_[process]->endpoints;
  const auto entry = endpoints.find(endpoint);
  return entry == endpoints.end() ? nullptr : entry->second;
}

void Kernel::hit(const Binding& by, env::Point point, env::Phase phase, const env::ProbeArgs& args) {
  ++hits_[static_cast<size_t>(point)];
  trace_.note_state(static_cast<uint64_t>(point) << 40 ^ static_cast<uint64_t>(phase) << 39 ^
              static_cast<uint64_t>(static_cast<uint32_t>(args.subtask)) ^ args.checkpoint << 48 ^
              args.value * 0x9e3779b97f4a7c15ull);
  if (options_.record_points && env::info(point).recorded && !options_.skipped_points[static_cast<size_t>(point)]) {
    points_.push_back({now_us_, by.process, env::info(point).name, phase == env::Phase::before, args.vertex,
                       args.subtask, args.checkpoint, args.attempt, args.value, args.epoch, std::string(args.text)});
  }
  hitting_ = &by;
  faults_.on_hit(by.process, point, phase, args.subtask);
  hitting_ = nullptr;
  if (!stalls_.empty()) apply_stalls(by, point);
}

bool Kernel::stall(env::ProcessId process, bool hitting, DurationUs delay_us) {
  const Binding* held = hitting ? hitting_ : nullptr;
  if (held == nullptr) held = bound(process, env::kMainEndpoint);
  if (held == nullptr || inert(*held)) return false;
  held->owner->busy_until_us = depart_us(*held) + delay_us;
  return true;
}

void Kernel::set_cpu_percent(env::ProcessId id, int owner, std::optional<uint32_t> percent) {
  Process& process = *processes_[id];
  std::erase_if(process.slowed_by, [&](const auto& known) { return known.first == owner; });
  if (percent) process.slowed_by.emplace_back(owner, *percent);
  uint64_t all = 100;
  for (const auto& [by, factor] : process.slowed_by) all = std::min<uint64_t>(all * factor / 100, 1'000'000);
  process.cpu_percent = static_cast<uint32_t>(all);
}

bool Kernel::busy_since(env::ProcessId id, TimeUs since_us) const {
  const Process& process = *processes_[id];
  return std::any_of(process.actors.begin(), process.actors.end(),
                     [&](uint32_t actor) { return bindings_[actor]->busy_until_us > since_us; });
}

void Kernel::apply_stalls(const Binding& by, env::Point point) {
  if (inert(by)) return;
  std::erase_if(stalls_, [&](const Stall& stall) {
    if (stall.point != point) return false;
    by.owner->busy_until_us = depart_us(by) + stall.delay_us;
    faults_.applied(stall.fault, by.owner->busy_until_us);
    return true;
  });
}

void Kernel::record(PointHit hit) {
  trace_.note(hit.process + 1);
  if (options_.record_points) points_.push_back(std::move(hit));
}

void Kernel::call_fault_back(TimeUs at_us, int fault, uint64_t tag) {
  const uint32_t slot = slab_.allocate();
  Event& event = slab_[slot];
  event.type = EventType::fault;
  event.mail.kind = env::MailKind::fault;
  event.mail.a = static_cast<uint64_t>(fault);
  event.mail.b = tag;
  push(at_us > now_us_ ? at_us : now_us_, slot);
}

void Kernel::disarm_faults() {
  faults_.disarm();
  stalls_.clear();
  network_.drop_delays();
  disk_.drop_unhealed();
}

}  // namespace onceproof::simulator
