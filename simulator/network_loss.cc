// SPDX-License-Identifier: Apache-2.0
// How connections end (crashes with and without notice, resets, refusals, clients that hang up), who is told and when;
// and the cuts that hold or reset.
#include <algorithm>

#include "simulator/network.h"

namespace onceproof::simulator {

// ---- what was on its way ---------------------------------------------------------------------------------

// Takes out of the list what `lost` says, and lets what follows move up. Its keys stay in the queue: EventType::lost.
template <class Lost>
void SimulatedNetwork::cut_out(Way& way, Lost lost) {
  uint32_t slot = way.head;
  way.head = way.tail = kNoSlot;
  way.last_us = now_us_;
  while (slot != kNoSlot) {
    Event& event = slab_[slot];
    const uint32_t next = event.next;
    event.next = kNoSlot;
    if (!lost(event)) {
      if (way.tail == kNoSlot) {
        way.head = slot;
      } else {
        slab_[way.tail].next = slot;
      }
      way.tail = slot;
      way.last_us = std::max(way.last_us, event.arrive_us);
    } else if (event.held) {
      slab_.release(slot);
    } else {
      event.type = EventType::lost;
    }
    slot = next;
  }
}

void SimulatedNetwork::lose_all(Way& way) {
  way.free_us = 0;
  cut_out(way, [](const Event&) { return true; });
}

void SimulatedNetwork::lose_messages(Way& way) {
  way.free_us = 0;
  cut_out(way, [](const Event& event) { return event.type == EventType::network; });
}

// The sender dies: what has not left it never will; of the rest the first few still arrive.
void SimulatedNetwork::lose_tail(Way& way, TimeUs left_us) {
  way.free_us = 0;
  uint64_t departed = 0;
  for (uint32_t slot = way.head; slot != kNoSlot; slot = slab_[slot].next) {
    const Event& event = slab_[slot];
    departed += event.type == EventType::network && event.depart_us <= left_us ? 1 : 0;
  }
  uint64_t arriving = 0;
  if (departed != 0) {
    ++draws_;
    arriving = way.latency.below(departed + 1);
  }
  cut_out(way, [&](const Event& event) {
    if (event.type != EventType::network) return false;
    if (event.depart_us > left_us || arriving == 0) return true;
    --arriving;
    return false;
  });
}

std::vector<uint32_t> SimulatedNetwork::take_back(env::ProcessId process, TimeUs left_us) {
  std::vector<uint32_t> taken;
  each_connection(process, [&](Connection& connection, int side) {
    cut_out(connection.ways[side], [&](Event& event) {
      if (event.type != EventType::network || event.depart_us <= left_us) return false;
      const uint32_t slot = slab_.allocate();
      Event& copy = slab_[slot];
      copy.type = EventType::network;
      copy.to_process = event.to_process;
      copy.connection = event.connection;
      copy.depart_us = event.depart_us;
      copy.mail = std::move(event.mail);
      event.mail.body.clear();
      taken.push_back(slot);
      return true;
    });
  });
  std::stable_sort(taken.begin(), taken.end(),
                   [&](uint32_t left, uint32_t right) { return slab_[left].depart_us < slab_[right].depart_us; });
  return taken;
}

// ---- who is told -----------------------------------------------------------------------------------------

// connection_lost travels behind whatever the peer sent before, to one endpoint of the side that is told.
void SimulatedNetwork::send_notice(Connection& connection, int side, env::Endpoint endpoint, bool last) {
  const Side& told = connection.sides[side];
  const Side& gone = connection.sides[1 - side];
  const uint32_t slot = slab_.allocate();
  Event& event = slab_[slot];
  event.type = EventType::notice;
  event.to_process = told.process;
  event.last_notice = last;
  event.mail.kind = env::MailKind::connection_lost;
  event.mail.a = gone.process;
  event.mail.b = connection.of_client ? connection.id : 0;
  event.mail.from = {gone.process, connection.of_client ? gone.endpoint : 0, connection.of_client ? connection.id : 0};
  event.mail.to = endpoint;
  put(connection, 1 - side, slot, now_us_);
}

// Of a client's connection its two ends; of the shared one the main endpoint first, then the others that had used
// it, by number.
void SimulatedNetwork::tell(Connection& connection, int side) {
  Side& told = connection.sides[side];
  const env::ProcessId peer = connection.sides[1 - side].process;
  lose_messages(connection.ways[side]);
  told.used = told.half_open = told.vanished = false;
  ++told.notices;
  if (connection.of_client) return send_notice(connection, side, told.endpoint, true);
  std::vector<env::Endpoint> others;
  for (const auto& [endpoint, binding] : host_.endpoints(told.process)) {
    if (endpoint != env::kMainEndpoint && binding->contacts.contains(peer)) others.push_back(endpoint);
  }
  send_notice(connection, side, env::kMainEndpoint, others.empty());
  for (size_t i = 0; i < others.size(); ++i) send_notice(connection, side, others[i], i + 1 == others.size());
}

bool SimulatedNetwork::resolve_notice(uint32_t slot, bool may_run) {
  Event& event = slab_[slot];
  Connection& over = connection(event.connection);
  Side& told = over.sides[1 - event.side];
  if (told.closed) {
    slab_.release(slot);
    return false;
  }
  if (event.last_notice && told.notices != 0) --told.notices;
  // A client that has not read the notice yet still writes into the old connection: see told().
  if (over.of_client && event.side == 0) {
    told.closed = true;
    if (over.over()) retire(over);
  }
  Binding* binding = host_.alive(told.process) ? host_.bound(told.process, event.mail.to) : nullptr;
  if (binding == nullptr) {
    slab_.release(slot);
    return false;
  }
  if (!over.of_client) binding->contacts.remove(static_cast<env::ProcessId>(event.mail.a));
  event.binding = binding->id;
  return host_.deliver(slot, may_run);
}

// ---- ends ------------------------------------------------------------------------------------------------

void SimulatedNetwork::retire(Connection& connection) {
  for (Way& way : connection.ways) lose_all(way);
  const auto entry = std::lower_bound(live_clients_.begin(), live_clients_.end(), connection.id);
  if (entry != live_clients_.end() && *entry == connection.id) live_clients_.erase(entry);
}

// Nobody listens there: a message on the shared connection is refused by itself, a client's connection ends with it.
void SimulatedNetwork::refuse(Connection& connection, int side, env::Endpoint sender) {
  if (!connection.of_client) return send_notice(connection, side, sender, false);
  connection.sides[1 - side].closed = true;
  if (connection.sides[side].notices == 0) tell(connection, side);
}

void SimulatedNetwork::disconnect(Binding& client, env::ProcessId peer) {
  const auto entry = std::find_if(client.connections.begin(), client.connections.end(),
                                  [&](const auto& known) { return known.first == peer; });
  if (entry == client.connections.end()) return;
  Connection& ended = connection(entry->second);
  client.connections.erase(entry);
  ended.sides[0].closed = true;
  host_.forget(client, ended.id);
  lose_all(ended.ways[1]);
  if (ended.over()) return retire(ended);
  if (ended.sides[1].notices == 0) send_notice(ended, 1, ended.sides[1].endpoint, true);
}

void SimulatedNetwork::hang_up(env::ProcessId self, const env::Address& client) {
  if (client.connection == 0) return;
  Connection& ended = connection(client.connection);
  if (!ended.sides[1].closed && ended.sides[1].process == self) refuse(ended, 0, ended.sides[0].endpoint);
}

// The client's end is reset while what it has sent is still on its way: both ends are told, the peer behind that.
void SimulatedNetwork::break_off(Connection& connection) {
  count_reconnection();
  lose_messages(connection.ways[1]);
  if (connection.sides[0].notices++ == 0) send_notice(connection, 0, connection.sides[0].endpoint, true);
  if (connection.sides[1].notices++ == 0) send_notice(connection, 1, connection.sides[1].endpoint, true);
}

void SimulatedNetwork::close(Binding& client) {
  while (!client.connections.empty()) disconnect(client, client.connections.back().first);
}

void SimulatedNetwork::told(Binding& client, uint32_t id) {
  std::erase_if(client.connections, [&](const auto& known) { return known.second == id; });
  Connection& ended = connection(id);
  ended.sides[0].closed = true;
  host_.forget(client, id);
  if (ended.over()) retire(ended);
}

template <class Visit>
void SimulatedNetwork::each_connection(env::ProcessId process, Visit visit) {
  for (env::ProcessId peer = 0; peer < host_.names().size(); ++peer) {
    if (peer == process) continue;
    Connection* const shared = link(process, peer).shared;
    if (shared != nullptr) visit(*shared, shared->side_of(process));
  }
  const std::vector<uint32_t> clients = live_clients_;
  for (const uint32_t id : clients) {
    Connection& own = connection(id);
    for (int side = 0; side < 2; ++side) {
      if (own.sides[side].process == process && !own.sides[side].closed) visit(own, side);
    }
  }
}

template <class Visit>
void SimulatedNetwork::each_between(env::ProcessId left, env::ProcessId right, Visit visit) {
  Connection* const shared = link(left, right).shared;
  if (shared != nullptr) visit(*shared);
  const std::vector<uint32_t> clients = live_clients_;
  for (const uint32_t id : clients) {
    Connection& own = connection(id);
    const env::ProcessId a = own.sides[0].process;
    const env::ProcessId b = own.sides[1].process;
    if ((a == left && b == right) || (a == right && b == left)) visit(own);
  }
}

// One end dies with its process.
void SimulatedNetwork::lose_side(Connection& connection, int gone, bool silent, TimeUs left_us) {
  Side& dead = connection.sides[gone];
  Side& other = connection.sides[1 - gone];
  const bool in_use = connection.of_client || dead.used || other.used || other.half_open;
  const bool connected = in_use || dead.notices != 0 || other.notices != 0;
  const bool sent = connection.ways[1 - gone].head != kNoSlot || other.vanished;
  lose_all(connection.ways[1 - gone]);
  lose_tail(connection.ways[gone], left_us);
  dead.used = dead.half_open = dead.vanished = false;
  dead.notices = 0;
  if (connection.of_client) dead.closed = true;
  if (connection.of_client && !host_.alive(other.process)) other.closed = true;
  if (connection.over()) return retire(connection);
  other.used = false;
  if (!connected || !host_.alive(other.process)) return;
  if (!silent) return tell(connection, 1 - gone);
  other.half_open = in_use && other.notices == 0;
  other.vanished = other.half_open && sent;
}

// Both sides live and are told.
void SimulatedNetwork::lose_connection(Connection& connection) {
  bool connected = connection.of_client;
  for (const Side& side : connection.sides) connected |= side.used || side.half_open || side.notices != 0;
  for (Way& way : connection.ways) lose_messages(way);
  if (!connected) return;
  touched(connection.sides[0].process, connection.sides[1].process);
  for (int side = 0; side < 2; ++side) {
    Side& end = connection.sides[side];
    if (host_.alive(end.process)) {
      if (!end.closed) tell(connection, side);
    } else if (connection.of_client) {
      end.closed = true;
    }
  }
  if (connection.of_client && connection.over()) retire(connection);
}

void SimulatedNetwork::process_crashed(env::ProcessId process, bool silent, TimeUs left_us) {
  Connection* const loopback = link(process, process).shared;
  if (loopback != nullptr) lose_all(loopback->ways[0]);
  each_connection(process, [&](Connection& connection, int side) { lose_side(connection, side, silent, left_us); });
}

// What a peer sent into the void is sent again, and the new life knows nothing of the connection.
void SimulatedNetwork::process_restarted(env::ProcessId process) {
  for (env::ProcessId peer = 0; peer < host_.names().size(); ++peer) {
    if (peer == process) continue;
    each_between(process, peer, [&](Connection& connection) {
      const int other = 1 - connection.side_of(process);
      if (connection.sides[other].half_open && connection.sides[other].vanished) tell(connection, other);
    });
  }
}

// ---- cuts ------------------------------------------------------------------------------------------------

void SimulatedNetwork::touched(env::ProcessId from, env::ProcessId to) {
  for (const Cut& cut : cuts_) {
    const bool between = std::any_of(cut.directions.begin(), cut.directions.end(), [&](const auto& direction) {
      const bool same = direction.first == from && direction.second == to;
      const bool reverse = direction.first == to && direction.second == from;
      return same || (reverse && cut.mode == CutMode::reset);
    });
    if (between) host_.fault_effective(cut.fault);
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
      ++link(from, to).holding;
    } else {
      ++link(from, to).resetting;
      ++link(to, from).resetting;
      each_between(from, to, [&](Connection& connection) { lose_connection(connection); });
    }
  }
}

void SimulatedNetwork::heal(int fault) {
  const auto found = std::find_if(cuts_.begin(), cuts_.end(), [&](const Cut& cut) { return cut.fault == fault; });
  if (found == cuts_.end()) return;
  const Cut cut = *found;
  cuts_.erase(found);
  for (const auto& [from, to] : cut.directions) {
    Link& way = link(from, to);
    if (cut.mode == CutMode::reset) {
      --way.resetting;
      --link(to, from).resetting;
      continue;
    }
    if (--way.holding != 0) continue;
    // Queued, not run: what is still in flight on the same connection arrives behind them.
    each_between(from, to, [&, from = from](Connection& connection) {
      Way& held = connection.ways[connection.side_of(from)];
      while (held.head != kNoSlot && slab_[held.head].held) leave_way(connection, held.head, false);
    });
  }
}

}  // namespace onceproof::simulator
