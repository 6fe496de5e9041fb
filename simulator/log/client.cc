// SPDX-License-Identifier: Apache-2.0
// The client's requests: where they go, how long they wait, when they are sent again.
#include "simulator/log/client.h"

#include <fmt/format.h>

#include <algorithm>

namespace onceproof::simulator::log {

namespace {

constexpr uint64_t kSlotBits = 16;

// The broker has not executed it, and who to ask may have changed.
bool is_stale(ErrorCode code) {
  return code == ErrorCode::not_leader_or_follower || code == ErrorCode::not_coordinator ||
         code == ErrorCode::coordinator_not_available;
}

bool is_unknown(ErrorCode code) { return env::classify(code) == env::ErrorClass::unknown; }

}  // namespace

Client::Client(env::Env& env, const ClusterOptions& options, std::vector<env::ProcessId> brokers)
    : env_(env),
      options_(options.client),
      version_(options.transaction_version),
      brokers_(std::move(brokers)),
      next_broker_(env.network().self().process + env.network().self().endpoint) {}

void Client::on_mail(env::Mail& mail) {
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

void Client::start(Request request) {
  uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(requests_.size());
    CHECK(slot < (1u << kSlotBits), "a client has a bounded number of requests");
    requests_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  requests_[slot] = std::move(request);
  send(slot);
}

Client::Request Client::take(uint32_t slot) {
  Request taken = std::move(requests_[slot]);
  requests_[slot] = Request{};
  free_.push_back(slot);
  return taken;
}

void Client::send(uint32_t slot) {
  Request& request = requests_[slot];
  request.correlation = next_id_++ << kSlotBits | slot;
  request.broker = request.route.broker;
  if (request.route.partition != kAnyBroker) {
    request.broker = image_.partitions[request.route.partition].leader;
  } else if (request.broker == kNoBroker) {
    request.broker = static_cast<int32_t>(next_broker_++ % brokers_.size());
  }
  request.state = Request::State::in_flight;
  if (request.broker == kNoBroker) {  // nobody leads it at present; said later, as a broker would
    refresh();
    request.due_us = kMaxTimeUs;
    return later([this, slot, correlation = request.correlation] {
      if (requests_[slot].correlation != correlation) return;
      fail(slot, ErrorCode::not_leader_or_follower, "the partition has no leader");
    });
  }
  set_correlation(request.body, request.correlation);
  if (request.wait_until_us != 0) {  // a poll that is sent again waits for the rest of its time
    char* const wait = request.body.data() + request.body.size() - sizeof(DurationUs);
    store(wait, std::max<DurationUs>(request.wait_until_us - env_.now(), 0));
  }
  request.due_us = env_.now() + request.timeout_us;
  arm_timeout(request.due_us);
  const env::Address to{brokers_[static_cast<size_t>(request.broker)], env::kMainEndpoint};
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
  Request taken = take(slot);
  later([answered = std::move(taken.answered), status] {
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
  const auto slot = static_cast<uint32_t>(trailer.correlation & ((1u << kSlotBits) - 1));
  if (slot >= requests_.size() || requests_[slot].correlation != trailer.correlation ||
      requests_[slot].state != Request::State::in_flight) {
    return;  // answers an attempt that was given up
  }
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
    env_.network().disconnect(brokers_[static_cast<size_t>(broker)]);
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
    if (brokers_[broker] != peer) continue;
    lose(static_cast<int32_t>(broker), ErrorCode::connection_lost, "the connection to the broker was lost");
  }
}

// In the order of sending. No callback of the owner runs here.
void Client::lose(int32_t broker, ErrorCode code, const char* why) {
  std::vector<std::pair<uint64_t, uint32_t>> lost;
  for (uint32_t slot = 0; slot < requests_.size(); ++slot) {
    const Request& request = requests_[slot];
    if (request.state != Request::State::in_flight || request.broker != broker) continue;
    lost.emplace_back(request.correlation, slot);
  }
  if (lost.empty()) return;
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
