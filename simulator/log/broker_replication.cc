// SPDX-License-Identifier: Apache-2.0
// Replication: followers fetch, the leader learns from their offsets what is replicated (ReplicaManager.scala,
// Partition.scala), logs that parted are cut back to where they part (KIP-101, found as in KIP-595).
#include <algorithm>

#include "simulator/log/broker.h"

namespace onceproof::simulator::log {

namespace {
bool contains(const std::vector<int32_t>& set, int32_t broker) {
  return std::find(set.begin(), set.end(), broker) != set.end();
}
}  // namespace

// ---- the leader ----------------------------------------------------------------------------------------------

// An in-sync set that was asked for counts as well as the one that is known: either may be the true one.
void Broker::advance(PartitionId id) {
  Hosted& hosted = hosted_[id];
  const PartitionLog* log = disk_.copy(id);
  if (hosted.role != Role::leader || log == nullptr) return;
  const int64_t known = log->high_watermark();
  int64_t replicated = log->end_offset();
  for (const Follower& follower : hosted.followers) {
    if (!contains(hosted.isr, follower.broker) && !contains(hosted.asked_isr, follower.broker)) continue;
    replicated = std::min(replicated, follower.end_offset);
  }
  if (replicated > known) {
    if (!disk_.write(id, [&](PartitionLog& copy) { copy.advance_high_watermark(replicated); })) return;
    std::vector<Waiter> due;
    while (!hosted.waiters.empty() && hosted.waiters.front().end_offset <= replicated) {
      due.push_back(std::move(hosted.waiters.front()));
      hosted.waiters.erase(hosted.waiters.begin());
    }
    for (const Waiter& waiter : due) waiter.then(Status());
    if (!leads(id)) return;
    wake(id);
    if (!hosted_[id].loaded) take_over(id);
  }
  wake_replicas(id);
}

void Broker::on_replica_fetch(env::Mail& mail) {
  ReplicaFetch fetch;
  if (!decode(mail.body, fetch) || image_.version == 0) return;
  for (const ReplicaFetch::Item& item : fetch.items) {
    note_follower(item, fetch.broker);
    if (!disk_.alive()) return;
  }
  parked_replicas_.erase(fetch.broker);
  if (!answer_replica(mail.from, fetch)) parked_replicas_[fetch.broker] = {mail.from, std::move(fetch)};
}

void Broker::note_follower(const ReplicaFetch::Item& item, int32_t broker) {
  if (!leads(item.partition) || hosted_[item.partition].leader_epoch != item.leader_epoch) return;
  Hosted& hosted = hosted_[item.partition];
  const PartitionLog* log = disk_.copy(item.partition);
  const PartitionLog::EpochEnd end = log->end_of_epoch(item.last_epoch);
  const bool parted = end.epoch != item.last_epoch || end.end_offset < item.offset;
  if (parted && item.offset > 0) return;  // it will be cut back
  for (Follower& follower : hosted.followers) {
    if (follower.broker != broker) continue;
    follower.end_offset = item.offset;
    if (item.offset >= log->end_offset()) follower.caught_up_us = env_.now();
    const bool in_sync = item.offset >= log->high_watermark() && item.offset >= hosted.epoch_start;
    if (in_sync && !contains(hosted.isr, broker) && hosted.asked_isr.empty()) {
      std::vector<int32_t> wider = hosted.isr;
      wider.push_back(broker);
      ask_isr(item.partition, std::move(wider));
    }
  }
  advance(item.partition);
}

// False when there is nothing new for the follower.
bool Broker::answer_replica(const env::Address& from, const ReplicaFetch& fetch) {
  ReplicaRecords answer{fetch.id, {}};
  for (const ReplicaFetch::Item& item : fetch.items) {
    if (!leads(item.partition) || hosted_[item.partition].leader_epoch != item.leader_epoch) continue;
    const PartitionLog* log = disk_.copy(item.partition);
    ReplicaRecords::Item news;
    news.partition = item.partition;
    news.leader_epoch = item.leader_epoch;
    news.high_watermark = log->high_watermark();
    const PartitionLog::EpochEnd end = log->end_of_epoch(item.last_epoch);
    if (end.epoch != item.last_epoch || end.end_offset < item.offset) {
      // An empty follower has no last epoch to compare.
      news.diverged = item.offset > 0;
      news.epoch = end.epoch;
      news.end_offset = end.end_offset;
    }
    if (!news.diverged) news.batches = log->batches_from(item.offset, options_.broker.replica_fetch_bytes);
    if (news.diverged || !news.batches.empty() || news.high_watermark > item.high_watermark) {
      answer.items.push_back(std::move(news));
    }
  }
  if (answer.items.empty()) return false;
  env_.network().send(from, env::MailKind::replica_records, encode(answer));
  return true;
}

void Broker::wake_replicas(PartitionId id) {
  if (parked_replicas_.empty()) return;
  for (const Follower& follower : hosted_[id].followers) {
    const auto waiting = parked_replicas_.find(follower.broker);
    if (waiting == parked_replicas_.end()) continue;
    if (answer_replica(waiting->second.from, waiting->second.fetch)) parked_replicas_.erase(waiting);
  }
}

void Broker::ask_isr(PartitionId id, std::vector<int32_t> isr) {
  hosted_[id].asked_isr = std::move(isr);
  send_isr(id, hosted_[id].asked_isr);
}

// A request without an answer may be lost, refused or still on its way; what was asked counts until another version
// of the partition says what became of it. So it is not repeated but overtaken: the same set under a new version.
void Broker::send_isr(PartitionId id, const std::vector<int32_t>& isr) {
  env_.network().send({cluster_.controller_process(), env::kMainEndpoint}, env::MailKind::alter_partition,
                      encode(AlterPartition{index_, id, hosted_[id].leader_epoch, hosted_[id].version, isr}));
}

// Followers that fell behind leave the in-sync set; fetches without an answer are sent again.
void Broker::check_replicas() {
  env_.scheduler().after(options_.broker.replica_backoff_us, env::MailKind::replica_check);
  for (PartitionId id = 0; id < hosted_.size(); ++id) {
    Hosted& hosted = hosted_[id];
    if (hosted.role != Role::leader || disk_.copy(id) == nullptr) continue;
    std::vector<int32_t> narrower = hosted.isr;
    const int64_t end_offset = disk_.copy(id)->end_offset();
    for (const Follower& follower : hosted.followers) {
      const bool behind = follower.end_offset < end_offset;
      if (behind && env_.now() - follower.caught_up_us > options_.broker.replica_lag_us) {
        std::erase(narrower, follower.broker);
      }
    }
    if (!hosted.asked_isr.empty()) {
      send_isr(id, hosted.isr);
    } else if (narrower.size() != hosted.isr.size()) {
      ask_isr(id, std::move(narrower));
    }
  }
  for (auto& [leader, fetcher] : fetchers_) {
    if (env_.now() - fetcher.since_us >= options_.broker.replica_wait_us) fetcher.id = 0;
  }
  fetch_from_all();
}

// ---- the follower --------------------------------------------------------------------------------------------

// Under a new image everything is asked anew, and what followers asked ahead of it is looked at again.
void Broker::follow_the_image() {
  for (auto& [leader, fetcher] : fetchers_) fetcher.id = 0;
  fetch_from_all();
  const std::map<int32_t, ParkedReplica> parked = std::move(parked_replicas_);
  parked_replicas_.clear();
  for (const auto& [follower, waiting] : parked) {
    for (const ReplicaFetch::Item& item : waiting.fetch.items) note_follower(item, follower);
    if (!answer_replica(waiting.from, waiting.fetch)) parked_replicas_[follower] = waiting;
  }
}

void Broker::fetch_from_all() {
  std::vector<int32_t> leaders;
  for (PartitionId id = 0; id < hosted_.size(); ++id) {
    const Hosted& hosted = hosted_[id];
    const bool follows = hosted.role == Role::follower && hosted.leader != kNoBroker && disk_.copy(id) != nullptr;
    if (follows && !contains(leaders, hosted.leader)) leaders.push_back(hosted.leader);
  }
  for (const int32_t leader : leaders) {
    if (fetchers_[leader].id == 0) fetch_from(leader);
  }
}

void Broker::fetch_from(int32_t leader) {
  ReplicaFetch fetch;
  fetch.id = next_id_++;
  fetch.broker = index_;
  for (PartitionId id = 0; id < hosted_.size(); ++id) {
    const Hosted& hosted = hosted_[id];
    const PartitionLog* log = disk_.copy(id);
    if (hosted.role != Role::follower || hosted.leader != leader || log == nullptr) continue;
    fetch.items.push_back({id, hosted.leader_epoch, log->last_epoch(), log->end_offset(), log->high_watermark()});
  }
  fetchers_[leader] = {fetch.items.empty() ? 0 : fetch.id, env_.now()};
  if (!fetch.items.empty()) env_.network().send(address(leader), env::MailKind::replica_fetch, encode(fetch));
}

void Broker::on_replica_records(env::Mail& mail) {
  ReplicaRecords answer;
  if (!decode(mail.body, answer)) return;
  for (auto& [leader, fetcher] : fetchers_) {
    if (fetcher.id != answer.id) continue;
    for (const ReplicaRecords::Item& item : answer.items) {
      if (!take_records(item)) return;
    }
    return fetch_from(leader);
  }
}

// False when the process died.
bool Broker::take_records(const ReplicaRecords::Item& item) {
  const PartitionId id = item.partition;
  const Hosted& hosted = hosted_[id];
  if (hosted.role != Role::follower || hosted.leader_epoch != item.leader_epoch) return true;
  if (item.diverged) {
    const int64_t own_end = disk_.copy(id)->end_of_epoch(item.epoch).end_offset;
    return disk_.write(id, [&](PartitionLog& log) { log.truncate(std::min(item.end_offset, own_end)); });
  }
  const auto apply = [&](PartitionLog& log) {
    static_cast<void>(log.append_replicated(item.batches));  // what does not fit is asked for again
  };
  if (!item.batches.empty() && !disk_.step(env::Point::log_replicate, {.value = id}, id, apply)) return false;
  return disk_.write(id, [&](PartitionLog& log) { log.advance_high_watermark(item.high_watermark); });
}

}  // namespace onceproof::simulator::log
