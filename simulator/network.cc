// SPDX-License-Identifier: Apache-2.0
#include "simulator/network.h"

#include <algorithm>

#include "simulator/kernel.h"

namespace onceproof::simulator {

namespace {
uint64_t bit(env::ProcessId process) { return uint64_t{1} << process; }
}  // namespace

SimulatedNetwork::Channel& SimulatedNetwork::channel(env::ProcessId from, env::ProcessId to) {
  const size_t count = kernel_.process_count();
  CHECK(from < count && to < count, "there is no such process to send to");
  if (channels_.size() < count) [[unlikely]] {
    channels_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      for (size_t j = channels_[i].size(); j < count; ++j) {
        const RandomStream latency = random_.fork(kernel_.names()[i]).fork(kernel_.names()[j], j);
        channels_[i].push_back(Channel{.latency = latency, .held = {}});
      }
    }
  }
  return channels_[from][to];
}

DurationUs SimulatedNetwork::draw_latency(Channel& channel) {
  const bool tail = options_.tail_one_in != 0 && channel.latency.one_in(options_.tail_one_in);
  draws_ += options_.tail_one_in != 0 ? 2 : 1;
  if (tail) return channel.latency.between(options_.typical_us, options_.tail_us);
  return channel.latency.between(options_.min_us, options_.typical_us);
}

// ---- sending ---------------------------------------------------------------------------------------------

void SimulatedNetwork::send(Binding& sender, const env::Address& to, env::MailKind kind, Bytes body) {
  EventSlab& slab = kernel_.slab();
  const uint32_t slot = slab.allocate();
  Event& event = slab[slot];
  event.type = EventType::network;
  event.to_process = to.process;
  event.mail.kind = kind;
  event.mail.a = 0;
  event.mail.b = 0;
  event.mail.from = {sender.process, sender.endpoint};
  event.mail.to = to.endpoint;
  event.mail.body = std::move(body);
  Process& process = kernel_.process(sender.process);
  if (process.pauses != 0) {  // paused in the middle of this very handler: the rest of it runs after the pause
    process.outbox.push_back(slot);
    return;
  }
  const TimeUs depart_us = kernel_.depart_us(sender);
  if (!delays_.empty() && delayed(slot, depart_us)) return;
  depart(slot, depart_us);
}

bool SimulatedNetwork::delayed(uint32_t slot, TimeUs depart_us) {
  Event& event = kernel_.slab()[slot];
  const env::ProcessId sender = event.mail.from.process;
  for (size_t i = 0; i < delays_.size(); ++i) {
    DelayRule& rule = delays_[i];
    if (rule.mail != env::MailKind::none && rule.mail != event.mail.kind) continue;
    if (rule.sender && *rule.sender != sender) continue;
    event.type = EventType::enter_network;
    event.epoch = kernel_.process(sender).incarnation;
    kernel_.faults().applied(rule.fault, depart_us + rule.delay_us);
    kernel_.push(depart_us + rule.delay_us, slot);
    if (--rule.count == 0) delays_.erase(delays_.begin() + static_cast<ptrdiff_t>(i));
    return true;
  }
  return false;
}

void SimulatedNetwork::enter(uint32_t slot) {
  Event& event = kernel_.slab()[slot];
  const Process& sender = kernel_.process(event.mail.from.process);
  if (!sender.alive || sender.incarnation != event.epoch) {
    kernel_.slab().release(slot);
    return;
  }
  event.type = EventType::network;
  depart(slot, kernel_.now());
}

void SimulatedNetwork::depart(uint32_t slot, TimeUs depart_us) {
  Event& event = kernel_.slab()[slot];
  const env::Address from = event.mail.from;
  const env::ProcessId to = event.to_process;
  Channel& way = channel(from.process, to);
  event.epoch = way.epoch;
  if (from.process == to) {
    way.last_us = std::max(way.last_us, depart_us + options_.loopback_us);
    kernel_.push(way.last_us, slot);
    return;
  }
  Binding* sender = kernel_.bound(from.process, from.endpoint);
  if (way.resetting != 0) {
    touched(from.process, to);
    kernel_.slab().release(slot);
    send_notice(from.process, from.endpoint, to, false);
    return;
  }
  if (way.broken) {
    // The peer died and this process does not know yet. Those that had used the connection will be told anyway.
    const bool will_be_told = sender != nullptr && (sender->contacts & bit(to)) != 0;
    kernel_.slab().release(slot);
    if (!will_be_told) send_notice(from.process, from.endpoint, to, false);
    return;
  }
  if (sender != nullptr) sender->contacts |= bit(to);
  way.used = true;
  way.last_us = std::max(way.last_us, depart_us + draw_latency(way));
  kernel_.push(way.last_us, slot);
}

// ---- arriving --------------------------------------------------------------------------------------------

bool SimulatedNetwork::arrive(uint32_t slot, bool may_run) {
  Event& event = kernel_.slab()[slot];
  const env::Address from = event.mail.from;
  const env::ProcessId to = event.to_process;
  Channel& way = channel(from.process, to);
  if (event.epoch != way.epoch) {
    kernel_.slab().release(slot);
    return false;
  }
  if (way.holding != 0) {
    touched(from.process, to);
    way.held.push_back(slot);
    return false;
  }
  if (event.type == EventType::notice) return arrive_notice(slot, may_run);
  if (!kernel_.alive(to)) {
    kernel_.slab().release(slot);
    send_notice(from.process, from.endpoint, to, false);
    return false;
  }
  Binding* binding = kernel_.bound(to, event.mail.to);
  if (binding == nullptr) {
    bounce(slot);
    return false;
  }
  if (from.process != to) binding->contacts |= bit(from.process);
  event.binding = binding->id;
  return kernel_.deliver(slot, may_run);
}

// The message turns round and goes back as unknown_endpoint.
void SimulatedNetwork::bounce(uint32_t slot) {
  Event& event = kernel_.slab()[slot];
  if (event.mail.kind == env::MailKind::unknown_endpoint) {
    kernel_.slab().release(slot);
    return;
  }
  const env::Address back = event.mail.from;
  event.mail.from = {event.to_process, event.mail.to};
  event.mail.a = event.mail.to;
  event.mail.b = static_cast<uint64_t>(event.mail.kind);
  event.mail.kind = env::MailKind::unknown_endpoint;
  event.mail.to = back.endpoint;
  event.mail.body.clear();
  event.to_process = back.process;
  depart(slot, kernel_.now());
}

// ---- lost connections ------------------------------------------------------------------------------------

// connection_lost travels behind whatever the peer sent before, to one endpoint of `told`.
void SimulatedNetwork::send_notice(env::ProcessId told, env::Endpoint endpoint, env::ProcessId peer, bool last) {
  EventSlab& slab = kernel_.slab();
  const uint32_t slot = slab.allocate();
  Event& event = slab[slot];
  Channel& way = channel(peer, told);
  event.type = EventType::notice;
  event.to_process = told;
  event.epoch = way.epoch;
  event.last_notice = last;
  event.mail.kind = env::MailKind::connection_lost;
  event.mail.a = peer;
  event.mail.b = 0;
  event.mail.from = {peer, 0};
  event.mail.to = endpoint;
  way.last_us = std::max(way.last_us, kernel_.now() + draw_latency(way));
  kernel_.push(way.last_us, slot);
}

bool SimulatedNetwork::arrive_notice(uint32_t slot, bool may_run) {
  Event& event = kernel_.slab()[slot];
  const env::ProcessId peer = event.mail.from.process;
  const env::ProcessId told = event.to_process;
  if (event.last_notice) channel(told, peer).broken = false;
  Binding* binding = kernel_.alive(told) ? kernel_.bound(told, event.mail.to) : nullptr;
  if (binding == nullptr) {
    kernel_.slab().release(slot);
    return false;
  }
  binding->contacts &= ~bit(peer);
  event.binding = binding->id;
  return kernel_.deliver(slot, may_run);
}

// The main endpoint first, then the others that had used the connection, by number.
void SimulatedNetwork::notify_loss(env::ProcessId told, env::ProcessId peer) {
  channel(told, peer).broken = true;
  std::vector<env::Endpoint> others;
  for (const auto& [endpoint, binding] : kernel_.process(told).endpoints) {
    if (endpoint != env::kMainEndpoint && (binding->contacts & bit(peer)) != 0) others.push_back(endpoint);
  }
  send_notice(told, env::kMainEndpoint, peer, others.empty());
  for (size_t i = 0; i < others.size(); ++i) send_notice(told, others[i], peer, i + 1 == others.size());
}

void SimulatedNetwork::lose_in_flight(Channel& way) {
  ++way.epoch;
  for (const uint32_t slot : way.held) kernel_.slab().release(slot);
  way.held.clear();
}

void SimulatedNetwork::process_crashed(env::ProcessId process) {
  lose_in_flight(channel(process, process));
  for (env::ProcessId peer = 0; peer < kernel_.process_count(); ++peer) {
    if (peer == process) continue;
    Channel& out = channel(process, peer);
    Channel& in = channel(peer, process);
    const bool connected = out.used || in.used || out.broken || in.broken;
    lose_in_flight(in);
    // What the dying process had handed to the network may still arrive, or not: both are met.
    ++draws_;
    if (out.latency.one_in(2)) lose_in_flight(out);
    out.used = in.used = false;
    out.broken = in.broken = false;
    if (connected && kernel_.alive(peer)) notify_loss(peer, process);
  }
}

// Both sides live and are told.
void SimulatedNetwork::lose_connection(env::ProcessId left, env::ProcessId right) {
  Channel& there = channel(left, right);
  Channel& back = channel(right, left);
  const bool connected = there.used || back.used || there.broken || back.broken;
  lose_in_flight(there);
  lose_in_flight(back);
  there.used = back.used = false;
  if (!connected) return;
  touched(left, right);
  if (kernel_.alive(left)) notify_loss(left, right);
  if (kernel_.alive(right)) notify_loss(right, left);
}

// ---- partitions ------------------------------------------------------------------------------------------

void SimulatedNetwork::touched(env::ProcessId from, env::ProcessId to) {
  for (const Cut& cut : cuts_) {
    const bool between = std::any_of(cut.directions.begin(), cut.directions.end(), [&](const auto& direction) {
      const bool same = direction.first == from && direction.second == to;
      const bool reverse = direction.first == to && direction.second == from;
      return same || (reverse && cut.mode == CutMode::reset);
    });
    if (between) kernel_.faults().effective(cut.fault);
  }
}

void SimulatedNetwork::cut(int fault, std::vector<std::pair<env::ProcessId, env::ProcessId>> directions, CutMode mode) {
  if (mode == CutMode::reset) {  // half a reset connection is none: each pair once, both directions
    for (auto& [from, to] : directions) {
      if (from > to) std::swap(from, to);
    }
    std::sort(directions.begin(), directions.end());
    directions.erase(std::unique(directions.begin(), directions.end()), directions.end());
  }
  cuts_.push_back({fault, mode, directions});
  for (const auto& [from, to] : directions) {
    if (mode == CutMode::hold) {
      ++channel(from, to).holding;
    } else {
      ++channel(from, to).resetting;
      ++channel(to, from).resetting;
      lose_connection(from, to);
    }
  }
}

void SimulatedNetwork::heal(int fault) {
  const auto found = std::find_if(cuts_.begin(), cuts_.end(), [&](const Cut& cut) { return cut.fault == fault; });
  if (found == cuts_.end()) return;
  const Cut cut = *found;
  cuts_.erase(found);
  for (const auto& [from, to] : cut.directions) {
    Channel& way = channel(from, to);
    if (cut.mode == CutMode::reset) {
      --way.resetting;
      --channel(to, from).resetting;
      continue;
    }
    if (--way.holding != 0) continue;
    // Queued, not run: what is still in flight on this connection arrives behind them.
    const std::vector<uint32_t> held = std::move(way.held);
    channel(from, to).held.clear();
    for (const uint32_t slot : held) arrive(slot, false);
  }
}

}  // namespace onceproof::simulator
