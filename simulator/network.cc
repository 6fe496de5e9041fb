// SPDX-License-Identifier: Apache-2.0
// Sending and arriving; what is lost, who is told, and cuts are in network_loss.cc.
#include "simulator/network.h"

#include <algorithm>

namespace onceproof::simulator {

// ---- routes ----------------------------------------------------------------------------------------------

SimulatedNetwork::Link& SimulatedNetwork::link(env::ProcessId from, env::ProcessId to) {
  if (from >= links_.size() || to >= links_.size()) [[unlikely]] {
    const size_t count = host_.names().size();
    CHECK(from < count && to < count, "there is no such process to send to");
    links_.resize(count);
    for (std::vector<Link>& row : links_) row.resize(count);
  }
  return links_[from][to];
}

Connection& SimulatedNetwork::make(env::ProcessId from, env::ProcessId to, const Binding* client) {
  if (connections_.empty()) connections_.emplace_back();
  const auto id = static_cast<uint32_t>(connections_.size());
  const auto stream = [&](env::ProcessId source, env::ProcessId target) {
    std::optional<RandomStream>& pair = link(source, target).latency;
    if (!pair) pair = random_.fork(host_.names()[source]).fork(host_.names()[target], target);
    return client == nullptr ? *pair : pair->fork("client", id);
  };
  connections_.push_back(std::make_unique<Connection>(
      Connection{id, client != nullptr, {}, {Way{stream(from, to)}, Way{stream(to, from)}}}));
  Connection& made = *connections_.back();
  made.sides[0].process = from;
  made.sides[1].process = to;
  if (client != nullptr) made.sides[0].endpoint = client->endpoint;
  return made;
}

Connection& SimulatedNetwork::shared(env::ProcessId from, env::ProcessId to) {
  Link& there = link(from, to);
  if (there.shared == nullptr) [[unlikely]] {
    there.shared = &make(from, to, nullptr);
    link(to, from).shared = there.shared;
  }
  return *there.shared;
}

Connection& SimulatedNetwork::of_client(Binding& client, env::ProcessId peer) {
  for (const auto& [process, id] : client.connections) {
    if (process == peer) return connection(id);
  }
  Connection& made = make(client.process, peer, &client);
  client.connections.emplace_back(peer, made.id);
  live_clients_.push_back(made.id);
  return made;
}

// Null: it has no connection to travel on any more.
Connection* SimulatedNetwork::route(const Event& event, Binding* sender) {
  const env::ProcessId from = event.mail.from.process;
  if (event.connection != 0) {  // an answer, on the connection of the request
    Connection& asked = connection(event.connection);
    return asked.sides[asked.side_of(from)].closed ? nullptr : &asked;
  }
  if (event.mail.from.connection == kOwnConnection && from != event.to_process) {
    return sender == nullptr ? nullptr : &of_client(*sender, event.to_process);
  }
  return &shared(from, event.to_process);
}

DurationUs SimulatedNetwork::draw_latency(Way& way) {
  const bool tail = options_.tail_one_in != 0 && way.latency.one_in(options_.tail_one_in);
  draws_ += options_.tail_one_in != 0 ? 2 : 1;
  if (tail) return way.latency.between(options_.typical_us, options_.tail_us);
  return way.latency.between(options_.min_us, options_.typical_us);
}

// ---- sending ---------------------------------------------------------------------------------------------

uint32_t SimulatedNetwork::compose(const Binding& sender, const env::Address& to, env::MailKind kind, Bytes&& body) {
  const uint32_t slot = slab_.allocate();
  Event& event = slab_[slot];
  event.type = EventType::network;
  event.to_process = to.process;
  // An answer keeps to the connection of its request, if it is this process's to use.
  const bool answers = to.connection != 0 && to.connection < connections_.size() &&
                       connection(to.connection).sides[1].process == sender.process;
  event.connection = answers ? to.connection : 0;
  event.mail.kind = kind;
  event.mail.a = 0;
  event.mail.b = 0;
  event.mail.from = {sender.process, sender.endpoint, sender.is_client() ? kOwnConnection : 0};
  event.mail.to = to.endpoint;
  event.mail.body = std::move(body);
  return slot;
}

void SimulatedNetwork::depart(uint32_t slot, TimeUs depart_us, Binding* sender) {
  Event& event = slab_[slot];
  Connection* connection = route(event, sender);
  if (connection == nullptr) return slab_.release(slot);
  const env::Address from = event.mail.from;
  const env::ProcessId to = event.to_process;
  const int side = connection->side_of(from.process);
  Side& near = connection->sides[side];
  Side& far = connection->sides[1 - side];
  if (from.process != to) {
    if (far.half_open) tell(*connection, 1 - side);  // the greeting of a new life tells the peer that the old one ended
    if (link(from.process, to).resetting != 0) {
      touched(from.process, to);
      slab_.release(slot);
      return refuse(*connection, side, from.endpoint);
    }
    // The peer is gone and this process does not know yet. Those that had used the connection will be told anyway. Only
    // what goes to a host that was lost in silence travels in vain: its next life answers that it knows no such connection.
    if (near.notices != 0 || (far.closed && !near.half_open)) {
      const bool known = sender != nullptr && sender->contacts.contains(to);
      const bool will_be_told = known || connection->of_client || from.endpoint == env::kMainEndpoint;
      slab_.release(slot);
      if (!will_be_told) send_notice(*connection, side, from.endpoint, false);
      return;
    }
    if (!connection->of_client && sender != nullptr) sender->contacts.add(to);
    near.used = true;
  }
  event.mail.from.connection = connection->of_client ? connection->id : 0;
  const DelayRule* rule = delays_.empty() ? nullptr : delayed(event, *connection, depart_us);
  if (rule != nullptr) {
    Way& way = connection->ways[side];
    way.free_us = std::max(way.free_us, depart_us + rule->delay_us);
  }
  put(*connection, side, slot, depart_us);
  if (rule != nullptr && rule->hangs_up) break_off(*connection);
}

// The first delay that waits for such a message holds its connection.
const DelayRule* SimulatedNetwork::delayed(const Event& event, const Connection& connection, TimeUs depart_us) {
  for (size_t i = 0; i < delays_.size(); ++i) {
    DelayRule& rule = delays_[i];
    if (rule.mail != env::MailKind::none && rule.mail != event.mail.kind) continue;
    if (rule.sender && *rule.sender != event.mail.from.process) continue;
    if (rule.hangs_up && !(connection.of_client && connection.sides[0].process == event.mail.from.process)) continue;
    applied_ = rule;
    host_.fault_applied(rule.fault, depart_us + rule.delay_us);
    if (--rule.count == 0) delays_.erase(delays_.begin() + static_cast<ptrdiff_t>(i));
    return &applied_;
  }
  return nullptr;
}

void SimulatedNetwork::put(Connection& connection, int side, uint32_t slot, TimeUs depart_us) {
  Way& way = connection.ways[side];
  Event& event = slab_[slot];
  event.depart_us = std::max(depart_us, way.free_us);
  const bool loopback = connection.sides[0].process == connection.sides[1].process;
  const DurationUs latency_us = loopback ? options_.loopback_us : draw_latency(way);
  way.last_us = std::max(way.last_us, event.depart_us + latency_us);
  event.arrive_us = way.last_us;
  host_.took(depart_us, way.last_us);
  event.connection = connection.id;
  event.side = static_cast<uint8_t>(side);
  event.held = false;
  event.next = kNoSlot;
  if (way.tail == kNoSlot) {
    way.head = slot;
  } else {
    slab_[way.tail].next = slot;
  }
  way.tail = slot;
  push(way.last_us, slot);
}

// ---- arriving --------------------------------------------------------------------------------------------

bool SimulatedNetwork::arrive(uint32_t slot, bool may_run) {
  Event& event = slab_[slot];
  Connection& over = connection(event.connection);
  const env::ProcessId from = over.sides[event.side].process;
  if (links_[from][event.to_process].holding != 0) {
    touched(from, event.to_process);
    event.held = true;
    return false;
  }
  return leave_way(over, slot, may_run);
}

bool SimulatedNetwork::leave_way(Connection& connection, uint32_t slot, bool may_run) {
  Event& event = slab_[slot];
  const int side = event.side;
  const env::ProcessId to = event.to_process;
  Way& way = connection.ways[side];
  CHECK(way.head == slot, "a message overtakes another one of its connection");
  way.head = event.next;
  if (way.head == kNoSlot) way.tail = kNoSlot;
  event.next = kNoSlot;
  event.held = false;
  Side& near = connection.sides[side];
  if (event.type == EventType::network && (connection.sides[1 - side].closed || near.half_open || !host_.alive(to))) {
    if (near.half_open || host_.silent(to)) {
      // No answer from a silent host; its next life knows nothing of the connection.
      near.half_open = true;
      near.vanished = true;
      if (host_.alive(to)) tell(connection, side);
    } else if (!connection.sides[1 - side].closed) {
      refuse(connection, side, event.mail.from.endpoint);
    }
    slab_.release(slot);
    return false;
  }
  if (host_.keep(to, slot)) return false;
  return resolve(slot, may_run);
}

bool SimulatedNetwork::resolve(uint32_t slot, bool may_run) {
  Event& event = slab_[slot];
  if (event.type == EventType::notice) return resolve_notice(slot, may_run);
  const Connection& over = connection(event.connection);
  const env::ProcessId to = event.to_process;
  if (over.sides[1 - event.side].closed) {  // this end hung up while the process was paused
    slab_.release(slot);
    return false;
  }
  Binding* binding = host_.bound(to, event.mail.to);
  if (binding == nullptr) {
    bounce(slot);
    return false;
  }
  const env::ProcessId from = event.mail.from.process;
  if (!over.of_client && from != to) binding->contacts.add(from);
  event.binding = binding->id;
  return host_.deliver(slot, may_run);
}

// The message turns round and goes back as unknown_endpoint, on the connection that it came on.
void SimulatedNetwork::bounce(uint32_t slot) {
  Event& event = slab_[slot];
  if (event.mail.kind == env::MailKind::unknown_endpoint) return slab_.release(slot);
  const env::Address back = event.mail.from;
  event.mail.from = {event.to_process, event.mail.to, 0};
  event.mail.a = event.mail.to;
  event.mail.b = static_cast<uint64_t>(event.mail.kind);
  event.mail.kind = env::MailKind::unknown_endpoint;
  event.mail.to = back.endpoint;
  event.mail.body.clear();
  event.to_process = back.process;
  depart(slot, now_us_, nullptr);
}

}  // namespace onceproof::simulator
