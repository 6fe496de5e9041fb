// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/reader.h"

namespace onceproof::simulator::log {

void Reader::on_mail(env::Mail& mail) {
  switch (mail.kind) {
    case env::MailKind::start:
      log_ = env_.open_log("reader");
      for (size_t i = 0; i < journal_.next_offset.size(); ++i) poll(static_cast<int32_t>(i));
      return;
    case env::MailKind::reader_poll: return poll(static_cast<int32_t>(mail.a));
    default: return;
  }
}

void Reader::poll(int32_t partition) {
  log_->fetch(
      {journal_.topic, partition}, journal_.next_offset[static_cast<size_t>(partition)], env::Isolation::read_committed,
      options_.max_bytes, options_.max_wait_us, [this, partition](Result<env::FetchResult> result) {
        if (!result.ok()) {
          env_.scheduler().after(options_.retry_us, env::MailKind::reader_poll, static_cast<uint64_t>(partition));
          return;
        }
        journal_.next_offset[static_cast<size_t>(partition)] = result.value().next_offset;
        journal_.records += result.value().batch.count;
        if (result.value().batch.count != 0) {
          journal_.observations.push_back({env_.now(), partition, std::move(result.value().batch)});
        }
        poll(partition);
      });
}

env::ProcessId add_reader(World& world, const LogCluster& cluster, const std::string& topic, ReaderJournal& journal,
                          ReaderOptions options) {
  const TopicInfo* found = cluster.image().topic(topic);
  CHECK(found != nullptr, "the reader's topic does not exist");
  journal = {topic, std::vector<int64_t>(static_cast<size_t>(found->partitions), 0), {}, 0};
  return world.add_process(
      "reader", [&journal, options](env::Env& env) { return std::make_unique<Reader>(env, journal, options); });
}

}  // namespace onceproof::simulator::log
