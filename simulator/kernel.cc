// SPDX-License-Identifier: Apache-2.0
// The loop and the life of processes; what the seams call is in kernel_seams.cc.
#include "simulator/kernel.h"

#include <algorithm>
#include <limits>

#include "simulator/actor_env.h"
#include "simulator/storage.h"

namespace onceproof::simulator {

Kernel::Kernel(WorldOptions options, FaultSourceFactory fault_sources)
    : options_(std::move(options)),
      trace_(options_.ladder_stride, options_.detail),
      network_(*this, queue_, slab_, now_us_, options_.network, RandomStream(options_.seed).fork("network")),
      disk_(options_.disk, RandomStream(options_.seed).fork("disk")),
      slow_steps_(options_.slow_step_us),
      faults_(*this, options_.faults, fault_sources) {
  faults_.arm();
}

Kernel::~Kernel() {
  for (auto& process : processes_) process->doomed = true;  // no destructor may start anything
  for (size_t id = bindings_.size(); id-- > 0;) {
    if (bindings_[id] && bindings_[id]->owner == bindings_[id].get()) destroy_actor(static_cast<uint32_t>(id));
  }
}

// ---- the loop --------------------------------------------------------------------------------------------

bool Kernel::step(TimeUs limit_us) {
  while (!queue_.empty()) {
    if (queue_.next_us() > limit_us) return false;
    const EventQueue::Key key = queue_.pop();
    now_us_ = key.at_us;
    const uint32_t slot = key.slot();
    if (const uint32_t next = queue_.likely_next_slot(); next != kNoSlot) slab_.prefetch(next);
    Event& event = slab_[slot];
    switch (event.type) {
      case EventType::local:
        if (deliver(slot, true)) return true;
        break;
      case EventType::ready: {
        const uint32_t binding = event.binding;
        slab_.release(slot);
        if (handle_ready(binding)) return true;
        break;
      }
      case EventType::network:
      case EventType::notice:
        if (network_.arrive(slot, true)) return true;
        break;
      case EventType::lost: slab_.release(slot); break;
      case EventType::start_process:
        fold_world_event(event, static_cast<env::ProcessId>(event.mail.a));
        start_process(static_cast<env::ProcessId>(event.mail.a));
        slab_.release(slot);
        clean_up();
        return true;
      case EventType::storage: {
        const bool happens = bindings_[event.binding] != nullptr;
        if (happens) carry_out_storage_call(event);
        slab_.release(slot);
        clean_up();
        if (happens) return true;
        break;
      }
      case EventType::fault: {
        fold_world_event(event, 0);
        const auto fault = static_cast<int>(event.mail.a);
        const uint64_t tag = event.mail.b;
        slab_.release(slot);
        faults_.on_timer(fault, tag);
        clean_up();
        return true;
      }
    }
  }
  return false;
}

// On behalf of the process that made the call, although it may be paused; not on its thread.
void Kernel::carry_out_storage_call(const Event& event) {
  Binding& client = *bindings_[event.binding];
  auto& storage = static_cast<SimulatedStorage&>(*client.handler);
  const uint64_t call = event.mail.a;
  trace_.fold({now_us_, client.process, env::MailKind::storage_call, client.endpoint, call, 0, storage.digest(call),
               network_.draws() + disk_.draws()});
  running_process_ = client.process;
  storage.carry_out(call);
  running_process_ = -1;
}

void Kernel::fold_world_event(const Event& event, env::ProcessId process) {
  trace_.fold({now_us_, process, event.mail.kind, 0, event.mail.a, event.mail.b, 0, network_.draws() + disk_.draws()});
}

bool Kernel::deliver(uint32_t slot, bool may_run) {
  Event& event = slab_[slot];
  Binding* binding = event.cancelled ? nullptr : bindings_[event.binding].get();
  if (binding == nullptr) {
    slab_.release(slot);
    return false;
  }
  Binding& owner = *binding->owner;
  Process& process = *processes_[owner.process];
  if (process.paused()) {
    process.inbox.push_back(slot);
    return false;
  }
  if (may_run && owner.head == kNoSlot && owner.busy_until_us <= now_us_) {
    handle(*binding, slot);
    return true;
  }
  enqueue(owner, slot);
  if (!owner.ready_scheduled) schedule_ready(owner);
  return false;
}

bool Kernel::keep(env::ProcessId id, uint32_t slot) {
  Process& process = *processes_[id];
  if (!process.paused() || !process.alive) return false;
  process.inbox.push_back(slot);
  return true;
}

bool Kernel::handle_ready(uint32_t id) {
  Binding* owner = bindings_[id].get();
  if (owner == nullptr) return false;
  owner->ready_scheduled = false;
  Process& process = *processes_[owner->process];
  if (process.paused()) {
    process.held_something = true;
    return false;
  }
  if (owner->busy_until_us > now_us_) {  // it was stalled meanwhile
    schedule_ready(*owner);
    return false;
  }
  while (owner->head != kNoSlot) {
    const uint32_t slot = dequeue(*owner);
    Event& event = slab_[slot];
    Binding* binding = event.cancelled ? nullptr : bindings_[event.binding].get();
    if (binding != nullptr) {
      slow_steps_.note(event.arrive_us, now_us_);
      handle(*binding, slot);
      return true;
    }
    slab_.release(slot);
  }
  return false;
}

void Kernel::handle(Binding& binding, uint32_t slot) {
  Event& event = slab_[slot];
  Binding& owner = *binding.owner;
  const uint32_t owner_id = owner.id;
  const env::ProcessId process_id = binding.process;
  Process& process = *processes_[process_id];
  const env::Mail& mail = event.mail;
  trace_.fold_mail({now_us_, process_id, mail.kind, binding.endpoint, mail.a, mail.b,
               mail.body.empty() ? 0 : hash64(mail.body), network_.draws() + disk_.draws()});
  DurationUs cost_us = options_.cpu.per_mail_us;
  if (!mail.body.empty()) cost_us += static_cast<DurationUs>(mail.body.size()) * options_.cpu.per_kib_us / 1024;
  if (process.cpu_percent != 100) cost_us = cost_us * process.cpu_percent / 100;
  owner.busy_until_us = now_us_ + cost_us;
  slow_steps_.note(now_us_, owner.busy_until_us);
  event.order = 0;  // a fired timer can no longer be cancelled
  if (event.type == EventType::notice && binding.is_client()) [[unlikely]] {
    network_.told(binding, mail.from.connection);
  }

  running_process_ = process_id;
  running_owner_ = &owner;
  binding.handler->on_mail(event.mail);
  running_process_ = -1;
  running_owner_ = nullptr;  // it may go now

  slab_.release(slot);
  if (clean_up_needed_) {
    clean_up();
    if (bindings_[owner_id] == nullptr) return;
  }
  if (owner.head != kNoSlot && !owner.ready_scheduled && !process.paused()) schedule_ready(owner);
}

void Kernel::enqueue(Binding& owner, uint32_t slot) {
  slab_[slot].next = kNoSlot;
  slab_[slot].arrive_us = now_us_;
  if (owner.tail == kNoSlot) {
    owner.head = slot;
  } else {
    slab_[owner.tail].next = slot;
  }
  owner.tail = slot;
}

uint32_t Kernel::dequeue(Binding& owner) {
  const uint32_t slot = owner.head;
  owner.head = slab_[slot].next;
  if (owner.head == kNoSlot) owner.tail = kNoSlot;
  return slot;
}

void Kernel::schedule_ready(Binding& owner) {
  owner.ready_scheduled = true;
  const uint32_t slot = slab_.allocate();
  Event& event = slab_[slot];
  event.type = EventType::ready;
  event.binding = owner.id;
  push(depart_us(owner), slot);
}

// ---- processes and actors --------------------------------------------------------------------------------

env::ProcessId Kernel::add_process(std::string name, env::ActorFactory main) {
  CHECK(processes_.size() < std::numeric_limits<env::ProcessId>::max(), "a world has at most 65,535 processes");
  const auto id = static_cast<env::ProcessId>(processes_.size());
  auto process = std::make_unique<Process>();
  process->name = name;
  process->main = std::move(main);
  processes_.push_back(std::move(process));
  names_.push_back(std::move(name));
  const uint32_t slot = slab_.allocate();
  Event& event = slab_[slot];
  event.type = EventType::start_process;
  event.mail.kind = env::MailKind::process_restart;
  event.mail.a = id;
  event.mail.b = 0;
  push(now_us_, slot);
  return id;
}

std::optional<env::ProcessId> Kernel::process_named(const std::string& name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return std::nullopt;
  return static_cast<env::ProcessId>(found - names_.begin());
}

void Kernel::start_process(env::ProcessId id) {
  Process& process = *processes_[id];
  process.started = true;
  process.alive = true;
  process.doomed = false;
  process.silent = false;
  process.held_something = false;
  Binding& main = bind(id, env::kMainEndpoint, process.name, nullptr);
  const int outer = running_process_;
  Binding* const outer_owner = running_owner_;
  running_process_ = id;
  running_owner_ = nullptr;
  create_actor(main, process.main);
  running_process_ = outer;
  running_owner_ = outer_owner;
  if (outer < 0) clean_up();
}

Binding& Kernel::bind(env::ProcessId process, env::Endpoint endpoint, std::string name, Binding* owner) {
  auto made = std::make_unique<Binding>();
  Binding& binding = *made;
  binding.id = static_cast<uint32_t>(bindings_.size());
  binding.endpoint = endpoint;
  binding.process = process;
  binding.name = std::move(name);
  binding.owner = owner != nullptr ? owner : &binding;
  binding.env = std::make_unique<ActorEnv>(*this, binding);
  const bool is_new = processes_[process]->endpoints.emplace(endpoint, &binding).second;
  CHECK(is_new, "an endpoint is bound twice in one process");
  bindings_.push_back(std::move(made));
  return binding;
}

// The first mail is queued before the constructor runs, so that it is also the first to be handled.
void Kernel::create_actor(Binding& binding, const env::ActorFactory& factory) {
  processes_[binding.process]->actors.push_back(binding.id);
  post(binding, env::MailKind::start, 0, 0);
  binding.actor = factory(*binding.env);
  CHECK(binding.actor != nullptr, "an actor factory made nothing");
  binding.handler = binding.actor.get();
}

void Kernel::destroy_actor(uint32_t id) {
  Binding& binding = *bindings_[id];
  Process& process = *processes_[binding.process];
  binding.closed = true;
  while (binding.head != kNoSlot) slab_.release(dequeue(binding));
  const auto entry = process.endpoints.find(binding.endpoint);
  if (entry != process.endpoints.end() && entry->second == &binding) process.endpoints.erase(entry);
  std::erase(process.actors, id);
  binding.handler = nullptr;
  binding.actor.reset();  // its log clients unbind themselves
  bindings_[id].reset();
}

// How far a process has come: a handler's work is ahead of the clock, and what it has sent has left.
TimeUs Kernel::own_time_us(env::ProcessId id) const {
  return running_process_ == id && running_owner_ != nullptr ? depart_us(*running_owner_) : now_us_;
}

void Kernel::crash(env::ProcessId id, bool silent) {
  Process& process = *processes_[id];
  if (!process.alive || process.doomed) return;
  process.doomed = true;
  process.silent = silent;
  process.died_us = own_time_us(id);
  record({.at_us = now_us_, .process = id, .name = "process.crash", .text = {}});
  if (running_process_ == id) {
    to_crash_.push_back(id);
    clean_up_needed_ = true;
  } else {
    finish_crash(id);
  }
}

void Kernel::finish_crash(env::ProcessId id) {
  Process& process = *processes_[id];
  network_.process_crashed(id, process.silent, process.died_us);
  while (!process.actors.empty()) destroy_actor(process.actors.back());
  process.endpoints.clear();
  for (std::vector<uint32_t>* box : {&process.outbox, &process.inbox}) {
    for (const uint32_t slot : *box) slab_.release(slot);
    box->clear();
  }
  process.alive = false;
  process.doomed = false;
  process.paused_by.clear();
  disk_.crash(id);
}

void Kernel::restart(env::ProcessId id) {
  Process& process = *processes_[id];
  if (process.alive || !process.started) return;
  ++process.incarnation;
  record({.at_us = now_us_, .process = id, .name = "process.restart", .text = {}});
  start_process(id);
  network_.process_restarted(id);
}

void Kernel::pause(env::ProcessId id, int fault) {
  Process& process = *processes_[id];
  if (!alive(id)) return;
  process.paused_by.push_back(fault);
  if (process.paused_by.size() != 1) return;
  process.held_something = false;
  process.outbox = network_.take_back(id, own_time_us(id));
  record({.at_us = now_us_, .process = id, .name = "process.pause", .text = {}});
}

bool Kernel::resume(env::ProcessId id, int fault) {
  Process& process = *processes_[id];
  const auto pause = std::find(process.paused_by.begin(), process.paused_by.end(), fault);
  if (!alive(id) || pause == process.paused_by.end()) return false;
  const bool held = process.held_something || !process.outbox.empty() || !process.inbox.empty();
  process.paused_by.erase(pause);
  if (process.paused()) return held;
  record({.at_us = now_us_, .process = id, .name = "process.resume", .text = {}});
  const std::vector<uint32_t> outbox = std::move(process.outbox);
  process.outbox.clear();
  for (const uint32_t slot : outbox) {
    const env::Endpoint sender = slab_[slot].mail.from.endpoint;
    network_.depart(slot, now_us_, bound(id, sender));
  }
  for (const uint32_t actor : process.actors) {
    Binding& binding = *bindings_[actor];
    if (binding.head != kNoSlot && !binding.ready_scheduled) schedule_ready(binding);
  }
  const std::vector<uint32_t> inbox = std::move(process.inbox);
  process.inbox.clear();
  for (const uint32_t slot : inbox) {
    if (slab_[slot].type == EventType::local) {
      deliver(slot, false);
    } else {
      network_.resolve(slot, false);
    }
  }
  return held;
}

// After a handler: actors that were stopped go in the order of the calls, then processes that were killed.
void Kernel::clean_up() {
  while (clean_up_needed_) {
    clean_up_needed_ = false;
    const std::vector<uint32_t> stops = std::move(to_stop_);
    to_stop_.clear();
    for (const uint32_t id : stops) {
      if (bindings_[id] != nullptr) destroy_actor(id);
    }
    const std::vector<env::ProcessId> crashes = std::move(to_crash_);
    to_crash_.clear();
    for (const env::ProcessId id : crashes) finish_crash(id);
    graveyard_.clear();
  }
}

}  // namespace onceproof::simulator
