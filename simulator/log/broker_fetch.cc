// SPDX-License-Identifier: Apache-2.0
// The broker as leader: reads, below the high watermark or the last stable offset.
#include <fmt/format.h>

#include <algorithm>

#include "simulator/log/broker.h"

namespace onceproof::simulator::log {

namespace {
constexpr size_t kRoomForOne = FetchTail::kSize + sizeof(uint32_t) + kResponseTrailer;  // behind an answer's records
}  // namespace

const SourcePartition* Broker::source(PartitionId id) const {
  int32_t partition = 0;
  const SourceTopic* topic = cluster_.source(id, partition);
  return topic == nullptr ? nullptr : &topic->partitions()[static_cast<size_t>(partition)];
}

void Broker::fetch(const env::Address& from, ByteView requests) {
  FetchAnswers answers;
  for (; requests.size() >= FetchRequest::kSize; requests.remove_prefix(FetchRequest::kSize)) {
    FetchRequest request;
    CHECK(decode(requests.substr(0, FetchRequest::kSize), request), "a fetch has one size");
    if (image_.version == 0) {
      answers.add_error(request.correlation, Status(ErrorCode::coordinator_not_available, "the broker is starting"));
    } else if (!try_fetch(request, request.max_wait_us <= 0, answers)) {
      park(from, request, env_.now() + request.max_wait_us);
    }
  }
  send_answers(from, answers);
}

void Broker::send_answers(const env::Address& to, FetchAnswers& answers) {
  if (!answers.empty()) answer({to, 0}, Status(), answers.take());
}

bool Broker::try_fetch(const FetchRequest& request, bool even_if_empty, FetchAnswers& answers) {
  const PartitionId id = request.partition;
  if (!leads(id)) return answers.add_error(request.correlation, not_leader(id)), true;
  const PartitionLog* log = disk_.copy(id);
  if (log == nullptr) return try_fetch_source(request, *source(id), even_if_empty, answers);
  const Result<PartitionLog::Read> read =
      log->read(request.offset, request.isolation, request.max_bytes, answers.payload());
  if (!read.ok()) return answers.add_error(request.correlation, Status(read.error())), true;
  if (read.value().count == 0 && !even_if_empty) return false;
  answers.add({.correlation = request.correlation,
               .count = read.value().count,
               .next_offset = read.value().next_offset,
               .high_watermark = log->high_watermark(),
               .last_stable_offset = log->last_stable_offset()});
  return true;
}

// One copy of a byte range, whatever the number of records.
bool Broker::try_fetch_source(const FetchRequest& request, const SourcePartition& source, bool even_if_empty,
                              FetchAnswers& answers) {
  if (request.offset < 0 || request.offset > source.end()) {
    const Status status(ErrorCode::offset_out_of_range,
                        fmt::format("offset {} is not in [0, {}]", request.offset, source.end()));
    return answers.add_error(request.correlation, status), true;
  }
  cluster_.note_asked(request.partition, request.offset);
  const int64_t visible = source.visible_end(env_.now(), request.offset);
  SourcePartition::Range range{{}, 0};
  if (request.offset < visible) range = source.range(request.offset, visible, request.max_bytes);
  if (range.count == 0 && !even_if_empty) return false;
  if (answers.empty()) answers.payload().reserve(range.bytes.size() + kRoomForOne);
  answers.payload().append(range.bytes);
  answers.add({.correlation = request.correlation,
               .count = range.count,
               .next_offset = request.offset + range.count,
               .high_watermark = visible,
               .last_stable_offset = visible});
  return true;
}

// ---- fetches that wait -----------------------------------------------------------------------------------------

void Broker::park(const env::Address& from, const FetchRequest& request, TimeUs deadline_us) {
  Session& session = sessions_[from.connection];
  session.from = from;
  session.parked.push_back({request, deadline_us, wake_time(request, deadline_us)});
  if (disk_.copy(request.partition) != nullptr) {
    std::vector<uint32_t>& readers = hosted_[request.partition].readers;
    if (std::find(readers.begin(), readers.end(), from.connection) == readers.end()) readers.push_back(from.connection);
  }
  if (session.parked.back().wake_us < session.wake_us) arm_session(from.connection, session);
}

TimeUs Broker::wake_time(const FetchRequest& request, TimeUs deadline_us) const {
  if (disk_.copy(request.partition) != nullptr) return deadline_us;
  const SourcePartition& records = *source(request.partition);
  if (request.offset >= records.end()) return deadline_us;
  return std::min(deadline_us, records.visible_us(request.offset));
}

// A timer that was set for what has been answered meanwhile is left as it is: it fires once, in vain.
void Broker::arm_session(uint32_t connection, Session& session) {
  TimeUs wake_us = kMaxTimeUs;
  for (const Parked& waiting : session.parked) wake_us = std::min(wake_us, waiting.wake_us);
  if (wake_us >= session.wake_us) return;
  if (session.wake_us != kMaxTimeUs) env_.scheduler().cancel(session.timer);
  session.wake_us = wake_us;
  session.timer = env_.scheduler().after(std::max<DurationUs>(wake_us - env_.now(), 0), env::MailKind::fetch_wait,
                                         connection);
}

void Broker::on_fetch_wait(uint32_t connection) {
  const auto found = sessions_.find(connection);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  session.wake_us = kMaxTimeUs;
  const TimeUs now_us = env_.now();
  const bool over = std::any_of(session.parked.begin(), session.parked.end(),
                                [&](const Parked& waiting) { return waiting.deadline_us <= now_us; });
  FetchAnswers answers;
  std::erase_if(session.parked, [&](Parked& waiting) {
    return (over || waiting.wake_us <= now_us) && try_fetch(waiting.request, over, answers);
  });
  arm_session(connection, session);
  send_answers(session.from, answers);
}

// The end that a fetch may see has moved: only those that wait for what lies below it are looked at.
void Broker::wake(PartitionId id) {
  const PartitionLog* log = disk_.copy(id);
  std::erase_if(hosted_[id].readers, [&](uint32_t connection) {
    const auto found = sessions_.find(connection);
    if (found == sessions_.end()) return true;
    Session& session = found->second;
    FetchAnswers answers;
    bool waits = false;
    std::erase_if(session.parked, [&](const Parked& waiting) {
      if (waiting.request.partition != id) return false;
      const bool below = waiting.request.offset < log->limit_of(waiting.request.isolation);
      if (below && try_fetch(waiting.request, false, answers)) return true;
      waits = true;
      return false;
    });
    send_answers(session.from, answers);
    return !waits;
  });
}

// Whoever waits here has to look for the new leader.
void Broker::refuse_parked(PartitionId id) {
  hosted_[id].readers.clear();
  for (auto& [connection, session] : sessions_) {
    FetchAnswers answers;
    std::erase_if(session.parked, [&](const Parked& waiting) {
      if (waiting.request.partition != id) return false;
      answers.add_error(waiting.request.correlation, not_leader(id));
      return true;
    });
    send_answers(session.from, answers);
  }
}

void Broker::drop_session(uint32_t connection, env::ProcessId peer) {
  const auto found = sessions_.find(connection);
  if (found == sessions_.end() || found->second.from.process != peer) return;
  if (found->second.wake_us != kMaxTimeUs) env_.scheduler().cancel(found->second.timer);
  sessions_.erase(found);
}

void Broker::list_offsets(const Caller& caller, const ListOffsetsRequest& request) {
  const PartitionId id = request.partition;
  if (!leads(id)) return answer(caller, not_leader(id));
  const PartitionLog* log = disk_.copy(id);
  if (log == nullptr) {
    const SourcePartition& records = *source(id);
    const int64_t visible = records.visible_end(env_.now());
    if (!request.by_time) return answer(caller, Status(), encode(records.end()));
    const int64_t at = records.offset_for_time(request.timestamp_us);
    return answer(caller, Status(), encode(at < visible ? at : kNoOffset));
  }
  // Until what the earlier leader had committed is known here too, the end could go back.
  if (log->high_watermark() < hosted_[id].epoch_start) return answer(caller, not_leader(id));
  if (request.by_time) {
    return answer(caller, Status(), encode(log->offset_for_time(request.timestamp_us, request.isolation)));
  }
  const bool committed = request.isolation == env::Isolation::read_committed;
  answer(caller, Status(), encode(committed ? log->last_stable_offset() : log->high_watermark()));
}

}  // namespace onceproof::simulator::log
