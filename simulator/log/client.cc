// SPDX-License-Identifier: Apache-2.0
// The client's requests: where they go, how long they wait, when they are sent again.
#include "simulator/log/client.h"

#include <fmt/format.h>

#include <algorithm>

namespace onceproof::simulator::log {

namespace {
bool is_unknown(ErrorCode code) { return env::classify(code) == env::ErrorClass::unknown; }
}  // namespace

Client::Client(env::Env& env, const ClusterOptions& options, const std::vector<env::ProcessId>& brokers)
    : env_(env),
      options_(options.client),
      version_(options.transaction_version),
      next_broker_(env.network().self().process + env.network().self().endpoint) {
  for (const env::ProcessId process : brokers) brokers_.push_back({process});
}

Client::~Client() {
  if (destroyed_ != nullptr) *destroyed_ = true;
}

void Client::on_mail(env::Mail& mail) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  handling_ = true;
  handle(mail);
  if (destroyed) return;
  destroyed_ = nullptr;
  handling_ = false;
  if (!fetches_to_send_.empty()) send_fetches();
}

void Client::handle(env::Mail& mail) {
  switch (mail.kind) {
    case env::MailKind::log_response: return on_response(mail);
    case env::MailKind::connection_lost: return on_peer_lost(static_cast<env::ProcessId>(mail.a));
    case env::MailKind::unknown_endpoint: return on_peer_lost(mail.from.process);
    case env::MailKind::log_request_timeout: return on_timeout();
    case env::MailKind::log_retry: {
      if (mail.a == 0) return refresh();
      auto lane = backing_off_.extract(mail.a);
      if (!lane.empty()) {
        producers_[lane.mapped().first].lanes[lane.mapped().second].backing_off = false;
        return pump(lane.mapped().first, lane.mapped().second);
      }
      const auto slot = static_cast<uint32_t>(mail.a & ((1u << kSlotBits) - 1));
      const bool waits = slot < requests_.size() && requests_[slot].correlation == mail.a &&
                         requests_[slot].state == Request::State::backing_off;
      if (waits) send(slot);
      return;
    }
    default: return;
  }
}

// ---- requests ------------------------------------------------------------------------------------------------

uint32_t Client::claim() {
  if (!free_.empty()) {
    const uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  const auto slot = static_cast<uint32_t>(requests_.size());
  CHECK(slot < (1u << kSlotBits), "a client has a bounded number of requests");
  requests_.emplace_back();
  return slot;
}

Client::Request Client::take(uint32_t slot) {
  Request taken = std::move(requests_[slot]);
  release(slot);
  return taken;
}

void Client::release(uint32_t slot) {
  Request& request = requests_[slot];
  request.state = Request::State::free;
  request.resend = Resend::always;
  request.route = {};
  request.correlation = 0;
  request.body.clear();
  request.answered = nullptr;
  request.fetched = nullptr;
  free_.push_back(slot);
}

// One after the other, those first that have not just been lost.
int32_t Client::some_broker() {
  const size_t first = next_broker_++ % brokers_.size();
  size_t best = first;
  for (size_t i = 0; i < brokers_.size(); ++i) {
    const size_t broker = (first + i) % brokers_.size();
    if (brokers_[broker].ready_us <= env_.now()) return static_cast<int32_t>(broker);
    if (brokers_[broker].ready_us < brokers_[best].ready_us) best = broker;
  }
  return static_cast<int32_t>(best);
}

void Client::send(uint32_t slot) {
  Request& request = requests_[slot];
  request.correlation = next_id_++ << kSlotBits | slot;
  request.broker = request.route.broker;
  if (request.route.partition != kAnyBroker) {
    request.broker = image_.partitions[request.route.partition].leader;
  } else if (request.broker == kNoBroker) {
    request.broker = some_broker();
  }
  request.state = Request::State::in_flight;
  if (request.broker == kNoBroker) {  // nobody leads it at present; said later, as a broker would
    refresh();
    requests_[slot].due_us = kMaxTimeUs;
    return later([this, slot, correlation = requests_[slot].correlation] {
      if (requests_[slot].correlation != correlation) return;
      fail(slot, ErrorCode::not_leader_or_follower, "the partition has no leader");
    });
  }
  const Broker& broker = brokers_[static_cast<size_t>(request.broker)];
  if (broker.ready_us > env_.now()) {
    request.state = Request::State::backing_off;
    env_.scheduler().after(broker.ready_us - env_.now(), env::MailKind::log_retry, request.correlation);
    return;
  }
  request.due_us = env_.now() + request.timeout_us;
  arm_timeout(request.due_us);
  if (request.fetched) {
    fetches_to_send_.push_back(slot);
    return handling_ ? void() : send_fetches();
  }
  set_correlation(request.body, request.correlation);
  const env::Address to{broker.process, env::kMainEndpoint};
  // A body that is never sent again is not kept.
  if (request.resend == Resend::never) return env_.network().send(to, env::MailKind::log_request, std::move(request.body));
  env_.network().send(to, env::MailKind::log_request, request.body);
}

// One attempt has failed.
void Client::fail(uint32_t slot, ErrorCode code, const std::string& why) {
  Request& request = requests_[slot];
  if (request.resend == Resend::never) {
    const Request taken = take(slot);
    Bytes none;
    return taken.answered(Status(code, why), none);
  }
  const bool unsafe = request.resend == Resend::if_not_executed && is_unknown(code);
  if (!unsafe && env_.now() + options_.retry_backoff_us < request.deadline_us) {
    request.state = Request::State::backing_off;
    env_.scheduler().after(options_.retry_backoff_us, env::MailKind::log_retry, request.correlation);
    return;
  }
  const ErrorCode reported = code == ErrorCode::connection_lost ? code : ErrorCode::timed_out;
  const Status status(reported, (unsafe ? "the outcome is unknown: " : "gave up after the delivery timeout: ") + why);
  report(take(slot), status);
}

void Client::report(Request request, const Status& status) {
  if (request.fetched) {
    return later([fetched = std::move(request.fetched), status] { fetched(status.error()); });
  }
  later([answered = std::move(request.answered), status] {
    Bytes none;
    answered(status, none);
  });
}

void Client::later(std::function<void()> what) {
  const uint64_t id = next_id_++;
  later_.emplace(id, std::move(what));
  env_.scheduler().post(env::MailKind::log_response, id);
}

void Client::on_response(env::Mail& mail) {
  if (mail.a != 0) {  // posted by later()
    auto local = later_.extract(mail.a);
    if (!local.empty()) local.mapped()();
    return;
  }
  ResponseTrailer trailer;
  if (!take_trailer(mail.body, trailer)) return;
  if (trailer.correlation == 0) return on_fetched(std::move(mail.body));
  const auto slot = static_cast<uint32_t>(trailer.correlation & ((1u << kSlotBits) - 1));
  if (slot >= requests_.size() || requests_[slot].correlation != trailer.correlation ||
      requests_[slot].state != Request::State::in_flight) {
    return;  // answers an attempt that was given up
  }
  brokers_[static_cast<size_t>(requests_[slot].broker)].backoff_us = 0;
  if (is_stale(trailer.error)) refresh();
  const bool again = env::classify(trailer.error) == env::ErrorClass::retriable;
  if (again && requests_[slot].resend != Resend::never) return fail(slot, trailer.error, mail.body);
  const Request request = take(slot);
  request.answered(trailer.error == ErrorCode::ok ? Status() : Status(trailer.error, mail.body), mail.body);
}

// ---- silence and lost connections ----------------------------------------------------------------------------

// One timer for all requests: for the one that is due first.
void Client::arm_timeout(TimeUs due_us) {
  if (timeout_armed_us_ != 0 && timeout_armed_us_ <= due_us) return;
  if (timeout_armed_us_ != 0) env_.scheduler().cancel(timeout_timer_);
  timeout_armed_us_ = due_us;
  timeout_timer_ =
      env_.scheduler().after(std::max<DurationUs>(due_us - env_.now(), 0), env::MailKind::log_request_timeout);
}

// A broker that does not answer in time loses its connection, and with it everything that waits there.
void Client::on_timeout() {
  timeout_armed_us_ = 0;
  std::vector<int32_t> silent;
  for (const Request& request : requests_) {
    if (request.state != Request::State::in_flight || request.due_us > env_.now()) continue;
    if (std::find(silent.begin(), silent.end(), request.broker) == silent.end()) silent.push_back(request.broker);
  }
  for (const int32_t broker : silent) {
    env_.network().disconnect(brokers_[static_cast<size_t>(broker)].process);
    lose(broker, ErrorCode::timed_out, "no answer from the broker");
  }
  TimeUs next_us = kMaxTimeUs;
  for (const Request& request : requests_) {
    if (request.state == Request::State::in_flight) next_us = std::min(next_us, request.due_us);
  }
  if (next_us != kMaxTimeUs) arm_timeout(next_us);
}

void Client::on_peer_lost(env::ProcessId peer) {
  for (size_t broker = 0; broker < brokers_.size(); ++broker) {
    if (brokers_[broker].process != peer) continue;
    lose(static_cast<int32_t>(broker), ErrorCode::connection_lost, "the connection to the broker was lost");
  }
}

// In the order of sending. No callback of the owner runs here.
void Client::lose(int32_t broker, ErrorCode code, const char* why) {
  Broker& gone = brokers_[static_cast<size_t>(broker)];
  if (gone.ready_us <= env_.now()) {  // as Kafka's reconnect.backoff.ms
    gone.backoff_us = gone.backoff_us == 0 ? options_.reconnect_backoff_us : 2 * gone.backoff_us;
    gone.backoff_us = std::min(gone.backoff_us, options_.reconnect_backoff_max_us);
    gone.ready_us = env_.now() + gone.backoff_us;
  }
  std::vector<std::pair<uint64_t, uint32_t>> lost;
  for (uint32_t slot = 0; slot < requests_.size(); ++slot) {
    const Request& request = requests_[slot];
    if (request.state != Request::State::in_flight || request.broker != broker) continue;
    lost.emplace_back(request.correlation, slot);
  }
  std::sort(lost.begin(), lost.end());
  for (const auto& [correlation, slot] : lost) {
    if (requests_[slot].correlation == correlation) fail(slot, code, why);
  }
  refresh();
}

// ---- metadata ------------------------------------------------------------------------------------------------

// From one broker after the other; not more often than requests are repeated.
void Client::refresh() {
  if (refreshing_) return;
  if (refreshed_us_ >= 0 && image_.version != 0 && env_.now() - refreshed_us_ < options_.retry_backoff_us) return;
  refreshing_ = true;
  refreshed_us_ = env_.now();
  call({}, RequestType::metadata, NoFields{},
       [this](const Status& status, const Bytes& payload) { on_metadata(status, payload); }, Resend::never);
}

void Client::on_metadata(const Status& status, const Bytes& payload) {
  refreshing_ = false;
  ClusterImage image;
  if (status.ok() && decode(payload, image) && image.version > image_.version) image_ = std::move(image);
  std::vector<Deferred> waiting = std::move(deferred_);
  deferred_.clear();
  for (Deferred& call : waiting) {
    if (image_.version != 0) {
      call.run(Status());
    } else if (env_.now() >= call.deadline_us) {
      later([run = std::move(call.run), status] {
        run(Status(ErrorCode::timed_out, "no broker tells of the cluster: " + status.error().message));
      });
    } else {
      deferred_.push_back(std::move(call));
    }
  }
  if (!deferred_.empty()) env_.scheduler().after(options_.retry_backoff_us, env::MailKind::log_retry, 0);
}

}  // namespace onceproof::simulator::log
