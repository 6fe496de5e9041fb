// SPDX-License-Identifier: Apache-2.0
// The broker as leader: reads, below the high watermark or the last stable offset.
#include <fmt/format.h>

#include <algorithm>

#include "simulator/log/broker.h"

namespace onceproof::simulator::log {

const SourcePartition* Broker::source(PartitionId id) const {
  int32_t partition = 0;
  const SourceTopic* topic = cluster_.source(id, partition);
  return topic == nullptr ? nullptr : &topic->partitions()[static_cast<size_t>(partition)];
}

void Broker::fetch(const Caller& caller, const FetchRequest& request) {
  const TimeUs deadline_us = env_.now() + request.max_wait_us;
  if (!try_fetch(caller, request, request.max_wait_us <= 0)) park(caller, request, deadline_us);
}

bool Broker::try_fetch(const Caller& caller, const FetchRequest& request, bool even_if_empty) {
  if (!leads(request.partition)) return answer(caller, not_leader(request.partition)), true;
  const PartitionLog* log = disk_.copy(request.partition);
  if (log == nullptr) return try_fetch_source(caller, request, *source(request.partition), even_if_empty);
  Bytes payload;
  const Result<PartitionLog::Read> read = log->read(request.offset, request.isolation, request.max_bytes, payload);
  if (!read.ok()) return answer(caller, Status(read.error())), true;
  if (read.value().count == 0 && !even_if_empty) return false;
  Encoder encoder(payload);
  encoder(FetchTail{read.value().count, read.value().next_offset, log->high_watermark(), log->last_stable_offset()});
  answer(caller, Status(), std::move(payload));
  return true;
}

// One copy of a byte range, whatever the number of records.
bool Broker::try_fetch_source(const Caller& caller, const FetchRequest& request, const SourcePartition& source,
                              bool even_if_empty) {
  if (request.offset < 0 || request.offset > source.end()) {
    const Status status(ErrorCode::offset_out_of_range,
                        fmt::format("offset {} is not in [0, {}]", request.offset, source.end()));
    return answer(caller, status), true;
  }
  const int64_t visible = source.visible_end(env_.now());
  SourcePartition::Range range{{}, 0};
  if (request.offset < visible) range = source.range(request.offset, visible, request.max_bytes);
  if (range.count == 0 && !even_if_empty) return false;
  Bytes payload;
  payload.reserve(range.bytes.size() + FetchTail::kSize + kResponseTrailer);
  payload.append(range.bytes);
  Encoder encoder(payload);
  encoder(FetchTail{range.count, request.offset + range.count, visible, visible});
  answer(caller, Status(), std::move(payload));
  return true;
}

void Broker::park(const Caller& caller, const FetchRequest& request, TimeUs deadline_us) {
  TimeUs wake_us = deadline_us;
  if (disk_.copy(request.partition) == nullptr) {
    const SourcePartition& records = *source(request.partition);
    if (request.offset < records.end()) wake_us = std::min(wake_us, records.visible_us(request.offset));
  }
  const uint64_t id = next_id_++;
  const DurationUs delay_us = std::max<DurationUs>(wake_us - env_.now(), 0);
  const env::TimerId timer = env_.scheduler().after(delay_us, env::MailKind::fetch_wait, request.partition, id);
  hosted_[request.partition].parked.push_back({id, caller, request, deadline_us, timer});
}

void Broker::on_fetch_wait(PartitionId partition, uint64_t id) {
  std::vector<Parked>& parked = hosted_[partition].parked;
  const auto found = std::find_if(parked.begin(), parked.end(), [&](const Parked& p) { return p.id == id; });
  if (found == parked.end()) return;
  const Parked waiting = *found;
  parked.erase(found);
  const bool over = env_.now() >= waiting.deadline_us;
  if (!try_fetch(waiting.caller, waiting.request, over)) park(waiting.caller, waiting.request, waiting.deadline_us);
}

// The end that a fetch may see has moved: only those that wait for what lies below it are looked at.
void Broker::wake(PartitionId id) {
  const PartitionLog* log = disk_.copy(id);
  std::erase_if(hosted_[id].parked, [&](const Parked& waiting) {
    if (waiting.request.offset >= log->limit_of(waiting.request.isolation)) return false;
    if (!try_fetch(waiting.caller, waiting.request, false)) return false;
    env_.scheduler().cancel(waiting.timer);
    return true;
  });
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
