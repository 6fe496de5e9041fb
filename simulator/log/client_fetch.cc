// SPDX-License-Identifier: Apache-2.0
// The client's fetches. Each is a request of its own, with its time and its retries; those that one handler makes for one
// broker travel in one message, and so do answers (messages.h).
#include <algorithm>

#include "simulator/log/client.h"
#include "simulator/log/fetch_answers.h"

namespace onceproof::simulator::log {

void Client::fetch(const env::TopicPartition& partition, int64_t offset, env::Isolation isolation, uint32_t max_bytes,
                   DurationUs max_wait_us, Reply<env::FetchResult> reply) {
  const FetchRequest fetch{0, 0, offset, isolation, max_bytes, max_wait_us};
  if (image_.version != 0) return start_fetch(partition, fetch, std::move(reply));
  when_known([this, partition, fetch, reply = std::move(reply)](const Status& known) {
    if (!known.ok()) return reply(known.error());
    start_fetch(partition, fetch, reply);
  });
}

void Client::start_fetch(const env::TopicPartition& partition, FetchRequest fetch, Reply<env::FetchResult> reply) {
  if (!resolve(partition, fetch.partition, [reply](const Status& status) { reply(status.error()); })) return;
  const uint32_t slot = claim();
  Request& request = requests_[slot];
  request.route = {fetch.partition};
  request.timeout_us = options_.request_timeout_us + fetch.max_wait_us;
  request.deadline_us = env_.now() + options_.delivery_timeout_us + fetch.max_wait_us;
  request.wait_until_us = env_.now() + fetch.max_wait_us;
  request.fetch = fetch;
  request.fetched = std::move(reply);
  send(slot);
}

// One message to each broker.
void Client::send_fetches() {
  while (!fetches_to_send_.empty()) {
    const int32_t broker = requests_[fetches_to_send_.front()].broker;
    Bytes body = make_request(RequestType::fetch, NoFields{}, fetches_to_send_.size() * FetchRequest::kSize);
    Encoder encoder(body);
    std::erase_if(fetches_to_send_, [&](uint32_t slot) {
      Request& request = requests_[slot];
      if (request.broker != broker) return false;
      request.fetch.correlation = request.correlation;
      // One that is sent again waits for the rest of its time.
      request.fetch.max_wait_us = std::max<DurationUs>(request.wait_until_us - env_.now(), 0);
      encoder(request.fetch);
      return true;
    });
    const env::ProcessId process = brokers_[static_cast<size_t>(broker)].process;
    env_.network().send({process, env::kMainEndpoint}, env::MailKind::log_request, std::move(body));
  }
}

void Client::on_fetched(Bytes payload) {
  const bool& destroyed = *destroyed_;
  if (payload.size() < sizeof(uint32_t)) return;
  const size_t count = load<uint32_t>(payload.data() + payload.size() - sizeof(uint32_t));
  payload.resize(payload.size() - sizeof(uint32_t));
  FetchTail tail;
  Bytes records;
  if (count == 1 && take_last_answer(payload, tail, records)) return fetched(tail, records);
  std::vector<std::pair<FetchTail, Bytes>> answers;
  while (take_last_answer(payload, tail, records)) answers.emplace_back(tail, std::move(records));
  for (; !answers.empty() && !destroyed; answers.pop_back()) fetched(answers.back().first, answers.back().second);
}

void Client::fetched(const FetchTail& tail, Bytes& records) {
  const auto slot = static_cast<uint32_t>(tail.correlation & ((1u << kSlotBits) - 1));
  if (slot >= requests_.size() || requests_[slot].correlation != tail.correlation ||
      requests_[slot].state != Request::State::in_flight) {
    return;  // answers an attempt that was given up
  }
  brokers_[static_cast<size_t>(requests_[slot].broker)].backoff_us = 0;
  if (is_stale(tail.error)) refresh();
  if (env::classify(tail.error) == env::ErrorClass::retriable) return fail(slot, tail.error, records);
  const Reply<env::FetchResult> fetched = std::move(requests_[slot].fetched);
  release(slot);
  if (tail.error != ErrorCode::ok) return fetched(Error{tail.error, std::move(records)});
  fetched(env::FetchResult{
      {tail.count, std::move(records)}, tail.next_offset, tail.high_watermark, tail.last_stable_offset});
}

}  // namespace onceproof::simulator::log
